#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/chart/run.py, or another script, with the programs that it needs, built from Go modules and kept beside those of
# the end-to-end tests; so are the JSON Schemas that it makes. See tests/e2e/build.sh for the folder.
set -eu
cd "$(dirname "$0")/../.."
HELM=$(tests/e2e/build.sh helm)/helm
KUBECONFORM=$(tests/e2e/build.sh kubeconform)/kubeconform
KUBE_SCORE=$(tests/e2e/build.sh kube-score)/kube-score
SCHEMAS=$(dirname "$(dirname "$HELM")")
export HELM KUBECONFORM KUBE_SCORE SCHEMAS PYTHONDONTWRITEBYTECODE=1
exec "${PYTHON:-/usr/bin/python3}" "${1:-tests/chart/run.py}"

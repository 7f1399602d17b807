#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: check.sh ARCH...   the tests of the images that `make image` has built; `N passed, M failed`
cd "$(dirname "$0")/../.." || exit 2
exec tests/unittest.sh /usr/bin/python3 tests/image/test_image.py "$@"

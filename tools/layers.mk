# SPDX-License-Identifier: Apache-2.0
# Who may use whom: the one table of the layers, from the ground up. The Makefile links by it,
# tools/lint.sh holds includes and symbols against it, docs/source.md draws it.
#
#   USES_x   the folders whose headers a folder may include and whose functions it may call
#   DOORS_x  the folders that it may call through include/oke/ alone
#
# A folder stands behind all that it uses: there is no way back.
LAYERS :=

LAYERS += lib/base
USES_lib/base :=

# What a program tells a shell about itself: help, version, completion.
LAYERS += lib/shell
USES_lib/shell := lib/base

LAYERS += lib/json
USES_lib/json := lib/base

LAYERS += lib/yaml
USES_lib/yaml := lib/base lib/json

LAYERS += lib/unpack
USES_lib/unpack := lib/base

LAYERS += certs
USES_certs := lib/base
DOORS_certs := certs

LAYERS += lib/serve
USES_lib/serve := lib/base lib/json
DOORS_lib/serve := certs

LAYERS += policy/object
USES_policy/object := lib/base lib/json

LAYERS += policy/catalogue
USES_policy/catalogue := lib/base
DOORS_policy/catalogue := policy/catalogue

LAYERS += policy/model
USES_policy/model := lib/base lib/json policy/object policy/catalogue
DOORS_policy/model := policy/model

LAYERS += policy/alpha
USES_policy/alpha := lib/base lib/json lib/yaml policy/object policy/catalogue
DOORS_policy/alpha := policy/alpha

LAYERS += policy/answer
USES_policy/answer := lib/base lib/json policy/object policy/model policy/alpha
DOORS_policy/answer := policy/answer

LAYERS += policy/manifest
USES_policy/manifest := lib/base lib/json lib/yaml policy/object
DOORS_policy/manifest := policy/answer

LAYERS += policy/validate
USES_policy/validate := lib/base lib/json policy/object policy/catalogue policy/model
DOORS_policy/validate := policy/model

LAYERS += policy/load
USES_policy/load := lib/base lib/json lib/yaml policy/object policy/catalogue policy/model policy/alpha policy/validate
DOORS_policy/load := policy/load

LAYERS += policy/judge
USES_policy/judge := lib/base lib/json policy/object policy/catalogue policy/model policy/alpha policy/answer
DOORS_policy/judge := policy/judge policy/load

LAYERS += policy/replay
USES_policy/replay := lib/base lib/json lib/yaml policy/object
DOORS_policy/replay := policy/judge policy/model

# What the servers remember of who did what: they fill it in, the agent merges it, a command shows it.
LAYERS += policy/learn
USES_policy/learn := lib/base lib/json
DOORS_policy/learn := policy/model

LAYERS += policy/print
USES_policy/print := lib/base lib/json lib/yaml policy/object policy/catalogue policy/model policy/alpha policy/validate policy/load
DOORS_policy/print := policy/print

LAYERS += policy/webhooks
USES_policy/webhooks := lib/base lib/json lib/yaml policy/object policy/catalogue policy/model policy/alpha policy/validate policy/load
DOORS_policy/webhooks := policy/webhooks

LAYERS += policy/follow
USES_policy/follow := lib/base lib/serve
DOORS_policy/follow := policy/load policy/model

LAYERS += posture/catalogue
USES_posture/catalogue := lib/base
DOORS_posture/catalogue := posture/catalogue

LAYERS += posture/history
USES_posture/history := lib/base lib/json policy/object

# A cluster as it is: places, changes and alpha features are looked at without a review.
LAYERS += posture
USES_posture := lib/base lib/json policy/object policy/catalogue policy/model policy/alpha posture/catalogue posture/history
DOORS_posture := posture posture/catalogue policy/judge policy/model policy/webhooks policy/catalogue policy/answer

LAYERS += webhook
USES_webhook := lib/base lib/json lib/serve policy/follow policy/learn
DOORS_webhook := certs policy/alpha policy/judge policy/load policy/model policy/answer policy/catalogue

LAYERS += agent/kubeconfig
USES_agent/kubeconfig := lib/base lib/json lib/yaml

LAYERS += agent/collect
USES_agent/collect := lib/base lib/json

LAYERS += agent/api
USES_agent/api := lib/base lib/json policy/learn agent/kubeconfig
DOORS_agent/api := certs

LAYERS += agent
USES_agent := lib/base lib/shell lib/json lib/serve policy/follow policy/learn agent/kubeconfig agent/collect agent/api
DOORS_agent := certs policy/load policy/model policy/webhooks

LAYERS += cli/report
USES_cli/report := lib/base lib/json
DOORS_cli/report := policy/answer policy/model posture posture/catalogue

# What `check` makes of a finding besides the verdict: is it ignored, is it known, what is its rule?
LAYERS += cli/check
USES_cli/check := lib/base lib/json policy/object policy/manifest cli/report
DOORS_cli/check := policy/print policy/model

LAYERS += cli/scan
USES_cli/scan := lib/base lib/json lib/yaml policy/manifest cli/report
DOORS_cli/scan := posture posture/catalogue policy/model

LAYERS += cli/replay
USES_cli/replay := lib/base lib/json lib/unpack policy/replay policy/learn webhook
DOORS_cli/replay := policy/judge policy/model

# `check` makes of a manifest what the API server would: kinds, places and alpha features are
# looked at without a review, hence more than doors.
LAYERS += cli
USES_cli := cli/scan cli/check lib/base lib/shell lib/json lib/yaml lib/serve cli/report cli/replay policy/replay policy/object policy/model policy/alpha policy/manifest policy/follow policy/learn webhook
DOORS_cli := posture posture/catalogue certs policy/judge policy/load policy/print policy/webhooks policy/validate policy/answer policy/catalogue

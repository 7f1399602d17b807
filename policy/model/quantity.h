/* SPDX-License-Identifier: Apache-2.0
 * quantity.h - numbers as Kubernetes writes them: 3, 0.5, "25%", "100m", "64Mi".
 */
#ifndef POLICY_MODEL_QUANTITY_H
#define POLICY_MODEL_QUANTITY_H

#include <stdbool.h>

#include "lib/base/str.h"

/* false: it is none. A percentage counts as its number: "25%" is 25. */
bool quantity_read(struct str s, double *out);

#endif

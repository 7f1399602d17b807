/* SPDX-License-Identifier: Apache-2.0
 * time.h - points of time as texts: the one reader and the one writer of them.
 */
#ifndef LIB_BASE_TIME_H
#define LIB_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"

#define TIME_TEXT 32 /* room for any of them, the NUL included */

/* RFC 3339, in whole seconds: "2026-11-30T00:00:00Z", "...+01:00". */
bool time_parse(struct str s, int64_t *seconds);
/* "2026-11-30T00:00:00Z"; "(no date)" where the calendar ends. */
void time_print(int64_t seconds, char out[TIME_TEXT]);

#endif

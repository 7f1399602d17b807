/* SPDX-License-Identifier: Apache-2.0
 * base64.h - as Kubernetes writes bytes in JSON (RFC 4648, section 4, padded).
 */
#ifndef LIB_BASE_BASE64_H
#define LIB_BASE_BASE64_H

#include "lib/base/arena.h"
#include "lib/base/str.h"

/* Into the arena, with a NUL behind it; s is NULL when there is no room. */
struct str base64_encode(struct str bytes, struct arena *arena);
/* The same; s is NULL too when it is no base64. Line breaks are allowed, as Go's reader does. */
struct str base64_decode(struct str text, struct arena *arena);

#endif

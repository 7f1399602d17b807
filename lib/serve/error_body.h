/* SPDX-License-Identifier: Apache-2.0
 * error_body.h - the body of an answer that is an error of HTTP.
 */
#ifndef LIB_SERVE_ERROR_BODY_H
#define LIB_SERVE_ERROR_BODY_H

#include <stddef.h>

/*
 * One line of JSON: {"code":400,"error":"request.uid: is missing"}. What is wrong may quote what
 * was sent: it is made printable. malloc'd; NULL: no memory.
 */
char *error_body(unsigned status, const char *message, size_t *len);

#endif

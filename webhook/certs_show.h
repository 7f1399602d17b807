/*
 * certs_show.h - certificates as text for people, and as JSON.
 */
#ifndef WEBHOOK_CERTS_SHOW_H
#define WEBHOOK_CERTS_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oke/err.h"

/* Print all certificates of the files on stdout; nothing when one cannot be read. */
int certs_show(const char *const *files, size_t n, bool json, int64_t now, struct err *err);

#endif

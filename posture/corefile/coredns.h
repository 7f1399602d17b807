/*
 * coredns.h - keys of ConfigMap coredns-custom; private to posture. Pure: text in, faults out.
 */
#ifndef POSTURE_COREFILE_COREDNS_H
#define POSTURE_COREFILE_COREDNS_H

#include "lib/base/str.h"

struct coredns_report {
	void (*fault)(void *ctx, const char *text); /* may hold any byte that the text holds */
	void *ctx;
};

#define COREDNS_ZONES_MAX 256
struct coredns_zones { /* that have a server block, over all keys */
	char v[COREDNS_ZONES_MAX][300];
	size_t n;
};

void coredns_override(struct str text, const struct coredns_report *r);
void coredns_server(struct str text, struct coredns_zones *zones, const struct coredns_report *r);

#endif

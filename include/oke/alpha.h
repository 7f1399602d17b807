/* SPDX-License-Identifier: Apache-2.0
 * alpha.h - what is known about feature gates, in words and as JSON.
 */
#ifndef OKE_ALPHA_H
#define OKE_ALPHA_H

#include "lib/base/str.h"

struct alpha_query {
	unsigned minor;   /* of the cluster: alpha_version; a newer one counts as the newest */
	struct str stage; /* list: alpha, beta, ga, deprecated */
	struct str kind;  /* list: gates with fields of that kind; absent: all */
	bool json;
};

/* "1.36": the minor; 0 when the text is no version. */
unsigned alpha_version(struct str text);
unsigned alpha_newest(void);   /* the newest minor that is known, perhaps as of a pre-release */
unsigned alpha_released(void); /* the newest that is known as a release */
const char *alpha_preliminary(void); /* which pre-release alpha_newest is known as of; "": none */
unsigned alpha_oldest(void);

/*
 * Both write to out, with a newline at the end; text.full is set when there was no room.
 *
 * The gates of a stage; with a kind, the fields and values that they guard there.
 */
void alpha_list(const struct alpha_query *q, struct text *out);
/* All about one gate, or the gates of a field ("stopSignal", "spec.hostUsers"). false: unknown. */
bool alpha_explain(const struct alpha_query *q, struct str name, struct text *out);

/* The known gate or field that a mistyped name most likely means; {NULL, 0}: none is near. */
struct str alpha_nearest(struct str name);

/* Is it a kind with gated fields? If not, `near` is what it may mean, or {NULL, 0}. */
bool alpha_kind(struct str kind, struct str *near);

#endif

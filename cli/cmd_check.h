/* SPDX-License-Identifier: Apache-2.0
 * cmd_check.h - what the parts of `oke-guard check` share; private to cmd_check*.c.
 */
#ifndef CLI_CMD_CHECK_H
#define CLI_CMD_CHECK_H

#include "policy/manifest/manifest.h"
#include "cli/check/jobs.h"

/* How objects are judged. It never changes while they are: all threads look at it. */
struct checking {
	const struct policy_set *set;
	const char *namespace; /* of objects that do not name one */
	struct user user;      /* whom exceptions are looked up for; may be absent */
	unsigned minor, to;    /* to 0: no preflight */
	int64_t now;
	bool skip_others; /* a named file without an object is passed over */
};

/* One file that is being read, by one thread. */
struct check_reading {
	const struct checking *c;
	const struct check_file *file;
	struct check_job *job;
	unsigned document; /* of the object that is being judged */
	size_t problems;
	struct check_counts counts;
};

/* `read` of a struct check_work; ctx is the struct checking. */
void cmd_check_file(const void *ctx, const struct check_file *file, struct check_job *job);

/* Something that cannot be read; of many in a file only the first ones are told. */
void cmd_check_tell(struct check_reading *r, unsigned document, unsigned line, const char *text);

/* Judge the last object of m and give what is found. -1: no verdict was reached. */
int cmd_check_object(struct check_reading *r, const struct manifest *m,
		     const struct manifest_object *object, struct arena *arena, struct err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * review_members.h - reading the members of a review, but for its objects. Private to review*.c.
 *
 * Each review_read_* takes the raw value of a member, and says of what is wrong `where` it is; it
 * writes to out, as the type behind its name says, and leaves that alone where the value is null.
 * Strings live in the raw value or the arena. 0 or -1 with ERR_SYNTAX, or ERR_LIMIT.
 */
#ifndef WEBHOOK_REVIEW_MEMBERS_H
#define WEBHOOK_REVIEW_MEMBERS_H

#include "lib/json/json.h"
#include "oke/policy.h"

struct review_decoder {
	struct arena *arena;
	struct request *req;
	struct err *err;
	unsigned seen;             /* bits of request_members */
	struct str kind, resource; /* raw, of the object: the request's are not read where they are
				    * the same, but filled in */
	struct json_track *track;
};

/* Always -1. */
int review_refuse(const struct review_decoder *d, const char *where, const char *what);

/* Read a small member whole. NULL: the error says where. */
struct json *review_parse(const struct review_decoder *d, const char *where, struct str raw);

typedef int review_read(struct review_decoder *d, const char *where, struct str raw, void *out);

review_read review_read_string;    /* struct str */
review_read review_read_uid;       /* struct str */
review_read review_read_kind;      /* struct gvk */
review_read review_read_resource;  /* struct gvr */
review_read review_read_range;     /* struct str: an object, which stays a range of bytes */
review_read review_read_operation; /* enum operation */
review_read review_read_user;      /* struct user */
review_read review_read_dry_run;   /* bool */

#endif

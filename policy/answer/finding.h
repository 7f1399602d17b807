/* SPDX-License-Identifier: Apache-2.0
 * finding.h - the texts of a finding: what a rule took, in words, escaped and cut.
 *
 * eval.c decides which rule takes what; this file says it: the first line, the
 * changed fields, the remedy and the command to paste.
 */
#ifndef POLICY_ANSWER_FINDING_H
#define POLICY_ANSWER_FINDING_H

#include "policy/object/diff.h"
#include "policy/alpha/features.h"
#include "policy/model/model.h"
#include "lib/base/printable.h"

/* What a rule took of a request. */
struct hit {
	const struct rule *rule;
	const struct change **changes; /* UPDATE: those that this rule took, in order */
	size_t changes_n;
	const struct feature_use *use; /* of a feature gate: the first; NULL: an ordinary rule */
};

/* What the texts are made of, the same for all findings of a request. */
struct context {
	const struct config *config;
	const struct request *req;
	struct str kind;            /* "Deployment", also where the request is of its scale */
	struct str namespace, name; /* of the object, also where the request has no name */
	/*
	 * The new and the old one, or NULL. A setting may hold more than what changed, and a value
	 * is not shown where it may be a credential's: without them a command asks for the one, and
	 * rather too few of the others are shown.
	 */
	const struct json *object, *old;
	/* What is wrong with the files of policies that it holds; NULL: nobody looked. */
	const struct written_faults *written;
};

/* "Deployment kube-system/coredns", each name cut in the middle; s is NULL without memory. */
struct str finding_object_words(const struct context *o, struct arena *arena);

/*
 * Fill sentence, changes, changes_n, changes_all, remedy, command, why and docs; the
 * other members are eval.c's, and the action is there already. Values of Secrets and of env entries
 * with credential-like names are not shown ("(not shown)"). A remedy is either a sentence, with a
 * capital first letter, or what to do, in small letters, to stand behind "Instead: ". -1 with
 * ERR_LIMIT when the arena is full.
 */
int finding_fill(const struct context *context, const struct hit *taken, struct arena *arena,
		 struct finding *out, struct err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/follow/follow.h"

#include <time.h>

#include "policy/follow/version.h"

static struct shared *policy_follow_load(void *ctx, bool lenient, reload_message *message,
					 void *message_ctx, size_t *errors)
{
	struct policy_source source = ((const struct policy_follow *)ctx)->source;
	struct policy_report report = { .message = message, .ctx = message_ctx };
	struct policy_set *set;

	source.lenient = lenient;
	set = policy_set_new(&source, &report);

	*errors = report.errors;
	if (set)
		policy_set_version_lint(set, time(NULL), &report);
	return set ? policy_set_shared(set) : NULL;
}

static struct shared *policy_follow_bare(void *ctx)
{
	struct policy_report report = { 0 };
	struct policy_set *set = policy_set_bare(&report);

	(void)ctx;
	return set ? policy_set_shared(set) : NULL;
}

static bool policy_follow_left_out(struct shared *set, size_t i, struct str *what, struct str *why)
{
	struct left_out_info info;

	if (!policy_set_left_out_at(policy_set_of(set), i, &info))
		return false;
	*what = info.what;
	*why = info.why;
	return true;
}

static size_t policy_follow_left_out_n(struct shared *set)
{
	return policy_set_left_out(policy_set_of(set));
}

static void policy_follow_mark(void *ctx, bool contents, struct reload_mark *out)
{
	const struct policy_follow *f = ctx;
	struct policy_mark mark;

	policy_source_mark(&f->source, contents, &mark);
	*out = (struct reload_mark){ mark.identity, mark.contents, mark.fresh };
}

static size_t policy_follow_paths(void *ctx, const char **out, size_t room)
{
	const struct policy_source *source = &((const struct policy_follow *)ctx)->source;
	size_t n = 0;

	for (size_t i = 0; i < source->paths_n && n + 3 < room; i++)
		out[n++] = source->paths[i];
	if (source->config)
		out[n++] = source->config;
	if (source->facts)
		out[n++] = source->facts;
	if (source->versions)
		out[n++] = source->versions;
	return n;
}

static void policy_follow_describe(struct shared *shared, struct log_line *l)
{
	const struct policy_set *set = policy_set_of(shared);

	log_text(l, "mode", mode_name(policy_set_mode(set)));
	log_number(l, "policies", (int64_t)policy_set_policies(set));
	log_number(l, "rules", (int64_t)policy_set_rules(set));
	log_number(l, "overrides", (int64_t)policy_set_overrides(set));
	policy_version_log(set, l);
}

static void policy_follow_in_force(void *ctx, struct shared *shared)
{
	const struct policy_follow *f = ctx;

	if (f->in_force)
		f->in_force(f->ctx, policy_set_of(shared));
}

const struct reload_ops policy_follow_ops = {
	.load = policy_follow_load,
	.bare = policy_follow_bare,
	.left_out = policy_follow_left_out,
	.left_out_n = policy_follow_left_out_n,
	.mark = policy_follow_mark,
	.paths = policy_follow_paths,
	.describe = policy_follow_describe,
	.follow = policy_follow_in_force,
	.subject = "policy",
	.reloaded = "the policies were reloaded",
	.failed = "the policies cannot be reloaded; the last ones stay in force",
};

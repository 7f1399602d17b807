/* SPDX-License-Identifier: Apache-2.0
 * fuzz_policy.c - any bytes as a file of policies.
 *
 * Messages are printable whatever the file holds, and at most a hundred and one a
 * file. What loads without one can be judged sound or not, printed, and what is
 * printed loads again and prints the same. The reader of YAML is also run as
 * manifests use it: a reference points to a node, never to another reference.
 */
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "oke/policy_print.h"
#include "policy/load/builtin.h"
#include "policy/load/resolve.h"
#include "policy/load/documents.h"
#include "policy/validate/validate.h"
#include "policy/load/parts.h"
#include "policy/model/set.h"

#define MEMORY (32u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	(void)error;
	must(*text != '\0');
	for (; *text; text++)
		must(*text >= ' ' && *text <= '~');
}

/* ---- load, print, load, print ---- */

static bool load(struct policy_set *set, struct arena *scratch, struct str text,
		 struct policy_report *report)
{
	struct model *m = &set->model;
	struct load_reader r = {
		.keep = &set->arena, .scratch = scratch, .file = "fuzz", .model = m
	};
	size_t before = report->errors;

	*m = (struct model){ .policies_last = &m->policies, .exceptions_last = &m->exceptions };
	must(config_defaults(&set->arena, &m->config) == 0);
	r.versions = true; /* a set has a list of OKE's versions, whatever its files hold */
	load_text(&r, (struct str){ versions_files[0].start,
				    (size_t)(versions_files[0].end - versions_files[0].start) });
	r.versions = false;
	load_text(&r, text);
	read_errors_flush(&r, report);
	must(report->errors - before <= READ_ERRORS_MAX + 1);
	return !r.nomem && report->errors == before;
}

static struct str print(const struct policy_set *set, struct str name, struct arena *arena,
			enum print_format format)
{
	struct text out;

	text_init(&out, arena, MEMORY);
	if (name.s)
		must(policy_print_policy(set, name, format, &out));
	else
		policy_print_config(set, format, &out);
	return out.full ? (struct str){ NULL, 0 } : text_get(&out);
}

/* Compared as JSON, which has no comments with places. */
static void same_again(const struct policy_set *set, struct str name, enum print_format format)
{
	struct policy_report report = { .message = check_message };
	scoped(arena_end) struct arena scratch;
	scoped(arena_end) struct arena printed; /* what is loaded must not lie in scratch */
	struct policy_set again = { 0 };
	struct str text;

	arena_init(&scratch, 4 * (size_t)MEMORY);
	arena_init(&printed, 4 * (size_t)MEMORY);
	arena_init(&again.arena, MEMORY);
	text = print(set, name, &printed, format);
	if (text.s && text.n < POLICY_FILE_MAX) {
		must(load(&again, &scratch, text, &report));
		must(str_eq(print(set, name, &printed, PRINT_JSON),
			    print(&again, name, &printed, PRINT_JSON)));
	}
	arena_done(&again.arena);
}

static void load_and_print(struct str text)
{
	struct policy_report report = { .message = check_message };
	scoped(arena_end) struct arena scratch;
	struct policy_set set = { 0 };

	arena_init(&scratch, MEMORY);
	arena_init(&set.arena, MEMORY);
	if (load(&set, &scratch, text, &report) &&
	    model_resolve(&set.model, &set.arena, &report) == 0 && !report.errors) {
		model_validate(&set.model, &set.arena, &report);
		policy_set_lint(&set, 1795996800, &report);
		same_again(&set, (struct str){ NULL, 0 }, PRINT_YAML);
		if (set.model.policies && !report.errors) {
			same_again(&set, set.model.policies->name, PRINT_YAML);
			same_again(&set, set.model.policies->name, PRINT_JSON);
		}
	}
	arena_done(&set.arena);
}

/* ---- YAML as manifests use it ---- */

#define VISITED_MAX 10000

/* Follow every reference, up to a limit: a billion nodes may be meant. */
static void visit(struct yaml_node *root)
{
	struct yaml_node *todo[2 * VISITED_MAX + 2] = { root };
	size_t n = 1;

	for (size_t seen = 0; n && seen < VISITED_MAX; seen++) {
		struct yaml_node *at = todo[--n], *value = yaml_deref(at);

		must(at->kind != YAML_ALIAS || (value && value->kind != YAML_ALIAS));
		if (at != root && at->next)
			todo[n++] = at->next;
		if (value && value->kind != YAML_SCALAR && value->child)
			todo[n++] = value->child;
	}
}

static void read_full(struct str text)
{
	const struct yaml_input input = { .text = text };
	const struct yaml_options options = { .depth = 64, .bytes = POLICY_FILE_MAX };
	scoped(yaml_stream_end) struct yaml_stream *s = yaml_stream_new(&input, &options);
	scoped(arena_end) struct arena arena;
	struct yaml_node *root;
	struct err err;

	arena_init(&arena, MEMORY);
	must(s != NULL);
	while (yaml_stream_next(s, &arena, &root, &err) > 0) {
		visit(root);
		arena_done(&arena);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };

	load_and_print(text);
	read_full(text);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * written.c - the files of a ConfigMap, out of its JSON.
 */
#include "policy/judge/written.h"

#include "lib/base/base64.h"
#include "lib/base/version.h"

#define WRITTEN_STEPS 4 /* a byte: a document is read, and what it names is looked for */

struct gathered {
	struct written_file *v;
	size_t n;
};

/* Of the old object: a file that did not change is nobody's mistake now. */
static bool is_as_before(const struct judge *j, const char *part, struct str key, struct str text)
{
	const struct json *files = json_get(j->old, str_of(part)), *old = json_get(files, key);

	arena_step(j->arena, 1 + (files ? files->len / 16 : 0));
	return old && str_eq(json_str(old), text);
}

static int gather_part(const struct judge *j, const char *part, bool base64, struct gathered *out)
{
	const struct json *files = json_get(j->object, str_of(part));

	for (const struct json *f = files && files->type == JSON_OBJECT ? files->child : NULL;
	     f && out->n < WRITTEN_FILES_MAX; f = f->next) {
		struct str text = json_str(f);
		struct written_file *file = &out->v[out->n++];

		*file = (struct written_file){ .name = json_key(f), .text = text };
		file->as_before = is_as_before(j, part, file->name, text);
		arena_step(j->arena, WRITTEN_STEPS * arena_bytes(text.n));
		if (base64)
			file->text = base64_decode(text, j->arena);
		if (!file->text.s && text.n)
			return -1;
	}
	return 0;
}

static bool is_of_other_version(const struct judge *j)
{
	struct str version =
		json_str(json_get(json_get(json_get(j->object, STR("metadata")), STR("labels")),
				  STR("app.kubernetes.io/version")));

	return version.n && !str_is(version, OKE_GUARD_VERSION);
}

/* The one that the chart names after the release: it holds the configuration. */
static enum written_kind kind_of_object(const struct judge *j)
{
	struct str release = j->config->self_release, name = j->context.name;

	return str_starts(name, release) && str_is(str_from(name, release.n), "-config")
		       ? WRITTEN_CONFIG
		       : WRITTEN_POLICIES;
}

/* What wrote it may know better than what judges it. */
static void lower_to_doubt(struct written_faults *f)
{
	if (f->broken)
		f->first_doubtful = f->first_broken;
	f->doubtful += f->broken;
	f->broken = 0;
}

static void written_find(const struct judge *j)
{
	struct gathered all = { arena_calloc(j->arena, WRITTEN_FILES_MAX, sizeof *all.v), 0 };
	struct written_object object = { .kind = kind_of_object(j), .files = all.v };

	if (!all.v || gather_part(j, "data", false, &all) < 0 ||
	    gather_part(j, "binaryData", true, &all) < 0 || arena_spent(j->arena))
		return;
	object.n = all.n;
	object.bare_before = j->old && !json_get(json_get(j->old, STR("data")), STR("guard.yaml"));
	if (policy_written_faults(j->set, &object, j->arena, &j->written->faults) == 0 &&
	    is_of_other_version(j))
		lower_to_doubt(&j->written->faults);
}

bool written_holds(const struct judge *j, bool broken)
{
	const struct written_faults *f = &j->written->faults;

	if (!j->written->known && j->object)
		written_find(j);
	j->written->known = true;
	return broken ? f->broken > 0 : !f->broken && f->doubtful > 0;
}

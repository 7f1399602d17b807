/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/item.h"

/* Copies one text after the other; `failed` as soon as one found no room. */
struct check_copy {
	struct arena *arena;
	bool failed;
};

static struct str check_copy_str(struct check_copy *c, struct str s)
{
	struct str copy;

	if (!s.n)
		return s;
	copy = str_copy(c->arena, s);
	c->failed = c->failed || !copy.s;
	return copy;
}

static void check_copy_object(struct check_copy *c, struct report_object *o)
{
	o->api_version = check_copy_str(c, o->api_version);
	o->kind = check_copy_str(c, o->kind);
	o->namespace = check_copy_str(c, o->namespace);
	o->name = check_copy_str(c, o->name);
}

/* `change` and `tier` are literals, whoever found it. */
static void check_copy_finding(struct check_copy *c, struct report_finding *f)
{
	struct str *const texts[] = { &f->policy,  &f->rule,   &f->path,    &f->gate,
				      &f->message, &f->remedy, &f->command, &f->why,
				      &f->docs,    &f->until,  &f->reason };

	for (size_t i = 0; i < sizeof texts / sizeof *texts && !c->failed; i++)
		*texts[i] = check_copy_str(c, *texts[i]);
}

static void check_copy_findings(struct check_copy *c, struct check_item *item)
{
	struct report_finding *copies;

	if (!item->findings_n)
		return;
	if (!(copies = arena_calloc(c->arena, item->findings_n, sizeof *copies))) {
		c->failed = true;
		return;
	}
	memcpy(copies, item->findings, item->findings_n * sizeof *copies);
	item->findings = copies;
	for (size_t i = 0; i < item->findings_n && !c->failed; i++)
		check_copy_finding(c, &copies[i]);
}

struct check_item *check_item_copy(const struct check_item *item, struct arena *arena)
{
	struct check_copy c = { .arena = arena };
	struct check_item *copy = arena_alloc(arena, sizeof *copy);

	if (!copy)
		return NULL;
	*copy = *item;
	copy->next = NULL;
	if (item->text)
		copy->text =
			check_copy_str(&c, (struct str){ item->text, strlen(item->text) + 1 }).s;
	check_copy_object(&c, &copy->object);
	check_copy_findings(&c, copy);
	return c.failed ? NULL : copy;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/answer/remedy.h"

#include <assert.h>

#include "policy/answer/command.h"
#include "policy/answer/redact.h"
#include "policy/object/corefile.h"

#define SETTINGS_MAX 16 /* arguments in one command */
#define PLACEHOLDER  "<VALUE>"

/* One add-on argument that belongs to what changed, and the value it should get. */
struct wish {
	const struct addon_argument *argument;
	struct str key;           /* of the argument, or what it has for a smaller number */
	const struct json *value; /* NULL: the field was removed, or the value is not known */
	const struct place *place;
	bool removed;
	struct str text; /* as it stands in the list of arguments; PLACEHOLDER if it cannot */
};

struct settings {
	struct wish v[SETTINGS_MAX];
	size_t n;
	size_t without;   /* changes that no argument belongs to */
	bool to_zero;     /* somebody wanted no replicas, which no argument gives */
	bool image;       /* of a container: it comes with the add-on's version */
	struct wish last; /* that was added */
};

/* ---- which argument, which value ---- */

/* The place above `place` that is `depth` steps deep. */
static const struct place *place_up(const struct place *place, size_t depth)
{
	while (place && place->depth > depth)
		place = place->up;
	return place;
}

/*
 * The argument's value lies within a value that was added or changed whole, such
 * as {"rollingUpdate": {...}, "type": "RollingUpdate"}: it does what was asked if
 * nothing else of weight stands beside it.
 */
static const struct json *only_value_below(const struct json *value, const struct path *path,
					   size_t depth)
{
	for (; depth < path->n; depth++) {
		const struct step *s = &path->steps[depth];

		if (s->kind != STEP_KEY || !value || value->type != JSON_OBJECT)
			return NULL;
		for (const struct json *m = value->child; m; m = m->next)
			if (!str_eq(json_key(m), s->key) && !str_is(json_key(m), "type"))
				return NULL;
		value = json_get(value, s->key);
	}
	return value;
}

static bool is_zero_replicas(const struct wish *s)
{
	const struct path *p = &s->argument->path;

	return str_is(p->steps[p->n - 1].key, "replicas") && str_is(json_str(s->value), "0");
}

/* A number of at most 9 digits; -1: it is none. */
static long small_number(const struct json *v)
{
	struct str s = v && v->type == JSON_NUMBER ? json_str(v) : STR("");
	long n = s.n && s.n < 10 ? 0 : -1;

	for (size_t i = 0; i < s.n && n >= 0; i++)
		n = s.s[i] >= '0' && s.s[i] <= '9' ? 10 * n + s.s[i] - '0' : -1;
	return n;
}

/* The argument is but a floor of the number: a smaller one is another argument's. */
static void setting_lower(const struct change *c, struct wish *s)
{
	long from = small_number(c->from), to = small_number(c->to);

	s->key = s->argument->key;
	if (!s->argument->lower.n || from < 0 || to < 0 || to >= from || !to)
		return;
	s->key = s->argument->lower;
	s->value = NULL; /* what number of nodes gives it, who knows */
}

/* Does the argument do what the change does? Then s tells with which value. */
static bool setting_of(const struct context *o, const struct change *c,
		       const struct addon_argument *a, struct wish *s)
{
	const struct place *place = c->place;

	*s = (struct wish){ .argument = a, .place = place };
	if (!place || !a->path.n || (a->object.s && !str_eq(a->object, o->name)))
		return false;
	if (path_covers(&a->path, change_above(c, a->path.n))) {
		s->place = place_up(change_above(c, a->path.n), a->path.n);
		assert(s->place); /* what a path covers is at least as deep as the path */
		s->value = s->place == place ? c->to : place_value(o->object, s->place);
		s->removed = s->place == place && !c->to;
		return true;
	}
	if (!path_below(&a->path, place) || place->step.kind != STEP_KEY)
		return false;
	s->value = only_value_below(c->to, &a->path, place->depth);
	return s->value != NULL;
}

/* Is the change one more below a place that was looked at for the change before? */
static bool is_settled(const struct settings *all, const struct change *c)
{
	const struct wish *last = &all->last;
	size_t depth = last->argument ? last->argument->path.n : 0;

	return depth && last->place != c->place &&
	       place_up(change_above(c, depth), depth) == last->place;
}

static void settings_add(struct settings *all, const struct wish *s)
{
	all->last = *s;
	for (size_t i = 0; i < all->n; i++) {
		struct wish *had = &all->v[i];

		if (!str_eq(had->key, s->key))
			continue;
		if (!json_equal(had->value, s->value))
			had->value = NULL; /* two containers, one argument: which? */
		return;
	}
	if (all->n < SETTINGS_MAX)
		all->v[all->n++] = *s;
	else
		all->without++;
}

/* containers[name=x].image, of any kind of container. */
static bool is_image(const struct place *p)
{
	return p && p->depth > 2 && p->step.kind == STEP_KEY && str_is(p->step.key, "image") &&
	       p->up->step.kind != STEP_KEY;
}

static void settings_find(const struct context *o, const struct hit *taken, struct settings *out)
{
	const struct addon *addon = taken->rule->policy->addon;

	for (size_t i = 0; i < taken->changes_n; i++) {
		const struct addon_argument *a = addon ? addon->arguments : NULL;
		struct wish s;

		if (is_settled(out, taken->changes[i]))
			continue;
		while (a && !setting_of(o, taken->changes[i], a, &s))
			a = a->next;
		if (a)
			setting_lower(taken->changes[i], &s);
		else
			out->image |= is_image(taken->changes[i]->place);
		if (a && s.value && is_zero_replicas(&s))
			out->to_zero = true;
		if (a && !(s.value && is_zero_replicas(&s)))
			settings_add(out, &s);
		else
			out->without++;
	}
}

/* ---- the list of arguments ---- */

/* The value as it stands between the quotes of {"key":...,"value":"..."}. */
static void setting_text(const struct context *o, struct arena *arena, struct wish *s)
{
	struct str key = s->place->step.kind == STEP_KEY ? s->place->step.key : STR("");
	struct text json, quoted;
	const struct redact_side sides[2] = { { o->object, s->value } };
	bool known = s->value && !redact_place(o->req, s->place, sides);

	text_init(&json, arena, ARGUMENT_VALUE_MAX);
	text_init(&quoted, arena, ARGUMENT_VALUE_MAX);
	known = known && !redact_print(s->value, key, &json);
	if (known && s->value->type == JSON_STRING)
		json_escape(json_str(s->value), &quoted);
	else if (known)
		json_escape(text_get(&json), &quoted);
	s->text = known && !quoted.full ? text_get(&quoted) : STR(PLACEHOLDER);
}

static void settings_items(const struct settings *all, struct text *out)
{
	for (size_t i = 0; i < all->n; i++) {
		text_puts(out, i ? ", {\"key\":\"" : "{\"key\":\"");
		text_str(out, all->v[i].key);
		text_puts(out, "\",\"value\":\"");
		text_str(out, all->v[i].text);
		text_puts(out, "\"}");
	}
}

/* ---- what is known of the cluster ---- */

static bool is_basic(const struct config *config)
{
	for (const struct fact *f = config->facts; f; f = f->next)
		if (str_is(f->name, "clusterType"))
			return str_is(f->value, "basic");
	return false;
}

/* What the configuration says of an add-on: "true", "false", or nothing. */
static struct str remedy_managed(const struct config *config, const struct addon *addon)
{
	static const struct str before = { "addons.", 7 }, after = { ".managed", 8 };

	for (const struct fact *f = config->facts; f; f = f->next)
		if (f->name.n == before.n + addon->name.n + after.n &&
		    str_starts(f->name, before) &&
		    str_starts(str_from(f->name, before.n), addon->name) &&
		    str_eq(str_from(f->name, before.n + addon->name.n), after))
			return f->value;
	return STR("");
}

/* Oracle is the one whom its own policies may send people to. */
static bool is_oracles(const struct hit *taken)
{
	return str_is(taken->rule->policy->owner, OWNER_ORACLE);
}

/* Nobody has said that OKE runs the add-on, and it may be the customer's. */
static void put_where_installed(const struct context *o, const struct hit *taken, struct text *out)
{
	const struct addon *addon = taken->rule->policy->addon;

	if (taken->rule->tier == TIER_BEST_EFFORT &&
	    !str_is(remedy_managed(o->config, addon), "true"))
		text_puts(out, "where OKE installed it, ");
}

/* ---- by the add-on's arguments ---- */

static void settings_notes(const struct settings *all, struct text *out)
{
	bool asks = false, removed = false;

	for (size_t i = 0; i < all->n; i++) {
		const struct wish *s = &all->v[i];

		asks = asks || str_is(s->text, PLACEHOLDER);
		removed = removed || s->removed;
		if (s->argument->note.n) {
			text_puts(out, "; ");
			text_str(out, s->argument->note);
		}
		if (str_eq(s->key, s->argument->key))
			continue;
		text_puts(out, "; a larger ");
		text_str(out, s->key);
		text_puts(out, " gives fewer, and ");
		text_str(out, s->argument->key);
		text_puts(out, " is only the least number");
	}
	if (removed)
		text_puts(out, "; the field was removed");
	if (asks)
		text_puts(out, "; write the value you want for " PLACEHOLDER);
}

/* What no argument does. */
static void settings_rest(const struct settings *all, const struct hit *taken, struct text *out)
{
	const struct remedy *own = &taken->rule->remedy;

	if (!all->without)
		return;
	if (own->text.n) {
		text_puts(out, "; for the rest: ");
		text_str(out, own->text);
	} else if (all->image) {
		text_puts(out, "; the image comes with the add-on's version "
			       "(update-addon --version-parameterconflict)");
	} else {
		text_puts(out, "; no argument that oke-guard knows does the rest");
	}
}

static void settings_words(const struct settings *all, const struct hit *taken, struct text *out)
{
	text_printf(out, "set add-on argument%s", all->n > 1 ? "s" : "");
	for (size_t i = 0; i < all->n; i++) {
		text_puts(out, i ? ", " : " ");
		text_str(out, all->v[i].key);
	}
	text_puts(out, ": in ");
	text_str(out, taken->rule->policy->addon->name);
	text_printf(out, ".json, from the first command, make %s ", all->n > 1 ? "them" : "it");
	settings_items(all, out);
	text_puts(out, " (an empty file: with [ ] around), keep the rest, then run the second");
	settings_notes(all, out);
	settings_rest(all, taken, out);
}

static void remedy_basic(const struct addon *addon, struct text *out)
{
	text_puts(out,
		  "Add-on arguments and commands need an enhanced cluster; this one is basic.");
	if (addon && addon->basic.n) {
		text_puts(out, " ");
		text_str(out, addon->basic);
	}
}

/* The values as they are, or, where they are too long together, to be asked for. */
static struct str settings_remedy(const struct context *o, const struct hit *taken,
				  struct settings *all, struct arena *arena)
{
	for (bool ask = false;; ask = true) {
		struct text t;

		text_init(&t, arena, REMEDY_MAX);
		for (size_t i = 0; i < all->n && ask; i++)
			all->v[i].text = STR(PLACEHOLDER);
		put_where_installed(o, taken, &t);
		settings_words(all, taken, &t);
		if (!t.full)
			return text_get(&t);
		if (ask)
			return printable_cut(text_get(&t), REMEDY_MAX, arena);
	}
}

static void remedy_from_settings(const struct context *o, const struct hit *taken,
				 struct settings *all, struct arena *arena, struct finding *out)
{
	const struct addon *addon = taken->rule->policy->addon;
	struct text words, command;

	for (size_t i = 0; i < all->n; i++)
		setting_text(o, arena, &all->v[i]);
	text_init(&words, arena, REMEDY_MAX);
	text_init(&command, arena, COMMAND_MAX);
	if (is_basic(o->config)) {
		remedy_basic(addon, &words);
		out->remedy = text_get(&words);
		return;
	}
	command_arguments(o, addon->name, &command);
	out->command = command.full ? (struct str){ NULL, 0 } : text_get(&command);
	out->remedy = settings_remedy(o, taken, all, arena);
}

/* ---- by the add-on's version ---- */

static void remedy_from_version(const struct context *o, const struct hit *taken,
				struct arena *arena, struct finding *out)
{
	const struct addon *addon = taken->rule->policy->addon;
	struct text words, command;

	text_init(&words, arena, REMEDY_MAX);
	text_init(&command, arena, COMMAND_MAX);
	if (is_basic(o->config)) {
		remedy_basic(addon, &words);
		out->remedy = text_get(&words);
		return;
	}
	put_where_installed(o, taken, &words);
	text_puts(&words, "choose the add-on's version, which brings the image: the first command "
			  "lists them ($KUBERNETES: the cluster's version, as in v1.34.1)");
	command_version(o, addon->name, &command);
	out->remedy = text_get(&words);
	out->command = command.full ? (struct str){ NULL, 0 } : text_get(&command);
}

/* ---- the rule's own ---- */

struct own_remedy { /* of several, one behind the other */
	struct text words, command;
	size_t n;
};

static void own_add(const struct context *o, const struct hit *taken, const struct remedy *own,
		    struct own_remedy *out)
{
	bool basic = is_basic(o->config);

	text_puts(&out->words, out->n++ ? "; " : "");
	if (basic && own->basic.n) {
		text_str(&out->words, own->basic);
	} else if (basic && command_is_addon(own->command)) {
		remedy_basic(taken->rule->policy->addon, &out->words);
	} else {
		text_str(&out->words, own->text);
		command_put(o, own->command, &out->command);
	}
}

/* What an edit of a Corefile does; 0: it is no such edit. */
static unsigned remedy_edits(const struct hit *taken)
{
	unsigned edits = 0;

	for (size_t i = 0; i < taken->changes_n; i++) {
		const struct change *c = taken->changes[i];

		if (c->place && c->place->depth == 2 && c->place->step.kind == STEP_KEY &&
		    str_is(c->place->step.key, "Corefile") && c->from && c->to &&
		    c->from->type == JSON_STRING && c->to->type == JSON_STRING)
			edits |= corefile_edits(json_str(c->from), json_str(c->to));
	}
	return edits;
}

static void remedy_from_rule(const struct context *o, const struct hit *taken, struct arena *arena,
			     struct finding *out)
{
	const struct rule *rule = taken->rule;
	unsigned edits = rule->remedies ? remedy_edits(taken) : 0;
	struct own_remedy own = { .n = 0 };

	text_init(&own.words, arena, 4 * REMEDY_MAX);
	text_init(&own.command, arena, COMMAND_MAX);
	for (const struct corefile_remedy *r = rule->remedies; r; r = r->next)
		if (r->edits & edits)
			own_add(o, taken, &r->remedy, &own);
	if (!own.n)
		own_add(o, taken, &rule->remedy, &own);
	out->remedy = printable_cut(text_get(&own.words), REMEDY_MAX, arena);
	/* A command that was cut would do something else. */
	out->command = own.command.full ? (struct str){ NULL, 0 } : text_get(&own.command);
}

/* ---- none ---- */

static struct str remedy_no_way(const struct context *o, const struct hit *taken,
				const struct settings *all)
{
	const struct request *req = o->req;

	if (all->to_zero)
		return STR("There is no supported way to run it with no "
			   "replicas; ask Oracle Support.");
	if (taken->changes_n == 1)
		return STR("There is no supported way to change this field; ask Oracle Support.");
	if (taken->changes_n)
		return STR("There is no supported way to change these fields; ask Oracle Support.");
	if (taken->rule->message.n || req->subresource.n)
		return STR("There is no supported way to do this; ask Oracle Support.");
	if (req->operation == OP_DELETE)
		return STR("There is no supported way to remove it by hand; ask Oracle Support.");
	if (req->operation == OP_CREATE)
		return STR("There is no supported way to create it by hand; "
			   "if it is missing, ask Oracle Support.");
	return STR("There is no supported way to do this; ask Oracle Support.");
}

/* The add-on's arguments are known, and none is for this. */
static void remedy_no_argument(const struct context *o, const struct hit *taken,
			       struct arena *arena, struct finding *out)
{
	const struct addon *addon = taken->rule->policy->addon;
	struct text t;

	text_init(&t, arena, REMEDY_MAX);
	if (is_basic(o->config)) {
		remedy_basic(addon, &t);
	} else {
		text_puts(&t, "No argument of add-on ");
		text_str(&t, addon->name);
		text_puts(&t, " that oke-guard knows does this; ask Oracle Support.");
	}
	out->remedy = text_get(&t);
}

static int remedy_from_use(const struct feature_use *use, struct arena *arena, struct finding *out)
{
	struct text t;

	text_init(&t, arena, REMEDY_MAX);
	use_remedy(use, &t);
	out->remedy = text_get(&t);
	return t.full ? -1 : 0;
}

static void remedy_none(const struct context *o, const struct hit *taken,
			const struct settings *all, struct arena *arena, struct finding *out)
{
	const struct rule *rule = taken->rule;

	if (rule->tier != TIER_UNSUPPORTED || !is_oracles(taken))
		return;
	if (rule->policy->addon && taken->changes_n && !all->to_zero)
		remedy_no_argument(o, taken, arena, out);
	else
		out->remedy = remedy_no_way(o, taken, all);
}

int remedy_fill(const struct context *context, const struct hit *taken, struct arena *arena,
		struct finding *out, struct err *err)
{
	const struct rule *rule = taken->rule;
	const struct addon *addon = rule->policy->addon;
	struct settings all = { .n = 0 };
	int result = 0;

	out->remedy = out->command = STR("");
	/* An add-on that is switched off takes no arguments. */
	if (rule->tier != TIER_SUPPORTED && addon &&
	    !str_is(remedy_managed(context->config, addon), "false"))
		settings_find(context, taken, &all);
	if (all.n)
		remedy_from_settings(context, taken, &all, arena, out);
	else if (rule->remedy.text.n || rule->remedies)
		remedy_from_rule(context, taken, arena, out);
	else if (taken->use)
		result = remedy_from_use(taken->use, arena, out);
	else if (all.image)
		remedy_from_version(context, taken, arena, out);
	else
		remedy_none(context, taken, &all, arena, out);
	if (result < 0 || !out->remedy.s || !out->command.s)
		return err_set(err, ERR_LIMIT, "no memory left for the remedy's text");
	return 0;
}

#include "policy/answer/remedy.h"

#include <assert.h>

#include "policy/answer/redact.h"

#define SETTINGS_MAX 16 /* arguments in one command */
#define PLACEHOLDER  "<VALUE>"

/* One add-on argument that belongs to what changed, and the value it should get. */
struct wish {
	const struct addon_argument *argument;
	const struct json *value; /* NULL: the field was removed, or the value is not known */
	const struct place *place;
	bool removed;
	struct str text; /* as it stands in the command; PLACEHOLDER if it cannot */
};

struct settings {
	struct wish v[SETTINGS_MAX];
	size_t n;
	size_t without;   /* changes that no argument belongs to */
	bool to_zero;     /* somebody wanted no replicas, which no argument gives */
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

		if (!str_eq(had->argument->key, s->argument->key))
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
		if (a && s.value && is_zero_replicas(&s))
			out->to_zero = true;
		if (a && !(s.value && is_zero_replicas(&s)))
			settings_add(out, &s);
		else
			out->without++;
	}
}

/* ---- the command ---- */

/* Within a JSON string within single quotes of a shell. */
static void remedy_quote(struct str raw, struct arena *arena, struct text *out)
{
	struct text json;

	text_init(&json, arena, COMMAND_VALUE_MAX);
	json_escape(raw, &json);
	out->full = out->full || json.full;
	for (size_t i = 0; i < json.n; i++)
		if (json.s[i] == '\'')
			text_puts(out, "'\\''");
		else
			text_add(out, json.s + i, 1);
}

static void setting_text(const struct context *o, struct arena *arena, struct wish *s)
{
	struct str key = s->place->step.kind == STEP_KEY ? s->place->step.key : STR("");
	struct text json, quoted;
	bool known = s->value && !redact_place(o->req, o->object, s->place, s->value);

	text_init(&json, arena, COMMAND_VALUE_MAX);
	text_init(&quoted, arena, COMMAND_VALUE_MAX);
	known = known && !redact_print(s->value, key, &json);
	if (known && s->value->type == JSON_STRING)
		remedy_quote(json_str(s->value), arena, &quoted);
	else if (known)
		remedy_quote(text_get(&json), arena, &quoted);
	s->text = known && !quoted.full ? text_get(&quoted) : STR(PLACEHOLDER);
}

static void remedy_cluster(const struct config *config, struct text *out)
{
	struct str ocid = config->cluster_ocid;

	for (size_t i = 0; i < ocid.n; i++) {
		char c = ocid.s[i];

		if (!(c == '.' || c == '-' || c == '_' || (c >= '0' && c <= '9') ||
		      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			ocid.n = 0; /* a shell would read more than a name */
	}
	text_str(out, ocid.n ? ocid : STR("$CLUSTER"));
}

static struct str settings_command(const struct context *o, const struct addon *addon,
				   const struct settings *all, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, COMMAND_MAX);
	text_puts(&t, "oci ce cluster update-addon --addon-name ");
	text_str(&t, addon->name);
	text_puts(&t, " --cluster-id ");
	remedy_cluster(o->config, &t);
	text_puts(&t, " --configurations '[");
	for (size_t i = 0; i < all->n; i++) {
		text_puts(&t, i ? ",{\"key\":\"" : "{\"key\":\"");
		remedy_quote(all->v[i].argument->key, arena, &t);
		text_puts(&t, "\",\"value\":\"");
		text_str(&t, all->v[i].text);
		text_puts(&t, "\"}");
	}
	text_puts(&t, "]'");
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

/* ---- the words ---- */

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

static void settings_words(const struct settings *all, const struct addon *addon,
			   const struct remedy *own, bool basic, struct text *out)
{
	bool asks = false, removed = false;

	text_puts(out, basic ? "The supported way is add-on argument" : "set add-on argument");
	if (all->n > 1)
		text_puts(out, "s");
	for (size_t i = 0; i < all->n; i++) {
		text_puts(out, i ? ", " : " ");
		text_str(out, all->v[i].argument->key);
		asks = asks || str_is(all->v[i].text, PLACEHOLDER);
		removed = removed || all->v[i].removed;
	}
	if (basic) {
		text_puts(out, " of ");
		text_str(out, addon->name);
		text_puts(out,
			  ", but add-on settings need an enhanced cluster and this one is basic.");
		return;
	}
	text_printf(out, " (add %s to the list that get-addon shows", all->n > 1 ? "them" : "it");
	if (removed)
		text_puts(out, "; the field was removed");
	text_puts(out, asks ? "; write the value you want for " PLACEHOLDER ")" : ")");
	if (all->without && own->text.n) {
		text_puts(out, "; for the rest: ");
		text_str(out, own->text);
	} else if (all->without) {
		text_puts(out, "; the other changes have no supported way");
	}
}

static int remedy_from_settings(const struct context *o, const struct hit *taken,
				struct settings *all, struct arena *arena, struct finding *out)
{
	const struct addon *addon = taken->rule->policy->addon;
	bool basic = is_basic(o->config);
	struct text words;

	for (size_t i = 0; i < all->n; i++)
		setting_text(o, arena, &all->v[i]);
	out->command = basic ? STR("") : settings_command(o, addon, all, arena);
	if (!out->command.s) { /* all values together are too long: ask for them */
		for (size_t i = 0; i < all->n; i++)
			all->v[i].text = STR(PLACEHOLDER);
		out->command = settings_command(o, addon, all, arena);
	}
	text_init(&words, arena, 4 * REMEDY_MAX);
	if (!basic && taken->rule->tier == TIER_BEST_EFFORT &&
	    !str_is(remedy_managed(o->config, addon), "true"))
		text_puts(&words, "where OKE installed it, ");
	settings_words(all, addon, &taken->rule->remedy, basic, &words);
	out->remedy = printable_cut(text_get(&words), REMEDY_MAX, arena);
	return words.s && out->remedy.s && out->command.s ? 0 : -1;
}

/* ---- the rule's own, or none ---- */

/* A rule's command with the cluster's OCID in it, if that is known. */
static struct str remedy_own_command(const struct context *o, struct str command,
				     struct arena *arena)
{
	static const char variable[] = "$CLUSTER";
	struct text t;
	const char *at;

	text_init(&t, arena, COMMAND_MAX);
	while (command.n && (at = memmem(command.s, command.n, variable, sizeof variable - 1))) {
		text_add(&t, command.s, (size_t)(at - command.s));
		remedy_cluster(o->config, &t);
		command = str_from(command, (size_t)(at - command.s) + sizeof variable - 1);
	}
	text_str(&t, command);
	/* A command that was cut would do something else. */
	return t.full ? STR("") : printable_cut(text_get(&t), COMMAND_MAX, arena);
}

static bool needs_enhanced(struct str command)
{
	return command.n && memmem(command.s, command.n, "-addon ", 7);
}

static int remedy_from_rule(const struct context *o, const struct remedy *own, struct arena *arena,
			    struct finding *out)
{
	struct text t;

	text_init(&t, arena, 4 * REMEDY_MAX);
	text_str(&t, own->text);
	if (is_basic(o->config) && needs_enhanced(own->command))
		text_puts(&t, " (add-on commands need an enhanced cluster and this one is basic)");
	else
		out->command = remedy_own_command(o, own->command, arena);
	out->remedy = printable_cut(text_get(&t), REMEDY_MAX, arena);
	return out->remedy.s && (!own->command.n || out->command.s) ? 0 : -1;
}

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

static int remedy_from_use(const struct feature_use *use, struct arena *arena, struct finding *out)
{
	struct text t;

	text_init(&t, arena, REMEDY_MAX);
	use_remedy(use, &t);
	out->remedy = text_get(&t);
	return t.full ? -1 : 0;
}

int remedy_fill(const struct context *context, const struct hit *taken, struct arena *arena,
		struct finding *out, struct err *err)
{
	const struct remedy *own = &taken->rule->remedy;
	const struct addon *addon = taken->rule->policy->addon;
	struct settings all = { .n = 0 };
	int result = 0;

	out->remedy = out->command = STR("");
	/* An add-on that is switched off takes no arguments. */
	if (taken->rule->tier != TIER_SUPPORTED &&
	    !(addon && str_is(remedy_managed(context->config, addon), "false")))
		settings_find(context, taken, &all);
	if (all.n)
		result = remedy_from_settings(context, taken, &all, arena, out);
	else if (own->text.n || own->command.n)
		result = remedy_from_rule(context, own, arena, out);
	else if (taken->use)
		result = remedy_from_use(taken->use, arena, out);
	else if (taken->rule->tier == TIER_UNSUPPORTED)
		out->remedy = remedy_no_way(context, taken, &all);
	return result < 0 ? err_set(err, ERR_LIMIT, "no memory left for the remedy's text") : 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * text.c - a use in words: what it is, since when it is no longer alpha, and
 * what to do instead.
 */
#include "policy/alpha/finder.h"

static void add_gates(const struct feature_use *use, struct text *out)
{
	for (size_t i = 0; i < use->gates_n; i++) {
		if (i)
			text_puts(out, " and ");
		text_str(out, use->gates[i]);
	}
}

/* What only a pre-release says of its minor may still change. */
static const char *since(unsigned minor)
{
	return minor > catalogue_minor_released ? "planned for" : "since";
}

static const char *where_it_is(unsigned minor)
{
	return minor > catalogue_minor_released ? "where it is planned to be" : "where it is";
}

/* "alpha in 1.34 (beta since 1.35)" */
static void add_stage(const struct feature_use *use, struct text *out)
{
	static const char *const words[] = { [FEATURE_ALPHA] = "alpha",
					     [FEATURE_BETA_OFF] = "beta and off by default",
					     [FEATURE_DEPRECATED] = "deprecated" };

	text_printf(out, "%s in 1.%u", words[use->stage], use->minor);
	if (use->newer)
		text_printf(out, " (1.%u is not known yet)", use->newer);
	else if (use->minor > catalogue_minor_released)
		text_printf(out, " (as of %s)", catalogue_preliminary);
	if (use->stage != FEATURE_ALPHA)
		return;
	if (use->beta > use->minor)
		text_printf(out, " (beta %s 1.%u)", since(use->beta), use->beta);
	else if (use->ga > use->minor)
		text_printf(out, " (ga %s 1.%u)", since(use->ga), use->ga);
}

static void add_gates_stage(const struct feature_use *use, struct text *out)
{
	add_gates(use, out);
	text_puts(out, ", ");
	add_stage(use, out);
}

static void use_say_field(const struct feature_use *use, struct text *out)
{
	if (use->what.n) {
		text_puts(out, " (");
		text_str(out, use->what);
		text_puts(out, ")");
	}
	text_puts(out, " uses ");
	add_gates_stage(use, out);
}

static void use_say_version(const struct feature_use *use, struct text *out)
{
	text_puts(out, " uses ");
	text_str(out, use->what);
	text_puts(out, ", an alpha API version");
	if (use->gates_n) {
		text_puts(out, " of ");
		add_gates(use, out);
	}
}

static void use_say_key(const struct feature_use *use, struct text *out)
{
	text_puts(out, " is an alpha key of Kubernetes");
	if (use->gates_n) {
		text_puts(out, " (");
		add_gates(use, out);
		text_puts(out, ")");
	}
}

static void use_say_gate(const struct feature_use *use, struct text *out)
{
	text_puts(out, " switches on ");
	add_gates_stage(use, out);
}

static void use_say_dropped(const struct feature_use *use, struct text *out)
{
	text_puts(out, " has no effect: the API server dropped it, since ");
	add_gates(use, out);
	text_puts(out, " is off; it is ");
	add_stage(use, out);
}

void use_sentence(const struct feature_use *use, struct str path, size_t more, struct text *out)
{
	static void (*const say[USE_KINDS])(const struct feature_use *, struct text *) = {
		[USE_FIELD] = use_say_field,     [USE_VALUE] = use_say_field,
		[USE_VERSION] = use_say_version, [USE_KEY] = use_say_key,
		[USE_GATE] = use_say_gate,       [USE_DROPPED] = use_say_dropped,
	};

	text_str(out, path);
	if (more)
		text_printf(out, " (and %zu more)", more);
	say[use->kind](use, out);
	if (use->stage == FEATURE_ALPHA)
		text_puts(out, "; Oracle does not support alpha features");
}

/* "remove it, or wait for Kubernetes 1.35, where it is beta" */
static void remedy_wait(const struct feature_use *use, struct text *out, const char *verb)
{
	text_puts(out, verb);
	if (use->stage == FEATURE_ALPHA && use->beta > use->minor)
		text_printf(out, ", or wait for Kubernetes 1.%u, %s beta", use->beta,
			    where_it_is(use->beta));
	else if (use->stage == FEATURE_ALPHA && use->ga > use->minor)
		text_printf(out, ", or wait for Kubernetes 1.%u, %s ga", use->ga,
			    where_it_is(use->ga));
}

static void remedy_version(const struct feature_use *use, struct text *out)
{
	if (!use->replacement.n) {
		text_puts(out, "do not depend on it: there is no stable version of it yet");
		return;
	}
	text_puts(out, "use ");
	text_str(out, use->replacement);
	text_printf(out, " (from Kubernetes 1.%u on)", use->replacement_from);
}

static void remedy_key(const struct feature_use *use, struct text *out)
{
	if (!use->replacement.n) {
		text_puts(out, "remove it");
		return;
	}
	text_puts(out, "use ");
	text_str(out, use->replacement);
}

void use_remedy(const struct feature_use *use, struct text *out)
{
	switch (use->kind) {
	case USE_VERSION:
		remedy_version(use, out);
		break;
	case USE_KEY:
		remedy_key(use, out);
		break;
	case USE_GATE:
		remedy_wait(use, out, "leave it off");
		break;
	case USE_DROPPED:
		remedy_wait(use, out, "remove it from what you apply");
		break;
	case USE_FIELD:
	case USE_VALUE:
		remedy_wait(use, out, "remove it");
		break;
	}
}

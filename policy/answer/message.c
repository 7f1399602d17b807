/* SPDX-License-Identifier: Apache-2.0
 * message.c - a verdict in words: the denial, the warnings, the audit annotations.
 *
 * All limits are kept by construction: each text is built of lines that are
 * whole or not there, within its number of bytes. The texts of findings are
 * printable ASCII already (shown.c), and so is all that is added here.
 *
 * Remedy and link stand last: kubectl apply prints its whole patch before the
 * message, and only the end is on the screen.
 */
#include "oke/policy.h"

#include "lib/base/attributes.h"
#include "lib/base/printable.h"

#define TAIL_MAX      2400            /* bytes of remedies and links in a denial */
#define FIELDS_MAX    FINDING_CHANGES /* changed fields in a denial, over all findings */
#define HEADS_MAX     8               /* findings in a denial */
#define HEAD_MAX      1000            /* bytes of a finding's first line */
#define ID_PART_MAX   63              /* bytes of a policy's or rule's name */
#define COMMAND_LINES 6               /* of one remedy, in warnings */
#define MORE_ROOM     48              /* bytes kept for "... and 12345 more findings" */

/* A line that is whole or not there. The longest is a finding's command. */
#define LINE_MAX_BYTES 2048
struct line {
	size_t n;
	bool full;
	char s[LINE_MAX_BYTES];
};

static void line_begin(struct line *l)
{
	l->n = 0;
	l->full = false;
}

static void line_add(struct line *l, struct str s)
{
	if (l->full || s.n > sizeof l->s - l->n) {
		l->full = true;
		return;
	}
	if (s.n)
		memcpy(l->s + l->n, s.s, s.n);
	l->n += s.n;
}

static void line_puts(struct line *l, const char *z)
{
	line_add(l, str_of(z));
}

static void line_number(struct line *l, size_t n)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%zu", n);
	line_puts(l, digits);
}

static struct str line_get(const struct line *l)
{
	return (struct str){ l->s, l->n };
}

/* Append the whole line if at most `max` bytes are used then. */
static bool line_put(struct text *out, const struct line *l, size_t max)
{
	if (l->full || out->n + l->n > max)
		return false;
	text_add(out, l->s, l->n);
	return !out->full;
}

/* ---- lines ---- */

/* The text, cut with "..." where it is longer than max. */
static void line_add_cut(struct line *l, struct str s, size_t max)
{
	if (s.n <= max) {
		line_add(l, s);
		return;
	}
	line_add(l, (struct str){ s.s, printable_fit(s, max - 3) });
	line_puts(l, "...");
}

/* "coredns/scale"; no name of a policy is so long that it is cut here. */
static void line_add_id(struct line *l, const struct finding *f)
{
	line_add_cut(l, f->policy, ID_PART_MAX);
	line_puts(l, "/");
	line_add_cut(l, f->rule, ID_PART_MAX);
}

static void line_add_what(struct line *l, const struct finding *f, size_t max)
{
	UNZEROED struct line id;

	line_begin(&id);
	line_puts(&id, " [");
	line_add_id(&id, f);
	line_puts(&id, "]");
	line_add_cut(l, f->sentence, max - id.n);
	line_add(l, line_get(&id));
}

static void line_add_change(struct line *l, const struct finding_change *c)
{
	line_add(l, c->path);
	line_puts(l, ": ");
	line_add(l, c->from);
	line_puts(l, " -> ");
	line_add(l, c->to);
}

/* A remedy with a capital letter is a sentence of its own. */
static void line_add_remedy(struct line *l, struct str remedy)
{
	if (remedy.n && !(remedy.s[0] >= 'A' && remedy.s[0] <= 'Z'))
		line_puts(l, "Instead: ");
	line_add(l, remedy);
}

static bool same_remedy(const struct finding *a, const struct finding *b)
{
	return str_eq(a->remedy, b->remedy) && str_eq(a->command, b->command);
}

/* Has an earlier finding of the list said the same? */
static bool remedy_said(const struct finding *f, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_remedy(&f[k], &f[i]))
			return true;
	return false;
}

/* The page that says how, where it is not the one that says why. */
static struct str how_page(const struct finding *f)
{
	return str_eq(f->docs, f->why) ? STR("") : f->docs;
}

static struct str why_page(const struct finding *f)
{
	return f->why;
}

enum { LINK_WHY, LINK_HOW, LINKS };
static const struct {
	const char *label;
	struct str (*page)(const struct finding *f);
} links[LINKS] = { { "Why: ", why_page }, { "How: ", how_page } };

static bool link_said(const struct finding *f, size_t i, int link)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(links[link].page(&f[k]), links[link].page(&f[i])))
			return true;
	return false;
}

/* The first of several lines; moves on behind it. */
static struct str next_line(struct str *s)
{
	const char *end = s->n ? memchr(s->s, '\n', s->n) : NULL;
	struct str line = { s->s, end ? (size_t)(end - s->s) : s->n };

	*s = str_from(*s, line.n + (end != NULL));
	return line;
}

/* ---- which findings are told ---- */

/* Findings stand strongest first: how many are at least as strong. */
static size_t findings_from(const struct verdict *v, enum action least)
{
	size_t n = 0;

	while (n < v->findings_n && v->findings[n].action >= least)
		n++;
	return n;
}

/* ---- the denial ---- */

static bool one_remedy(const struct finding *f, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (!same_remedy(&f[0], &f[i]))
			return false;
	return true;
}

/* Where findings have several remedies, each says whose it is. */
static bool put_remedy(struct text *out, const struct finding *f, bool labelled, bool command,
		       size_t max)
{
	UNZEROED struct line l;

	line_begin(&l);
	if (!f->remedy.n && !f->command.n)
		return true;
	if (labelled) {
		line_puts(&l, "[");
		line_add_id(&l, f);
		line_puts(&l, "] ");
	}
	line_add_remedy(&l, f->remedy.n ? f->remedy : STR("run"));
	if (command && f->command.n)
		line_puts(&l, l.s[l.n - 1] == '.' ? "" : ":");
	for (struct str lines = command ? f->command : STR(""); lines.n;) {
		line_puts(&l, "\n  ");
		line_add(&l, next_line(&lines));
	}
	line_puts(&l, "\n");
	return line_put(out, &l, max);
}

/* "Why: https://..." */
static void line_add_link(struct line *l, const struct finding *f, int link)
{
	struct str page = links[link].page(f);

	if (!page.n)
		return;
	line_puts(l, links[link].label);
	line_add(l, page);
}

static void put_link(struct text *out, const struct finding *f, int link)
{
	UNZEROED struct line l;

	line_begin(&l);
	line_add_link(&l, f, link);
	if (!l.n)
		return;
	line_puts(&l, "\n");
	line_put(out, &l, TAIL_MAX);
}

static void put_advice(struct text *out, struct str advice)
{
	UNZEROED struct line l;

	line_begin(&l);
	if (!advice.n)
		return;
	line_add(&l, advice);
	line_puts(&l, "\n");
	line_put(out, &l, TAIL_MAX);
}

/* What to do instead, in whose tool, why, and how; each once. */
static void put_tail(struct text *out, const struct verdict *v, size_t n)
{
	const struct finding *f = v->findings;
	bool one = one_remedy(f, n);
	size_t room = n ? sizeof "Why: \nHow: \n" + f[0].why.n + f[0].docs.n : 0;

	room += v->advice.n ? v->advice.n + 1 : 0;

	for (size_t i = 0; i < n; i++)
		if (!remedy_said(f, i) && !put_remedy(out, &f[i], !one, true, TAIL_MAX - room))
			put_remedy(out, &f[i], !one, false, TAIL_MAX - room);
	put_advice(out, v->advice);
	for (int link = 0; link < LINKS; link++)
		for (size_t i = 0; i < n; i++)
			if (!link_said(f, i, link))
				put_link(out, &f[i], link);
}

/* The changed fields of one finding, while lines are left; at least one. */
static void put_changes(struct text *out, const struct finding *f, size_t *fields, size_t max)
{
	size_t said = 0;

	while (said < f->changes_n && (*fields || !said)) {
		UNZEROED struct line l;

		line_begin(&l);
		line_puts(&l, "  ");
		line_add_change(&l, &f->changes[said]);
		line_puts(&l, "\n");
		if (!line_put(out, &l, max - MORE_ROOM))
			break;
		said++;
		*fields -= *fields > 0;
	}
	if (said < f->changes_all) {
		UNZEROED struct line l;

		line_begin(&l);
		line_puts(&l, said ? "  ... and " : "  ");
		line_number(&l, f->changes_all - said);
		line_puts(&l, said ? " more\n" : " changed fields\n");
		line_put(out, &l, max);
	}
}

static void put_heads(struct text *out, const struct verdict *v, size_t n, size_t max)
{
	size_t fields = FIELDS_MAX, said = 0;

	for (; said < n && said < HEADS_MAX; said++) {
		UNZEROED struct line l;

		line_begin(&l);
		line_add_what(&l, &v->findings[said], HEAD_MAX);
		line_puts(&l, "\n");
		/* Behind it stand a field, what is left out of them, and of the findings. */
		if (!line_put(out, &l, max - 2 * MORE_ROOM))
			break;
		put_changes(out, &v->findings[said], &fields, max - MORE_ROOM);
	}
	if (n == v->findings_n) /* all that were kept count: add those that were not */
		n += v->findings_all - v->findings_n;
	if (said < n) {
		UNZEROED struct line l;

		line_begin(&l);
		line_puts(&l, "... and ");
		line_number(&l, n - said);
		line_puts(&l, " more findings\n");
		line_put(out, &l, max);
	}
}

struct str verdict_message(const struct verdict *v, struct arena *arena)
{
	size_t n = findings_from(v, ACTION_WARN);
	struct text tail, out;

	text_init(&tail, arena, TAIL_MAX);
	put_tail(&tail, v, n < HEADS_MAX ? n : HEADS_MAX);
	text_init(&out, arena, MESSAGE_MAX);
	put_heads(&out, v, n, MESSAGE_MAX - tail.n);
	text_add(&out, tail.s, tail.n);
	/* A denial must not fail for want of words. */
	if (!out.n)
		return STR("This change is denied by the policy of this cluster [guard/denied]");
	out.n -= out.s[out.n - 1] == '\n';
	return text_get(&out);
}

/* ---- warnings ---- */

/* What can be said of one finding, in the order in which it is given up when there is no room. */
enum {
	SAY_WHAT,
	SAY_FIELD,
	SAY_REMEDY,
	SAY_COMMAND, /* and those behind it */
	SAY_WHY = SAY_COMMAND + COMMAND_LINES,
	SAY_HOW,
	SAY_KINDS
};

static void warning_say_what(struct line *l, const struct finding *f)
{
	line_add_what(l, f, WARNING_MAX);
}

/* " (and 3 more)": so many changes are not said. */
static void line_add_more(struct line *l, size_t n)
{
	if (!n)
		return;
	line_puts(l, " (and ");
	line_number(l, n);
	line_puts(l, " more)");
}

/* The first n changes, and how many there are besides. */
static void line_add_changes(struct line *l, const struct finding *f, size_t n, bool values)
{
	for (size_t i = 0; i < n; i++) {
		line_puts(l, i ? "; " : "");
		if (values)
			line_add_change(l, &f->changes[i]);
		else
			line_add(l, f->changes[i].path);
	}
	line_add_more(l, f->changes_all - n);
}

/* As many as fit; where not even one does with its values, its path. */
static void warning_say_field(struct line *l, const struct finding *f)
{
	for (size_t n = f->changes_n; n; n--) {
		line_begin(l);
		line_add_changes(l, f, n, true);
		if (!l->full && l->n <= WARNING_MAX)
			return;
	}
	line_begin(l);
	if (f->changes_n)
		line_add_changes(l, f, 1, false);
}

static void warning_say_remedy(struct line *l, const struct finding *f)
{
	UNZEROED struct line whole;

	line_begin(&whole);
	if (!f->remedy.n)
		return;
	line_add_remedy(&whole, f->remedy);
	line_add_cut(l, line_get(&whole), WARNING_MAX);
}

/* The command's line of that number, whole, or warning_line leaves it out. */
static void warning_say_command(struct line *l, const struct finding *f, int number)
{
	struct str lines = f->command, line = next_line(&lines);

	while (number-- > 0)
		line = next_line(&lines);
	line_add(l, line);
}

/* Has an earlier finding said this line? */
static bool said_before(const struct finding *f, size_t i, int kind)
{
	if (kind >= SAY_WHY)
		return link_said(f, i, kind - SAY_WHY);
	return kind >= SAY_REMEDY && remedy_said(f, i);
}

static void warning_say(struct line *l, const struct finding *f, int kind)
{
	if (kind == SAY_WHAT)
		warning_say_what(l, f);
	else if (kind == SAY_FIELD)
		warning_say_field(l, f);
	else if (kind == SAY_REMEDY)
		warning_say_remedy(l, f);
	else if (kind < SAY_WHY)
		warning_say_command(l, f, kind - SAY_COMMAND);
	else
		line_add_link(l, f, kind - SAY_WHY);
}

static struct str warning_line(const struct finding *f, size_t i, int kind, struct arena *arena)
{
	UNZEROED struct line l;

	line_begin(&l);
	if (said_before(f, i, kind))
		return STR("");
	warning_say(&l, &f[i], kind);
	if (l.full || l.n > WARNING_MAX)
		return STR("");
	return str_copy(arena, line_get(&l));
}

static struct str more_findings(size_t n, struct arena *arena)
{
	UNZEROED struct line l;

	line_begin(&l);
	line_puts(&l, "... and ");
	line_number(&l, n);
	line_puts(&l, " more findings");
	return str_copy(arena, line_get(&l));
}

/*
 * First what was found, for all findings; then, while lines are left, a field of
 * each, and so on. They come out finding by finding.
 */
size_t verdict_warnings(const struct verdict *v, struct arena *arena, struct str out[WARNINGS_MAX])
{
	size_t n = v->action == ACTION_WARN ? findings_from(v, ACTION_WARN) : 0;
	size_t hidden = n && n == v->findings_n ? v->findings_all - n : 0, used, said = 0;
	size_t note = n && v->note.n;

	if (!n)
		return 0;
	struct str lines[WARNINGS_MAX][SAY_KINDS] = { 0 }; /* 1.5 KiB: not cleared for nothing */

	if (n + (hidden > 0) + note > WARNINGS_MAX) {
		hidden += n - (WARNINGS_MAX - 1 - note);
		n = WARNINGS_MAX - 1 - note;
	}
	used = (hidden > 0) + note;
	for (int kind = 0; kind < SAY_KINDS; kind++)
		for (size_t i = 0; i < n && used < WARNINGS_MAX; i++) {
			lines[i][kind] = warning_line(v->findings, i, kind, arena);
			used += lines[i][kind].n > 0;
		}
	for (size_t i = 0; i < n; i++)
		for (int kind = 0; kind < SAY_KINDS; kind++)
			if (lines[i][kind].n)
				out[said++] = lines[i][kind];
	if (hidden)
		out[said++] = more_findings(hidden, arena);
	if (note)
		out[said++] = v->note;
	return said;
}

/* ---- audit annotations ---- */

/* A list of different items, "a, b, c", that keeps to ANNOTATION_MAX. */
struct items {
	struct text text;
	struct str v[FINDINGS_MAX];
	size_t n;
};

static void items_add(struct items *items, struct str item)
{
	struct text *t = &items->text;

	for (size_t i = 0; i < items->n; i++)
		if (str_eq(items->v[i], item))
			return;
	if (!item.n || items->n == FINDINGS_MAX || item.n + 2 > t->limit - t->n)
		return;
	items->v[items->n++] = item;
	if (t->n)
		text_puts(t, ", ");
	text_str(t, item);
}

static struct str rule_id(const struct finding *f, struct arena *arena)
{
	UNZEROED struct line l;

	line_begin(&l);
	line_add_id(&l, f);
	return str_copy(arena, line_get(&l));
}

static void items_fill(struct items *items, const char *key, const struct finding *f,
		       struct arena *arena)
{
	if (!strcmp(key, "policy"))
		items_add(items, rule_id(f, arena));
	else if (!strcmp(key, "tier"))
		items_add(items, str_of(tier_name(f->tier)));
	else if (!strcmp(key, "exception"))
		items_add(items, f->exception);
	else if (!strcmp(key, "ticket"))
		items_add(items, f->ticket);
	else if (!strcmp(key, "override"))
		items_add(items, f->override);
	else if (!strcmp(key, "replaces"))
		items_add(items, f->replaces);
	else
		for (size_t i = 0; i < f->changes_n; i++)
			items_add(items, f->changes[i].path);
}

static void annotation_add(struct annotation *out, size_t *n, const char *key, struct str value)
{
	if (!value.n)
		return;
	if (value.n > ANNOTATION_MAX)
		value.n = printable_fit(value, ANNOTATION_MAX);
	out[(*n)++] = (struct annotation){ key, value };
}

size_t verdict_annotations(const struct verdict *v, struct arena *arena,
			   struct annotation out[ANNOTATIONS_MAX])
{
	static const char *const keys[] = { "policy", "tier",     "paths",   "exception",
					    "ticket", "override", "replaces" };
	size_t findings = findings_from(v, ACTION_AUDIT), n = 0;
	UNZEROED struct items items;

	if (!findings && !v->error.n)
		return 0;
	annotation_add(out, &n, "decision", str_of(action_name(v->action)));
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
		items.n = 0;
		text_init(&items.text, arena, ANNOTATION_MAX);
		for (size_t i = 0; i < findings; i++)
			items_fill(&items, keys[k], &v->findings[i], arena);
		annotation_add(out, &n, keys[k], text_get(&items.text));
	}
	annotation_add(out, &n, "mode", str_of(mode_name(v->mode)));
	annotation_add(out, &n, "error", v->error);
	return n;
}

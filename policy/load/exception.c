/* SPDX-License-Identifier: Apache-2.0
 * exception.c - SupportException: who may, what, how long, and who said so.
 */
#include "lib/base/time.h"
#include "policy/load/parts.h"

static void read_time(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	char name[80];
	struct str s;

	(void)arg;
	if (read_text(r, n, &s) && !time_parse(s, out))
		read_fault(r, n,
			   "%s must be a time as in \"2026-11-30T00:00:00Z\" (RFC "
			   "3339, whole seconds)",
			   read_node_name(n, name));
}

static const struct load_word lowered[] = { { "warn", ACTION_WARN }, { "audit", ACTION_AUDIT } };
static const struct load_words words_lowered = {
	lowered, sizeof lowered / sizeof *lowered, "allow",
	"an exception is never silent; write warn or audit"
};

static void read_lowered(struct load_reader *r, const struct yaml_node *n, void *out,
			 const void *arg)
{
	int value = ACTION_WARN;

	read_word(r, n, &value, arg);
	*(enum action *)out = (enum action)value;
}

static void read_exact_rule(struct load_reader *r, const struct yaml_node *n, void *out,
			    const void *arg)
{
	struct exception_rule *ref = out;

	read_rule_ref(r, n, ref, arg);
	if (str_is(ref->rule, "*"))
		read_error(r, n, "an exception names its rules: POLICY/* is too wide");
}

static const struct load_list rules_list = {
	"[coredns/spec]", sizeof(struct exception_rule), read_exact_rule, NULL, false, 100
};

static void read_identities(struct load_reader *r, const struct yaml_node *n, void *out,
			    const void *arg)
{
	struct identity_list *list = out;
	size_t before = r->complaints_n;

	read_fields(r, n, list, arg);
	if (!list->users && !list->groups && !list->accounts && r->complaints_n == before)
		read_error(r, n,
			   "an exception is for somebody: name users, groups or serviceAccounts");
}

#define MEMBER(member) offsetof(struct exception, member)
static const struct load_field spec_table[] = {
	{ "rules", read_list, MEMBER(rules), &rules_list, "the rules it lowers, [coredns/spec]" },
	{ "objects", read_list, MEMBER(objects), &names_list, "the objects, by their exact names" },
	{ "identities", read_identities, MEMBER(identities), &identity_exact_fields,
	  "{users: [...]}" },
	{ "ticket", read_str, MEMBER(ticket), &format_line,
	  "where it was agreed, as in SR 3-1234" },
	{ "approvedBy", read_str, MEMBER(approved_by), &format_text, "who agreed" },
	{ "reason", read_str, MEMBER(reason), &format_text, "why" },
	{ "notBefore", read_time, MEMBER(not_before), NULL, "\"2026-11-23T00:00:00Z\"" },
	{ "expires", read_time, MEMBER(expires), NULL, "\"2026-11-30T00:00:00Z\"" },
	{ "action", read_lowered, MEMBER(action), &words_lowered, NULL },
};
static const struct load_fields spec_fields = FIELDS("the spec of a SupportException", spec_table);

static const struct load_field exception_table[] = {
	{ "apiVersion", read_told, 0, NULL, NULL },
	{ "kind", read_told, 0, NULL, NULL },
	{ "metadata", read_fields, MEMBER(name), &metadata_fields, "{name: ...}" },
	{ "spec", read_fields, 0, &spec_fields,
	  "rules, objects, identities, ticket, approvedBy, reason, notBefore, expires" },
};
static const struct load_fields exception_fields = FIELDS("a SupportException", exception_table);

void read_exception(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct model *model = out;
	struct exception *e = read_keep(r, sizeof *e);

	(void)arg;
	if (!e)
		return;
	e->origin = read_origin_named(r, n);
	e->action = ACTION_WARN;
	read_fields(r, n, e, &exception_fields);
	*model->exceptions_last = e;
	model->exceptions_last = &e->next;
	model->exceptions_n++;
}

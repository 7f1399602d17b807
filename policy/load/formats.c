/* SPDX-License-Identifier: Apache-2.0
 * formats.c - small recognisers, each a sentence in the message when it says no.
 */
#include "policy/load/formats.h"

#include <arpa/inet.h>
#include <strings.h>

#include "lib/base/chars.h"
#include "policy/model/model.h"
#include "policy/model/quantity.h"

/* Of people and their words, in any script; YAML has seen to it that it is UTF-8. */
static bool is_written(char c)
{
	return (unsigned char)c >= ' ' && c != 0x7f;
}

static bool name_ok(struct str s)
{
	return s.n && chars_all(s, char_is_lower, "-") && s.s[0] != '-' && s.s[s.n - 1] != '-';
}

static bool set_ok(struct str s)
{
	return s.n && chars_all(s, char_is_alnum, "-") && s.s[0] != '-' && s.s[s.n - 1] != '-';
}

/* Of a rule: also those that the configuration's `self` makes. */
static bool rule_set_ok(struct str s)
{
	return set_ok(s) || str_is(s, "$self.agent") || str_is(s, "$self.scan") ||
	       str_is(s, "$self.writers.tls") || str_is(s, "$self.writers.extra");
}

static bool quantity_ok(struct str s)
{
	double ignored;

	return quantity_read(s, &ignored);
}

/* In the form that the API server writes, which is the one that is compared. */
static bool ip_ok(struct str s)
{
	char text[INET6_ADDRSTRLEN + 1], back[INET6_ADDRSTRLEN];
	unsigned char address[16];
	int family = s.n && memchr(s.s, ':', s.n) ? AF_INET6 : AF_INET;

	if (!s.n || s.n >= sizeof text)
		return false;
	memcpy(text, s.s, s.n);
	text[s.n] = '\0';
	return inet_pton(family, text, address) == 1 &&
	       inet_ntop(family, address, back, sizeof back) && !strcmp(text, back);
}

static bool group_ok(struct str s)
{
	return str_is(s, "*") || chars_all(s, char_is_lower, "-.");
}

static bool resource_ok(struct str s)
{
	return str_is(s, "*") || name_ok(s);
}

static bool namespace_ok(struct str s)
{
	return str_is(s, "$self.namespace") || name_ok(s);
}

static bool object_ok(struct str s)
{
	static const struct str self = { "$self.release", 13 };

	if (str_is(s, "$self.namespace"))
		return true;
	if (s.n && s.s[0] == '$')
		return str_starts(s, self) && chars_all(str_from(s, self.n), char_is_lower, "-.");
	return s.n && chars_all(s, char_is_alnum, "-._:@");
}

static bool label_ok(struct str s)
{
	return chars_all(s, char_is_alnum, "-._/");
}

static bool line_ok(struct str s)
{
	return s.n && chars_all(s, char_is_printable, "") && s.s[0] != ' ' && s.s[s.n - 1] != ' ';
}

static bool text_ok(struct str s)
{
	return s.n && chars_all(s, is_written, "");
}

static bool docs_ok(struct str s)
{
	bool url = str_starts(s, STR("https://"));

	return s.n && chars_all(s, char_is_alnum, "-._~/:#?=&%") && s.s[0] != '/' &&
	       !(s.n > 1 && memmem(s.s, s.n, "..", 2)) && (url || !memchr(s.s, ':', s.n));
}

static bool token_ok(struct str s)
{
	return s.n && chars_all(s, char_is_alnum, "-._");
}

static bool ocid_ok(struct str s)
{
	return !s.n || token_ok(s);
}

static bool gate_ok(struct str s)
{
	return s.n && chars_all(s, char_is_alnum, "") && s.s[0] >= 'A' && s.s[0] <= 'Z';
}

static bool value_ok(struct str s)
{
	return chars_all(s, char_is_printable, "");
}

static bool user_ok(struct str s)
{
	return s.n && !memchr(s.s, '*', s.n) && chars_all(s, is_written, "");
}

static bool user_pattern_ok(struct str s)
{
	if (s.n > 1 && s.s[s.n - 1] == '*')
		s.n--;
	return user_ok(s);
}

static bool account_ok(struct str s)
{
	const char *slash = s.n ? memchr(s.s, '/', s.n) : NULL;
	struct str namespace, name;

	if (!slash)
		return false;
	namespace = (struct str){ s.s, (size_t)(slash - s.s) };
	name = str_from(s, namespace.n + 1);
	return name_ok(namespace) && name.n && chars_all(name, char_is_lower, "-.");
}

static bool kubernetes_ok(struct str s)
{
	struct str minor = s.n > 2 ? str_from(s, 2) : (struct str){ "", 0 };

	return str_starts(s, STR("1.")) && minor.n && minor.n < 3 && minor.s[0] >= '1' &&
	       chars_all(minor, char_is_lower, "") && minor.s[0] <= '9' &&
	       minor.s[minor.n - 1] <= '9';
}

const struct format format_name = { name_ok, 63,
				    "lower-case letters, digits and \"-\", as in coredns" };
const struct format format_set = { set_ok, 63, "letters, digits and \"-\", as in dns-autoscaler" };
const struct format form_rule_set = { rule_set_ok, 63,
				      "the name of a set, $self.agent, $self.scan, "
				      "$self.writers.tls or "
				      "$self.writers.extra" };
const struct format form_quantity = { quantity_ok, 40,
				      "a number, as in \"1\", \"50%\" or \"64Mi\"" };
const struct format form_ip = { ip_ok, 45, "an IP address in its usual form, as in \"10.96.5.5\"" };
const struct format format_group = { group_ok, 253,
				     "an API group without version, as in apps (\"\" is the "
				     "core group)" };
const struct format format_resource = {
	resource_ok, 63,
	"the plural in lower case, as in deployments; a subresource "
	"belongs into the rule's \"subresources\""
};
const struct format format_namespace = { namespace_ok, 63,
					 "the name of a namespace, or $self.namespace" };
const struct format format_object = {
	object_ok, 253,
	"the exact name of an object (or $self.release with what follows "
	"it); for a beginning use \"namePrefix\""
};
const struct format format_label = { label_ok, 317, "letters, digits, and - . _ /" };
const struct format format_line = {
	line_ok, 1000, "one line of printable ASCII: kubectl shows nothing else unchanged"
};
const struct format format_owner = { line_ok, 40,
				     "the name of a team or company, printable ASCII" };
const struct format format_text = { text_ok, 1000, "one line of text" };
const struct format format_path = { text_ok, 1000, "a path, as in spec.replicas" };
const struct format format_docs = { docs_ok, 300,
				    "a page below " DOCS_BASE
				    ", as in Tasks/x.htm, or an https:// URL" };
const struct format format_token = {
	token_ok, 255, "letters, digits, and - . _ (it stands in commands to paste)"
};
const struct format format_ocid = { ocid_ok, 255, "the OCID of the cluster" };
const struct format format_gate = { gate_ok, 100, "a feature gate, as in PodLevelResources" };
const struct format format_value = { value_ok, 1000, "printable ASCII" };
const struct format format_user = { user_ok, 500, "an exact name, without \"*\"" };
const struct format format_user_pattern = {
	user_pattern_ok, 500,
	"an exact name, or a beginning with one \"*\" behind it; a "
	"lone \"*\" would be everybody"
};
const struct format format_account = { account_ok, 317,
				       "NAMESPACE/NAME, as in kube-system/coredns" };
const struct format format_kubernetes = { kubernetes_ok, 4, "a minor version, as in \"1.36\"" };

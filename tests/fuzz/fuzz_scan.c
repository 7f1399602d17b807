/* SPDX-License-Identifier: Apache-2.0
 * fuzz_scan.c - any bytes as the records of a scan: a line each.
 *
 * Each check that was asked has one outcome; what is counted agrees with what is listed; every
 * text of a finding is printable.
 */
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "oke/posture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_be_printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		must((unsigned char)s.s[i] >= 0x20 && (unsigned char)s.s[i] < 0x7f);
}

static void look_at_finding(const struct posture_finding *f)
{
	must(f->check && f->key);
	must_be_printable(f->kind);
	must_be_printable(f->namespace);
	must_be_printable(f->name);
	must_be_printable(f->path);
	must_be_printable(f->from);
	must_be_printable(f->to);
	must_be_printable(f->tool);
	must_be_printable(f->text);
}

static void look_at(const struct posture_results *r)
{
	size_t n = 0;

	while (posture_check_at(n))
		n++;
	must(r->checks_n == n);
	for (size_t i = 0; i < r->checks_n; i++) {
		const struct posture_outcome *o = &r->checks[i];

		must(o->check == posture_check_at(i));
		must(o->kept <= o->findings && o->kept <= POSTURE_FINDINGS_MAX);
		must((o->result == POSTURE_FINDING) == (o->findings > 0));
		must(o->counted[0] + o->counted[1] + o->counted[2] <= o->findings);
		for (size_t k = 0; k < o->kept; k++)
			look_at_finding(&o->v[k]);
	}
}

static void feed(struct posture *p, struct str text)
{
	struct err err = { .kind = ERR_NONE };
	struct posture_request q;

	while (text.n) {
		const char *end = memchr(text.s, '\n', text.n);
		struct str line = { text.s, end ? (size_t)(end - text.s) : text.n };

		if (posture_record(p, line, &err) < 0)
			must(err.msg[0]);
		text = str_from(text, end ? line.n + 1 : line.n);
	}
	for (int i = 0; i < 200 && posture_next(p, &q); i++)
		must(q.method[0] && q.path[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_set *set;
	struct posture_options options = { .now = 1789000000 };
	scoped(posture_end) struct posture *p = NULL;
	struct err err = { .kind = ERR_NONE };
	struct posture_results r;

	if (!set && !(set = policy_set_new(NULL, &(struct policy_report){ .message = NULL })))
		abort();
	options.set = set;
	if (!(p = posture_new(&options, &err)))
		abort();
	feed(p, (struct str){ (const char *)data, size });
	if (posture_finish(p, &r, &err) == 0)
		look_at(&r);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * fuzz_agent_stream.c - any bytes as what passes through the agent: an answer of the API server in
 * pieces, a line of what a scan asks for, the report that a scan published.
 *
 * Pieces make no difference to what an answer holds; no path that may be sent names Secrets; what
 * becomes a label or an Event is of plain signs.
 */
#include <stdlib.h>

#include "agent/collect/request.h"
#include "agent/collect/splitter.h"
#include "agent/published.h"
#include "lib/base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- an answer ---- */

struct taken {
	uint64_t hash;
	size_t items;
};

static bool take_item(void *ctx, struct str item)
{
	struct taken *t = ctx;

	must(item.n > 0 && item.n <= SPLITTER_ITEM_MAX);
	t->hash = str_hash(t->hash + 1, item);
	t->items++;
	return true;
}

static bool take_oversize(void *ctx, uint64_t bytes)
{
	struct taken *t = ctx;

	must(bytes > SPLITTER_ITEM_MAX);
	t->items++;
	return true;
}

static bool take_columns(void *ctx, struct str definitions)
{
	struct taken *t = ctx;

	t->hash = str_hash(t->hash + 2, definitions);
	return true;
}

static const struct splitter_ops ops = { take_item, take_oversize, take_columns };

/* In pieces of so many bytes. Was it whole? */
static bool split(enum splitter_shape shape, struct str all, size_t piece, struct taken *t)
{
	struct splitter *s = splitter_new(shape, &ops, t);
	struct err err = { .kind = ERR_NONE };
	int status = 0;

	must(s != NULL);
	*t = (struct taken){ 0 };
	for (size_t at = 0; status == 0 && at < all.n; at += piece)
		status =
			splitter_feed(s, all.s + at, all.n - at < piece ? all.n - at : piece, &err);
	if (status == 0)
		status = splitter_finish(s, &err);
	must(status == 0 || err.msg[0]);
	if (status == 0)
		t->hash = str_hash(t->hash + 3, splitter_metadata(s));
	splitter_free(s);
	return status == 0;
}

static void read_answer(struct str all)
{
	static const size_t pieces[] = { 1, 7 };

	for (int shape = SPLITTER_WHOLE; shape <= SPLITTER_TABLE; shape++) {
		struct taken whole, parts;
		bool good = split((enum splitter_shape)shape, all, all.n + 1, &whole);

		for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
			must(split((enum splitter_shape)shape, all, pieces[i], &parts) == good);
			must(!good || (parts.hash == whole.hash && parts.items == whole.items));
		}
	}
}

/* ---- a request ---- */

/* Where a resource stands: /api/v1/secrets and /api/v1/namespaces/NAME/secrets, and what is below.
 */
static bool names_secrets(const char *path, const char *query)
{
	const char *at = path;

	if (strncmp(at, "/api/", 5) != 0 || !(at = strchr(at + 5, '/')) || at >= query)
		return false;
	if (strncmp(at, "/namespaces/", 12) == 0 && (!(at = strchr(at + 12, '/')) || at >= query))
		return false;
	return strncmp(at, "/secrets", 8) == 0 && (at + 8 == query || at[8] == '/');
}

static void read_request(struct str all)
{
	scoped(arena_end) struct arena arena;
	struct collect_request r;
	struct err err = { .kind = ERR_NONE };

	arena_init(&arena, 1u << 20);
	if (collect_request_read(all, &arena, &r, &err) < 0) {
		must(err.msg[0]);
	} else if (!collect_request_refusal(r.path)) {
		const char *query = r.path + strcspn(r.path, "?");

		must(r.path[0] == '/' && !memchr(r.path, '%', (size_t)(query - r.path)));
		must(!names_secrets(r.path, query));
	}
}

/* ---- a report ---- */

static void must_be_plain(const char *s)
{
	for (; *s; s++)
		must((unsigned char)*s >= 0x20 && (unsigned char)*s < 0x7f);
}

static void read_findings(const struct json *findings, struct arena *arena)
{
	struct published_event e;
	char name[PUBLISHED_NAME];

	for (const struct json *f = findings && findings->type == JSON_ARRAY ? findings->child
									     : NULL;
	     f; f = f->next) {
		struct str event;

		if (!published_event_of(f, arena, &e))
			continue;
		published_event_name(&e, 1800000000, name);
		must_be_plain(name);
		event = published_event_print(&e, 1800000000, arena);
		must(!event.s || event.s[0] == '{');
	}
}

static void read_report(struct str all)
{
	static struct published p;
	scoped(arena_end) struct arena arena;
	const struct json *findings = NULL;
	struct err err = { .kind = ERR_NONE };
	struct str text;

	arena_init(&arena, 8u << 20);
	if (published_find(all, &arena, &text, &err) < 0)
		must(err.msg[0]);
	if (published_read(all, &arena, &p, &findings, &err) < 0) {
		must(err.msg[0]);
		return;
	}
	must(p.checks_n <= PUBLISHED_CHECKS && p.facts_n <= PUBLISHED_FACTS);
	for (size_t i = 0; i < p.checks_n; i++) {
		must_be_plain(p.checks[i].id);
		must(!strpbrk(p.checks[i].id, "\"\\"));
	}
	for (size_t i = 0; i < p.facts_n; i++)
		must_be_plain(p.facts[i]);
	read_findings(findings, &arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size };

	read_answer(all);
	read_request(all);
	read_report(all);
	return 0;
}

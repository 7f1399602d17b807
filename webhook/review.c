/* SPDX-License-Identifier: Apache-2.0
 * review.c - the envelope of an AdmissionReview: bytes to a request.
 *
 * Each byte is passed once: members of the envelope are read strictly, objects are
 * stepped over. review_encode.c writes the answer.
 */
#include "webhook/review.h"

#include "lib/base/attributes.h"
#include "lib/json/json.h"
#include "webhook/review_members.h"

static int review_refuse_missing(const struct review_decoder *d, const char *where)
{
	return err_set(d->err, ERR_SYNTAX, "%s is missing", where);
}

static int review_refuse_twice(const struct review_decoder *d, const char *where)
{
	return err_set(d->err, ERR_SYNTAX, "%s is there twice", where);
}

/* The members of `request` that we know, in the order in which an API server writes them. */
#define TO(field) offsetof(struct request, field)
static const struct review_member {
	struct str where; /* "request." and the name */
	review_read *read;
	size_t to; /* where out points to */
	bool required;
} request_members[] = {
	{ TEXT("request.uid"), review_read_uid, TO(uid), true },
	{ TEXT("request.kind"), review_read_kind, TO(kind), true },
	{ TEXT("request.resource"), review_read_resource, TO(resource), true },
	{ TEXT("request.subResource"), review_read_string, TO(subresource), false },
	{ TEXT("request.requestKind"), review_read_kind, TO(request_kind), false },
	{ TEXT("request.requestResource"), review_read_resource, TO(request_resource), false },
	{ TEXT("request.requestSubResource"), review_read_string, TO(request_subresource), false },
	{ TEXT("request.name"), review_read_string, TO(name), false },
	{ TEXT("request.namespace"), review_read_string, TO(namespace), false },
	{ TEXT("request.operation"), review_read_operation, TO(operation), true },
	{ TEXT("request.userInfo"), review_read_user, TO(user), false },
	{ TEXT("request.object"), review_read_range, TO(object), false },
	{ TEXT("request.oldObject"), review_read_range, TO(old_object), false },
	{ TEXT("request.dryRun"), review_read_dry_run, TO(dry_run), false },
	{ TEXT("request.options"), review_read_range, TO(options), false },
};
#define WHERE_PREFIX (sizeof "request." - 1)
#define MEMBERS_N    (sizeof request_members / sizeof *request_members)

/* Which member is it? next: where to look first. MEMBERS_N: none that we know. */
static size_t review_find_member(struct str key, size_t next)
{
	for (size_t tried = 0; tried < MEMBERS_N; tried++) {
		size_t i = next + tried < MEMBERS_N ? next + tried : next + tried - MEMBERS_N;

		struct str name = str_from(request_members[i].where, WHERE_PREFIX);

		if (str_eq(key, name) || json_skim_is(key, name))
			return i;
	}
	return MEMBERS_N;
}

/* Each is to be there once at most. */
static int review_read_member(struct review_decoder *d, size_t i, struct str value)
{
	const struct review_member *known = &request_members[i];

	if (i == MEMBERS_N)
		return 0;
	if (d->seen & 1u << i)
		return review_refuse_twice(d, known->where.s);
	d->seen |= 1u << i;
	return known->read(d, known->where.s, value, (char *)d->req + known->to);
}

static int request_complete(struct review_decoder *d)
{
	for (size_t i = 0; i < MEMBERS_N; i++)
		if (request_members[i].required && !(d->seen & 1u << i))
			return review_refuse_missing(d, request_members[i].where.s);
	return d->req->resource.resource.n ? 0
					   : review_refuse_missing(d, "request.resource.resource");
}

/* Step over the value. The second object of an UPDATE is mostly a copy of the first. */
static bool review_pass_member(struct review_decoder *d, size_t i, struct str request,
			       struct json_member *m)
{
	bool update = d->req->operation == OP_UPDATE;

	if (i < MEMBERS_N && request_members[i].to == TO(object))
		return policy_skim_object(d->req, request, m, update ? d->track : NULL);
	if (i < MEMBERS_N && request_members[i].to == TO(old_object))
		return json_skim_beside(request, m, d->track);
	return json_skim_value(request, m);
}

/* `request` is read where it stands: the whole body is passed once. */
static int review_read_request(struct review_decoder *d, struct json_member *request)
{
	struct json_member m = { .next = NULL };
	size_t next = 0;

	if (request->value.s[0] != '{')
		return review_refuse(d, "request", "must be an object");
	while (json_skim_key(request->value, &m)) {
		size_t i = review_find_member(m.key, next);

		if (!review_pass_member(d, i, request->value, &m))
			break;
		if (review_read_member(d, i, m.value) < 0)
			return -1;
		next = i < MEMBERS_N ? i + 1 : next;
	}
	if (!json_skim_leave(request, &m))
		return 1;
	return request_complete(d);
}

/* Where a review was not converted, what the client sent is the same, there or left out. */
static void review_fill_in(struct review_decoder *d)
{
	struct request *r = d->req;

	if (!r->request_kind.kind.n)
		r->request_kind = r->kind;
	if (!r->request_resource.resource.n)
		r->request_resource = r->resource;
	if (!r->request_subresource.n)
		r->request_subresource = r->subresource;
}

static int review_read_version(struct review_decoder *d, struct str raw, enum review_version *out)
{
	struct str version = { NULL, 0 };

	if (review_read_string(d, "apiVersion", raw, &version) < 0)
		return -1;
	if (str_is(version, "admission.k8s.io/v1"))
		*out = REVIEW_V1;
	else if (str_is(version, "admission.k8s.io/v1beta1"))
		*out = REVIEW_V1BETA1;
	else
		return review_refuse(d, "apiVersion",
				     "must be admission.k8s.io/v1 or admission.k8s.io/v1beta1");
	return 0;
}

static int review_read_own_kind(struct review_decoder *d, struct str raw)
{
	struct str kind = { NULL, 0 };

	if (review_read_string(d, "kind", raw, &kind) < 0)
		return -1;
	return str_is(kind, "AdmissionReview")
		       ? 0
		       : review_refuse(d, "kind", "must be AdmissionReview");
}

/* The strict reader knows where it goes wrong. */
static int review_not_well_formed(struct review_decoder *d, struct str body)
{
	if (!body.n)
		return err_set(d->err, ERR_SYNTAX, "the body is empty");
	if (!json_parse(body, NULL, d->arena, d->err) && d->err->kind == ERR_SYNTAX)
		return err_in(d->err, "the body is not JSON");
	return err_set(d->err, ERR_SYNTAX, "the body must be a JSON object");
}

enum { HAS_KIND, HAS_VERSION, HAS_REQUEST, ENVELOPE_N };

static int review_read_envelope(struct review_decoder *d, struct str body, struct review *out,
				bool has[ENVELOPE_N])
{
	const struct str names[] = { STR("kind"), STR("apiVersion"), STR("request") };
	struct json_member m = { .next = NULL };

	while (json_skim_key(body, &m)) {
		int which = 0, result = 0;

		while (which < ENVELOPE_N && !json_skim_is(m.key, names[which]))
			which++;
		if (which < ENVELOPE_N && has[which])
			return review_refuse_twice(d, names[which].s);
		if (which == HAS_REQUEST ? (result = review_read_request(d, &m)) > 0
					 : !json_skim_value(body, &m))
			return review_not_well_formed(d, body);
		if (which == HAS_KIND)
			result = review_read_own_kind(d, m.value);
		else if (which == HAS_VERSION)
			result = review_read_version(d, m.value, &out->version);
		if (result < 0)
			return -1;
		if (which < ENVELOPE_N)
			has[which] = true;
	}
	return m.whole ? 0 : review_not_well_formed(d, body);
}

static int review_finish(struct review_decoder *d, const bool has[ENVELOPE_N])
{
	if (!has[HAS_VERSION])
		return review_refuse_missing(d, "apiVersion");
	if (!has[HAS_KIND])
		return review_refuse_missing(d, "kind");
	if (!has[HAS_REQUEST])
		return review_refuse_missing(d, "request");
	review_fill_in(d);
	return 0;
}

int review_decode(struct str body, struct arena *arena, struct review *out, struct err *err)
{
	struct review review = { .version = REVIEW_V1 };
	UNZEROED struct json_track track;
	struct review_decoder d = {
		.arena = arena, .req = &review.request, .err = err, .track = &track
	};
	bool has[ENVELOPE_N] = { false };

	track.n = 0;
	if (review_read_envelope(&d, body, &review, has) < 0 || review_finish(&d, has) < 0)
		return -1;
	*out = review;
	return 0;
}

/* ---- the beginning of a body ---- */

/* What is there of an object, which may be all of it. */
static void head_object(struct review_decoder *d, const struct json_member *m)
{
	if (json_skim_is(m->key, STR("object")))
		d->req->object = m->value;
	else
		d->req->old_object = m->value;
}

/* A userInfo that is cut off, or that takes too much memory: the name alone. */
static void head_user(struct review_decoder *d, struct str raw)
{
	struct json_member m = { .next = NULL };

	d->req->user = (struct user){ .groups_n = 0 };
	while (json_skim_next(raw, &m))
		if (json_skim_is(m.key, STR("username")) && m.value.s[0] == '"') {
			d->req->user.name = json_str(review_parse(d, "request.userInfo", m.value));
			return;
		}
}

/*
 * The members up to the first object that is no null, and that object's beginning. 1: the envelope
 * is known; 0: the text ends before; -1.
 */
static int head_request(struct review_decoder *d, struct str raw)
{
	struct json_member m = { .next = NULL };
	size_t next = 0, i;
	bool known = false;

	while (json_skim_key(raw, &m)) {
		bool object = review_is_object(m.key), user = json_skim_is(m.key, STR("userInfo"));

		if (object && m.value.s[0] == '{') {
			head_object(d, &m);
			return 1;
		}
		if (!json_skim_value(raw, &m)) {
			if (user)
				head_user(d, m.value);
			return user || known;
		}
		i = review_find_member(m.key, next);
		if (!object && review_read_member(d, i, m.value) < 0) {
			if (!user)
				return -1;
			head_user(d, m.value);
		}
		next = i < MEMBERS_N ? i + 1 : next;
		known = known || user;
	}
	return known;
}

static int head_envelope(struct review_decoder *d, struct str head, struct review *out,
			 bool has[ENVELOPE_N])
{
	const struct str names[] = { STR("kind"), STR("apiVersion"), STR("request") };
	struct json_member m = { .next = NULL };
	int which, known;

	while (json_skim_key(head, &m)) {
		for (which = 0; which < ENVELOPE_N && !json_skim_is(m.key, names[which]);)
			which++;
		if (which < ENVELOPE_N)
			has[which] = true;
		if (which == HAS_REQUEST) {
			if (m.value.s[0] != '{')
				return review_refuse(d, "request", "must be an object");
			if ((known = head_request(d, m.value)) < 0)
				return -1;
			return known ? request_complete(d)
				     : review_refuse(d, "the body", "ends before its objects");
		}
		if (!json_skim_value(head, &m))
			break;
		if ((which == HAS_KIND && review_read_own_kind(d, m.value) < 0) ||
		    (which == HAS_VERSION && review_read_version(d, m.value, &out->version) < 0))
			return -1;
	}
	return review_refuse(d, "the body", "ends before its request");
}

int review_decode_head(struct str head, struct arena *arena, struct review *out, struct err *err)
{
	struct review review = { .version = REVIEW_V1 };
	struct review_decoder d = { .arena = arena, .req = &review.request, .err = err };
	bool has[ENVELOPE_N] = { false };

	if (head_envelope(&d, head, &review, has) < 0 || review_finish(&d, has) < 0)
		return -1;
	*out = review;
	return 0;
}

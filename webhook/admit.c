/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook/admit.h"

#include <string.h>

const char admit_too_large[] = "the body is larger than 32 MiB";
const struct refusal admit_no_review = {
	413, "the body is larger than 8 MiB, and does not begin as a review", NULL, NULL
};

static const char *const review_paths[] = {
	[POLICIES_ALL] = "/validate",
	[POLICIES_SUPPORT] = "/validate/support",
	[POLICIES_ALPHA] = "/validate/alpha",
};
#define REVIEW_PATHS (sizeof review_paths / sizeof *review_paths)

static size_t admit_review_path(const struct head *h)
{
	size_t i = 0;

	while (i < REVIEW_PATHS && strcmp(h->path, review_paths[i]) != 0)
		i++;
	return i;
}

enum policies_part admit_part(const struct head *h)
{
	size_t i = admit_review_path(h);

	return i < REVIEW_PATHS ? (enum policies_part)i : POLICIES_ALL;
}

static bool admit_is_elsewhere(const struct head *h)
{
	return admit_review_path(h) == REVIEW_PATHS;
}

static bool admit_is_no_post(const struct head *h)
{
	return strcmp(h->method, "POST") != 0;
}

static bool admit_has_no_length(const struct head *h)
{
	return !h->lengths; /* chunked or not */
}

static bool admit_has_no_number(const struct head *h)
{
	return h->length == UINT64_MAX;
}

static bool admit_is_too_large(const struct head *h)
{
	return h->length > BODY_SENT_MAX;
}

static bool admit_is_no_json(const struct head *h)
{
	return h->types != 1 || !h->json;
}

static bool admit_is_compressed(const struct head *h)
{
	return h->compressed;
}

static bool admit_is_empty(const struct head *h)
{
	return !h->length;
}

const struct refusal *admit_review(const struct head *h)
{
	static const struct {
		bool (*fails)(const struct head *h);
		struct refusal refusal;
	} checks[] = {
		{ head_is_malformed, { 400, "a header of the request is malformed", NULL, NULL } },
		{ head_has_two_lengths,
		  { 400, "the length of the body is given twice", NULL, NULL } },
		{ admit_is_elsewhere, { 404, "there is only /validate here", NULL, NULL } },
		{ admit_is_no_post, { 405, "send a POST", "Allow", "POST" } },
		{ admit_has_no_length, { 411, "send a Content-Length", NULL, NULL } },
		{ admit_has_no_number, { 400, "Content-Length is no number", NULL, NULL } },
		{ admit_is_too_large, { 413, admit_too_large, NULL, NULL } },
		{ admit_is_no_json, { 415, "send Content-Type: application/json", NULL, NULL } },
		{ admit_is_compressed, { 415, "send the body uncompressed", NULL, NULL } },
		{ admit_is_empty, { 400, "the body is empty", NULL, NULL } },
	};

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (checks[i].fails(h))
			return &checks[i].refusal;
	return NULL;
}

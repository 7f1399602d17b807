/* SPDX-License-Identifier: Apache-2.0
 * specials.c - see specials.h; the order is that of enum when_special.
 */
#include "policy/model/specials.h"

#include "policy/model/model.h"

static const struct {
	const char *text, *words;
} specials[SPECIALS] = {
	{ "$exemptServiceAccounts", "an exempt service account" },
	{ "$setServiceAccounts", "a service account of a named set" },
	{ "$guardServiceAccounts", "a service account of oke-guard or of guardAdmins" },
	{ "$exemptSubjects", "an exempt identity" },
	{ "$setSubjects", "a member of a named set" },
	{ "$guardSubjects", "an account of oke-guard or of guardAdmins" },
	{ "$cluster.dnsIP", "the address of the cluster's DNS" },
};

const char *special_text(size_t i)
{
	return i < SPECIALS ? specials[i].text : NULL;
}

const char *special_words(size_t i)
{
	return i < SPECIALS ? specials[i].words : NULL;
}

/* SPDX-License-Identifier: Apache-2.0
 * rotate.c - when to renew.
 *
 * Two thirds of the life: with a year that leaves four months in which a failed
 * renewal is only a message.
 */
#include "oke/certs.h"

int64_t certs_renew_at(int64_t not_before, int64_t not_after)
{
	return not_after - (not_after - not_before) / 3;
}

bool certs_due(int64_t not_before, int64_t not_after, int64_t now)
{
	return now >= certs_renew_at(not_before, not_after);
}

/* SPDX-License-Identifier: Apache-2.0
 * chance.h - numbers by chance, the same ones in each run.
 */
#ifndef TESTS_UNIT_CHANCE_H
#define TESTS_UNIT_CHANCE_H

#include <stddef.h>
#include <stdint.h>

/* One below n, by xorshift64; *state is not 0, and goes on. */
static inline size_t chance(uint64_t *state, size_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (size_t)(*state >> 11) % n;
}

#endif

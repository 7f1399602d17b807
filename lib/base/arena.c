/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/arena.h"

size_t arena_block = ARENA_BLOCK;

#include "lib/base/arena.h"

size_t arena_block = ARENA_BLOCK;

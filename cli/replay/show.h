/* SPDX-License-Identifier: Apache-2.0
 * show.h - `replay --show-input`: how the first lines of a file are read. For whoever
 * writes a map for an envelope: which line holds an event, where, and what it tells.
 */
#ifndef CLI_REPLAY_SHOW_H
#define CLI_REPLAY_SHOW_H

#include "cli/replay/run.h"

#define SHOW_LINES 10 /* of each file */

/* -1: a file could not be read, which was said, or the output not written. */
int replay_show_input(const struct replay_files *files, const struct replay_map *map,
		      bool large_windows);

#endif

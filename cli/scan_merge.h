/* SPDX-License-Identifier: Apache-2.0
 * scan_merge.h - `oke-guard scan merge`; private to cli.
 */
#ifndef CLI_SCAN_MERGE_H
#define CLI_SCAN_MERGE_H

/* `oke-guard scan merge`: a fleet's reports as one table. */
int scan_merge(int argc, char **argv);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * memory.h - what the process keeps of the memory it once needed.
 */
#ifndef LIB_BASE_MEMORY_H
#define LIB_BASE_MEMORY_H

/* Before any thread starts: how malloc is to treat large pieces, and threads. */
void memory_tune(void);
/* Give free pieces back to the system. */
void memory_trim(void);
/*
 * Let the system drop the code and the tables that only starting needed (of libcrypto,
 * 4 MiB); what is used again comes back by itself.
 */
void memory_drop_code(void);

#endif

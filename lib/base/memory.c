/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#define MMAP_THRESHOLD (128 * 1024)
#define TRIM_THRESHOLD (256 * 1024)
#define ARENAS         2

void memory_tune(void)
{
	/* Mapped pieces go back as they are freed; glibc would raise the threshold as it learns. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD);
	mallopt(M_ARENA_MAX, ARENAS); /* each keeps its own remains */
}

void memory_trim(void)
{
	malloc_trim(0);
}

/*
 * Segments that are not writable are the file's own bytes, unchanged: dropped pages are read
 * again from it. (RELRO lies in a writable segment and is left alone.)
 */
static int memory_drop_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
	ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);

	(void)size;
	(void)ctx;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		ElfW(Addr) from = (info->dlpi_addr + h->p_vaddr + page - 1) & ~(page - 1);
		ElfW(Addr) to = (info->dlpi_addr + h->p_vaddr + h->p_filesz) & ~(page - 1);

		if (h->p_type == PT_LOAD && !(h->p_flags & PF_W) && from < to)
			/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address, from the linker */
			madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void memory_drop_code(void)
{
	dl_iterate_phdr(memory_drop_object, NULL);
}

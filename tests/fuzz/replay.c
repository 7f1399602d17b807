/* SPDX-License-Identifier: Apache-2.0
 * replay.c - a fuzz target without a fuzzer: runs it once for each file named,
 * and for each file of a folder named.
 *
 * `make check` replays the corpus with it, under any compiler and sanitizer.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"

#define INPUT_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* -1 with a line on stderr when the file cannot be read. */
static int replay_file(const char *path)
{
	scoped(file_end) FILE *f = fopen(path, "rb");
	scoped(free_end) uint8_t *data = NULL;
	struct stat st;
	size_t size;

	if (!f || fstat(fileno(f), &st) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	size = (size_t)st.st_size;
	/* Exactly as long as the input: a sanitizer then sees the first byte behind it. */
	if (st.st_size > INPUT_MAX || !(data = malloc(size)) || fread(data, 1, size, f) != size) {
		fprintf(stderr, "%s: too large (over %u bytes) or not readable\n", path, INPUT_MAX);
		return -1;
	}
	LLVMFuzzerTestOneInput(data, size);
	return 0;
}

/* How many inputs; -1 when one of them cannot be read. */
static long replay(const char *path)
{
	char file[4096];
	struct dirent *e;
	long count = 0;
	DIR *d = opendir(path);

	if (!d)
		return replay_file(path) < 0 ? -1 : 1;
	while ((e = readdir(d))) {
		if (*e->d_name == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, e->d_name);
		if (replay_file(file) < 0) {
			closedir(d);
			return -1;
		}
		count++;
	}
	closedir(d);
	return count;
}

int main(int argc, char **argv)
{
	long total = 0, n;

	for (int i = 1; i < argc; i++) {
		if ((n = replay(argv[i])) < 0)
			return 1;
		total += n;
	}
	printf("%ld inputs\n", total);
	return total ? 0 : 1;
}

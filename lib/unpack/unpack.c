/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/unpack/unpack.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define INPUT_BYTES (128u << 10)
#define LOOK_MS     100 /* how often somebody who waits looks whether to stop */

enum unpack_kind { UNPACK_PLAIN, UNPACK_GZIP, UNPACK_ZSTD };

struct unpack {
	int fd;
	struct unpack_options options;
	enum unpack_kind kind;
	z_stream gzip;
	bool gzip_open;
	ZSTD_DStream *zstd;
	bool inside; /* a member or frame has begun and not ended */
	bool ended;  /* of the file */
	bool failed;
	bool waits; /* a read may last: it is no plain file */
	uint64_t passed;
	size_t at, n; /* what is left of the input */
	unsigned char input[INPUT_BYTES];
};

/* ---- the file's own bytes ---- */

/* Until something can be read; -1 where `stop` comes first. */
static int unpack_wait(const struct unpack *u, struct err *err)
{
	struct pollfd p = { .fd = u->fd, .events = POLLIN };

	while (u->waits && u->options.stop) {
		if (atomic_load_explicit(u->options.stop, memory_order_relaxed))
			return err_set(err, ERR_IO, "interrupted");
		if (poll(&p, 1, LOOK_MS) > 0)
			break;
	}
	return 0;
}

static long unpack_get(struct unpack *u, void *buf, size_t room, struct err *err)
{
	ssize_t got;

	if (unpack_wait(u, err) < 0)
		return -1;
	do
		got = read(u->fd, buf, room);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_set(err, ERR_IO, "%s", strerror(errno));
	u->ended = !got;
	u->passed += (uint64_t)got;
	if (u->options.passed)
		atomic_fetch_add_explicit(u->options.passed, (unsigned long long)got,
					  memory_order_relaxed);
	return (long)got;
}

/* Keep at least one byte of input, unless the file is at its end. */
static int unpack_fill(struct unpack *u, struct err *err)
{
	long got;

	if (u->at < u->n || u->ended)
		return 0;
	if ((got = unpack_get(u, u->input, INPUT_BYTES, err)) < 0)
		return -1;
	u->at = 0;
	u->n = (size_t)got;
	return 0;
}

/* The first four bytes, which a pipe may give one by one. */
static int unpack_begin(struct unpack *u, struct err *err)
{
	while (u->n < 4 && !u->ended) {
		long got = unpack_get(u, u->input + u->n, INPUT_BYTES - u->n, err);

		if (got < 0)
			return -1;
		u->n += (size_t)got;
	}
	return 0;
}

static bool unpack_is_zstd(const unsigned char *p, size_t n)
{
	static const unsigned char frame[] = { 0x28, 0xb5, 0x2f, 0xfd };

	if (n < 4)
		return false;
	return !memcmp(p, frame, 4) || ((p[0] & 0xf0) == 0x50 && !memcmp(p + 1, "\x2a\x4d\x18", 3));
}

static int unpack_open(struct unpack *u, struct err *err)
{
	if (unpack_begin(u, err) < 0)
		return -1;
	if (u->n >= 2 && u->input[0] == 0x1f && u->input[1] == 0x8b) {
		u->kind = UNPACK_GZIP;
		if (inflateInit2(&u->gzip, 15 + 16) != Z_OK)
			return err_nomem(err);
		u->gzip_open = true;
	} else if (unpack_is_zstd(u->input, u->n)) {
		u->kind = UNPACK_ZSTD;
		if (!(u->zstd = ZSTD_createDStream()))
			return err_nomem(err);
		ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax,
				       u->options.large_windows ? 31 : 25);
	}
	return 0;
}

struct unpack *unpack_new(int fd, const struct unpack_options *options, struct err *err)
{
	struct unpack *u = malloc(sizeof *u);
	struct stat st;

	if (!u) {
		(void)err_nomem(err);
		return NULL;
	}
	memset(u, 0, offsetof(struct unpack, input));
	u->fd = fd;
	u->options = *options;
	u->waits = fstat(fd, &st) < 0 || !S_ISREG(st.st_mode);
	if (unpack_open(u, err) < 0) {
		unpack_free(u);
		return NULL;
	}
	return u;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	if (u->gzip_open)
		inflateEnd(&u->gzip);
	ZSTD_freeDStream(u->zstd);
	free(u);
}

uint64_t unpack_passed(const struct unpack *u)
{
	return u->passed;
}

const char *unpack_format(const struct unpack *u)
{
	static const char *const names[] = { "plain", "gzip", "zstd" };

	return names[u->kind];
}

/* ---- what they unpack to ---- */

static int unpack_cut(struct unpack *u, const char *what, struct err *err)
{
	return err_set(err, ERR_SYNTAX,
		       "byte %llu of the file: the %s data ends in the middle; "
		       "what stands before it was read",
		       (unsigned long long)u->passed, what);
}

static long read_plain(struct unpack *u, char *buf, size_t room, struct err *err)
{
	size_t n = u->n - u->at < room ? u->n - u->at : room;

	if (!n)
		return u->ended ? 0 : unpack_get(u, buf, room, err);
	memcpy(buf, u->input + u->at, n);
	u->at += n;
	return (long)n;
}

/* Behind a member stands another, zeroes (of tapes), or nothing. */
static int gzip_next_member(struct unpack *u, struct err *err)
{
	do {
		while (u->at < u->n && !u->input[u->at])
			u->at++;
		if (unpack_fill(u, err) < 0)
			return -1;
	} while (u->at < u->n && !u->input[u->at]);
	if (u->at == u->n)
		return 0;
	if (u->input[u->at] != 0x1f)
		return err_set(err, ERR_SYNTAX,
			       "byte %llu of the file: what stands behind the gzip data is none",
			       (unsigned long long)(u->passed - (u->n - u->at)));
	inflateReset(&u->gzip);
	return 0;
}

static int gzip_step(struct unpack *u, struct err *err)
{
	int got;

	u->gzip.next_in = u->input + u->at;
	u->gzip.avail_in = (unsigned)(u->n - u->at);
	got = inflate(&u->gzip, Z_NO_FLUSH);
	u->at = u->n - u->gzip.avail_in;
	u->inside = got != Z_STREAM_END;
	if (got == Z_STREAM_END)
		return gzip_next_member(u, err);
	if (got == Z_OK || got == Z_BUF_ERROR)
		return 0;
	if (got == Z_MEM_ERROR)
		return err_nomem(err);
	return err_set(err, ERR_SYNTAX, "byte %llu of the file: the gzip data is damaged: %s",
		       (unsigned long long)(u->passed - (u->n - u->at)),
		       u->gzip.msg ? u->gzip.msg : "a dictionary is needed");
}

static long read_gzip(struct unpack *u, char *buf, size_t room, struct err *err)
{
	u->gzip.next_out = (unsigned char *)buf;
	u->gzip.avail_out = (unsigned)room;
	while (u->gzip.avail_out == room) {
		if (unpack_fill(u, err) < 0)
			return -1;
		if (u->at == u->n)
			return u->inside ? unpack_cut(u, "gzip", err) : 0;
		if (gzip_step(u, err) < 0) {
			if (u->gzip.avail_out == room)
				return -1;
			u->failed = true; /* told with the next call */
		}
	}
	return (long)(room - u->gzip.avail_out);
}

static int zstd_failed(struct unpack *u, size_t code, struct err *err)
{
	if (!strcmp(ZSTD_getErrorName(code), "Frame requires too much memory for decoding"))
		return err_set(err, ERR_LIMIT,
			       "the zstd data needs a window of more than 32 MiB; allow it "
			       "with --large-windows");
	return err_set(err, ERR_SYNTAX, "byte %llu of the file: the zstd data is damaged: %s",
		       (unsigned long long)(u->passed - (u->n - u->at)), ZSTD_getErrorName(code));
}

static long read_zstd(struct unpack *u, char *buf, size_t room, struct err *err)
{
	ZSTD_outBuffer out = { buf, room, 0 };

	while (!out.pos) {
		ZSTD_inBuffer in;
		size_t left;

		if (unpack_fill(u, err) < 0)
			return -1;
		if (u->at == u->n && !u->inside)
			return 0;
		in = (ZSTD_inBuffer){ u->input + u->at, u->n - u->at, 0 };
		left = ZSTD_decompressStream(u->zstd, &out, &in);
		u->at += in.pos;
		if (ZSTD_isError(left))
			return zstd_failed(u, left, err);
		u->inside = left > 0;
		if (!in.size && !out.pos)
			return u->inside ? unpack_cut(u, "zstd", err) : 0;
	}
	return (long)out.pos;
}

long unpack_read(struct unpack *u, char *buf, size_t room, struct err *err)
{
	long got;

	if (u->failed)
		return err_set(err, ERR_SYNTAX, "byte %llu of the file: the data is damaged",
			       (unsigned long long)(u->passed - (u->n - u->at)));
	if (room > 1u << 30)
		room = 1u << 30;
	got = u->kind == UNPACK_PLAIN  ? read_plain(u, buf, room, err)
	      : u->kind == UNPACK_GZIP ? read_gzip(u, buf, room, err)
				       : read_zstd(u, buf, room, err);
	u->failed = got < 0;
	return got;
}

/* SPDX-License-Identifier: Apache-2.0
 * check_lines.c - lines of plain and packed files, whole and not.
 */
#include "lib/unpack/lines.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit/suite.h"

static char *text;
static size_t text_n;
static unsigned char *packed;
static size_t packed_n;

static void setup(void)
{
	text = malloc(4u << 20);
	packed = malloc(4u << 20);
	ck_assert(text && packed);
	text_n = packed_n = 0;
	for (int i = 0; i < 20000; i++)
		text_n += (size_t)sprintf(text + text_n, "line %d of some\n", i * 7919 % 20011);
}

static void teardown(void)
{
	free(text);
	free(packed);
}

static void pack_gzip(const char *s, size_t n)
{
	z_stream z = { .next_in = (Bytef *)s, .avail_in = (unsigned)n };

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = packed + packed_n;
	z.avail_out = (unsigned)((4u << 20) - packed_n);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed_n = (4u << 20) - z.avail_out;
	deflateEnd(&z);
}

static void pack_zstd(const char *s, size_t n)
{
	packed_n += ZSTD_compress(packed + packed_n, (4u << 20) - packed_n, s, n, 3);
}

static int file_with(const void *bytes, size_t n)
{
	char name[] = "/tmp/oke-guard-lines-XXXXXX";
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	unlink(name);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

struct seen {
	size_t lines, bytes, too_long, cr;
	int end; /* 0 or -1 */
	struct err err;
};

static void see(const void *bytes, size_t n, bool large, struct seen *out)
{
	int fd = file_with(bytes, n);
	struct unpack_options options = { .large_windows = large };
	struct unpack *u;
	struct input_lines lines;
	struct input_line line;

	*out = (struct seen){ .err = { .msg = "" } };
	u = unpack_new(fd, &options, &out->err);
	ck_assert_ptr_nonnull(u);
	ck_assert_int_eq(lines_init(&lines, u, &out->err), 0);
	while ((out->end = lines_next(&lines, &line, &out->err)) > 0) {
		out->lines++;
		ck_assert_uint_eq(line.number, out->lines);
		out->bytes += line.text.n + 1;
		out->too_long += line.too_long;
		out->cr += line.cr;
	}
	lines_done(&lines);
	ck_assert_uint_le(unpack_passed(u), n);
	unpack_free(u);
	close(fd);
}

START_TEST(plain_and_packed_are_the_same)
{
	struct seen s;

	see(text, text_n, false, &s);
	ck_assert_uint_eq(s.bytes, text_n);
	for (int members = 1; members < 4; members++) {
		packed_n = 0;
		for (int i = 0; i < members; i++)
			pack_gzip(text + text_n * (size_t)i / (size_t)members,
				  text_n * (size_t)(i + 1) / (size_t)members -
					  text_n * (size_t)i / (size_t)members);
		see(packed, packed_n, false, &s);
		ck_assert_int_eq(s.end, 0);
		ck_assert_uint_eq(s.bytes, text_n);
	}
	packed_n = 0;
	pack_zstd(text, text_n / 2);
	pack_zstd(text + text_n / 2, text_n - text_n / 2);
	see(packed, packed_n, false, &s);
	ck_assert_int_eq(s.end, 0);
	ck_assert_uint_eq(s.bytes, text_n);
}
END_TEST

START_TEST(what_is_cut_is_told_after_what_was_read)
{
	struct seen s;

	for (int zstd = 0; zstd < 2; zstd++) {
		packed_n = 0;
		if (zstd)
			pack_zstd(text, text_n);
		else
			pack_gzip(text, text_n);
		see(packed, packed_n - 4, false, &s);
		ck_assert_int_eq(s.end, -1);
		ck_assert_uint_ge(s.lines, zstd ? 0 : 19000);
		ck_assert_ptr_nonnull(strstr(s.err.msg, "ends in the middle"));
		ck_assert_ptr_nonnull(strstr(s.err.msg, "byte "));
	}
}
END_TEST

START_TEST(damage_is_told)
{
	struct seen s;

	pack_gzip(text, text_n);
	packed[packed_n / 2] ^= 0xff;
	see(packed, packed_n, false, &s);
	ck_assert_int_eq(s.end, -1);
	packed_n = 0;
	pack_gzip(text, 100);
	memcpy(packed + packed_n, "junk", 4);
	see(packed, packed_n + 4, false, &s);
	ck_assert_int_eq(s.end, -1);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "behind the gzip data"));
}
END_TEST

START_TEST(zeroes_behind_gzip_are_none)
{
	struct seen s;

	pack_gzip(text, text_n);
	memset(packed + packed_n, 0, 300000);
	see(packed, packed_n + 300000, false, &s);
	ck_assert_int_eq(s.end, 0);
	ck_assert_uint_eq(s.bytes, text_n);
}
END_TEST

START_TEST(a_large_window_has_to_be_allowed)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n = 40u << 20;
	char *much = calloc(1, n), *out = malloc(1u << 20);
	struct seen s;

	ck_assert(c && much && out);
	for (size_t i = 1000; i < n; i += 1000)
		much[i] = '\n';
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 26);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	n = ZSTD_compress2(c, out, 1u << 20, much, n);
	ck_assert(!ZSTD_isError(n));
	see(out, n, false, &s);
	ck_assert_int_eq(s.end, -1);
	ck_assert_int_eq(s.err.kind, ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "--large-windows"));
	see(out, n, true, &s);
	ck_assert_int_eq(s.end, 0);
	ZSTD_freeCCtx(c);
	free(much);
	free(out);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_passed_over)
{
	size_t n = LINES_MAX + 10;
	char *much = malloc(n + 100);
	struct seen s;

	ck_assert_ptr_nonnull(much);
	memset(much, 'x', n);
	memcpy(much + n, "\r\nnext\r\nlast", 12);
	see(much, n + 12, false, &s);
	ck_assert_uint_eq(s.lines, 3);
	ck_assert_uint_eq(s.too_long, 1);
	ck_assert_uint_eq(s.cr, 1);
	/* Exactly as long as a line may be. */
	see(much + 10, n - 10, false, &s);
	ck_assert_uint_eq(s.lines, 1);
	ck_assert_uint_eq(s.too_long, 0);
	free(much);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lines");
	TCase *tc = tcase_create("lines");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, plain_and_packed_are_the_same);
	tcase_add_test(tc, what_is_cut_is_told_after_what_was_read);
	tcase_add_test(tc, damage_is_told);
	tcase_add_test(tc, zeroes_behind_gzip_are_none);
	tcase_add_test(tc, a_large_window_has_to_be_allowed);
	tcase_add_test(tc, a_line_that_is_too_long_is_passed_over);
	suite_add_tcase(s, tc);
	return run_suite(s);
}

/* SPDX-License-Identifier: Apache-2.0
 * scan.h - many bytes at a time: where is the next byte that matters?
 *
 * Strings are what most of an object consists of, so reading is as fast as their
 * ends are found. A test looks at SCAN_WIDTH bytes and gives marks; scan_first says
 * at which byte the first of them stands. With SSE2, which every x86-64 has, 32
 * bytes hold most strings whole, and the branch behind the test is easy to
 * foresee. Elsewhere eight bytes are tested in a word, by the borrow that finds a
 * byte that is zero or below a bound: it runs upwards, so that the first mark is
 * right, and those above it may not be. (CFLAGS=-U__SSE2__ builds and tests that one.)
 */
#ifndef LIB_JSON_SCAN_H
#define LIB_JSON_SCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define SCAN_ALL(byte) (UINT64_C(0x0101010101010101) * (byte)) /* the byte, eight times */

static inline uint32_t scan_half(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof w);
	return le32toh(w);
}

static inline uint64_t scan_word(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return le64toh(w);
}

/* Eight bytes of a string, tested as scan_text does. */
static inline uint64_t scan_text_word(uint64_t w)
{
	return (((w ^ SCAN_ALL('"')) - SCAN_ALL(1)) | ((w ^ SCAN_ALL('\\')) - SCAN_ALL(1)) |
		(w - SCAN_ALL(0x20)) | w) &
	       SCAN_ALL(0x80);
}

/* The lowest bit that is set. */
static inline unsigned scan_bit(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

/* What gives 64 bytes of JSON their shape: a bit for each byte. */
#define SCAN_BLOCK 64
struct scan_shape {
	uint64_t quotes, slashes, open, close; /* brackets of either kind */
};

/* What tells, of a block and the byte behind it, where names and words of other kinds may stand. */
struct scan_words {
	uint64_t after; /* the byte behind may follow the closing quote of a name: scan_after */
	uint64_t pairs; /* "o/", "fe" or "FE" begins here, or seldom another pair */
};

/* Bit i: is the number of bits up to i odd? Of quotes: from one up to the next. */
static inline uint64_t scan_parity(uint64_t bits)
{
	bits ^= bits << 1;
	bits ^= bits << 2;
	bits ^= bits << 4;
	bits ^= bits << 8;
	bits ^= bits << 16;
	return bits ^ bits << 32;
}

#ifdef __SSE2__

#define SCAN_WIDTH 32

static inline __m128i scan_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bit i: byte i of the 16 equals c. */
static inline uint32_t scan_eq16(__m128i v, char c)
{
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c)));
}

static inline uint32_t scan_text16(__m128i v)
{
	__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
	__m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
	__m128i other = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20)); /* signed: beyond ASCII as well */

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), other));
}

/* Inside a string: a quote, a backslash, a control character, or beyond ASCII. */
static inline uint64_t scan_text(const char *p)
{
	return scan_text16(scan_load(p)) | scan_text16(scan_load(p + 16)) << 16;
}

/* The end of a string, valid or not: a quote or a backslash. */
static inline uint64_t scan_quote(const char *p)
{
	__m128i a = scan_load(p), b = scan_load(p + 16);

	return (scan_eq16(a, '"') | scan_eq16(a, '\\')) | (scan_eq16(b, '"') | scan_eq16(b, '\\'))
								  << 16;
}

/* Where the two differ. */
static inline uint64_t scan_differ(const char *a, const char *b)
{
	__m128i low = _mm_cmpeq_epi8(scan_load(a), scan_load(b));
	__m128i high = _mm_cmpeq_epi8(scan_load(a + 16), scan_load(b + 16));

	return ~((uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16) &
	       UINT32_MAX;
}

static inline __m128i scan_pair16(const char *p, __m128i a, __m128i b)
{
	return _mm_and_si128(_mm_cmpeq_epi8(scan_load(p), a), _mm_cmpeq_epi8(scan_load(p + 1), b));
}

/* Does a stand in the block with b behind it? Looks at one byte more. */
static inline bool scan_has_pair(const char *p, char a, char b)
{
	__m128i x = _mm_set1_epi8(a), y = _mm_set1_epi8(b);
	__m128i first = _mm_or_si128(scan_pair16(p, x, y), scan_pair16(p + 16, x, y));
	__m128i second = _mm_or_si128(scan_pair16(p + 32, x, y), scan_pair16(p + 48, x, y));

	return _mm_movemask_epi8(_mm_or_si128(first, second)) != 0;
}

static inline size_t scan_first(uint64_t marks)
{
	return (size_t)__builtin_ctzll(marks);
}

/* Bit i: byte i of the 64 equals c. */
static inline uint64_t scan_bits(const char *p, char c)
{
	return scan_eq16(scan_load(p), c) | (uint64_t)scan_eq16(scan_load(p + 16), c) << 16 |
	       (uint64_t)scan_eq16(scan_load(p + 32), c) << 32 |
	       (uint64_t)scan_eq16(scan_load(p + 48), c) << 48;
}

static inline uint64_t scan_after16(const char *p)
{
	__m128i v = scan_load(p), low = _mm_cmplt_epi8(v, _mm_set1_epi8(0x21));
	__m128i colon = _mm_cmpeq_epi8(v, _mm_set1_epi8(':'));
	__m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(colon, slash)));
}

/*
 * Bit i: byte i may stand behind the closing quote of a member's name, in an object or in the text
 * of one that is a string itself: a colon, a backslash, white space (or what is neither ASCII).
 */
static inline uint64_t scan_after(const char *p)
{
	return scan_after16(p) | scan_after16(p + 16) << 16 | scan_after16(p + 32) << 32 |
	       scan_after16(p + 48) << 48;
}

static inline void scan_shape16(const char *p, unsigned at, struct scan_shape *s)
{
	__m128i v = scan_load(p + at), low = _mm_or_si128(v, _mm_set1_epi8(0x20));

	s->quotes |= (uint64_t)scan_eq16(v, '"') << at;
	s->slashes |= (uint64_t)scan_eq16(v, '\\') << at;
	s->open |= (uint64_t)scan_eq16(low, '{') << at; /* '[' and '{' differ in this bit alone */
	s->close |= (uint64_t)scan_eq16(low, '}') << at;
}

static inline struct scan_shape scan_shape(const char *p)
{
	struct scan_shape s = { 0, 0, 0, 0 };

	scan_shape16(p, 0, &s);
	scan_shape16(p, 16, &s);
	scan_shape16(p, 32, &s);
	scan_shape16(p, 48, &s);
	return s;
}

/* The same in half the steps, where the processor can: most of what a large review costs. */
#define SCAN_WIDE __attribute__((target("avx2,bmi,popcnt,pclmul")))

static inline bool scan_has_wide(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("pclmul");
}

SCAN_WIDE static inline uint64_t scan_eq32(__m256i v, char c)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)));
}

/* To multiply by ones without carry counts the bits in the same way. */
SCAN_WIDE static inline uint64_t scan_parity_wide(uint64_t bits)
{
	__m128i ones = _mm_set1_epi8('\xff');

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), ones, 0));
}

SCAN_WIDE static inline __m256i scan_load32(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/*
 * As scan_text: a quote and a backslash by the low half of a byte, which is its own; what is below
 * 0x20, and beyond ASCII, by the sign that is left when 0x20 is taken away.
 */
SCAN_WIDE static inline uint64_t scan_text_wide(const char *p)
{
	const __m256i own = _mm256_setr_epi8(0, 0, '"', 0, 0, 0, 0, 0, 0, 0, 0, 0, '\\', 0, 0, 0, 0,
					     0, '"', 0, 0, 0, 0, 0, 0, 0, 0, 0, '\\', 0, 0, 0);
	__m256i v = scan_load32(p), same = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(own, v), v);

	return (uint32_t)_mm256_movemask_epi8(
		_mm256_or_si256(same, _mm256_subs_epi8(v, _mm256_set1_epi8(0x20))));
}

/* White space, a colon or a backslash: of the first by the low half of a byte, which is its own. */
SCAN_WIDE static inline __m256i scan_after32(__m256i v)
{
	const __m256i own =
		_mm256_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', ':', 0, '\\', '\r', 0, 0, ' ',
				 0, 0, 0, 0, 0, 0, 0, 0, '\t', ':', 0, '\\', '\r', 0, 0);

	return _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(own, v), v),
			       _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n')));
}

SCAN_WIDE static inline uint64_t scan_mask32(__m256i a, __m256i b)
{
	return (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b)
							   << 32;
}

/*
 * v, and the bytes behind those of v: in which bits both are to differ is told by the low half of
 * the first, 0x40 of an 'o', 3 of an 'f'; 0x80 are none.
 */
SCAN_WIDE static inline __m256i scan_pairs32(__m256i v, __m256i behind)
{
	const char no = '\x80', o = 'o' ^ '/', f = 'f' ^ 'e';
	const __m256i differ =
		_mm256_setr_epi8(no, no, no, no, no, no, f, no, no, no, no, no, no, no, no, o, no,
				 no, no, no, no, no, f, no, no, no, no, no, no, no, no, o);

	return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(differ, v), _mm256_xor_si256(v, behind));
}

SCAN_WIDE static inline struct scan_words scan_words_wide(const char *p)
{
	__m256i a = scan_load32(p), b = scan_load32(p + 32);
	__m256i behind_a = scan_load32(p + 1), behind_b = scan_load32(p + 33);

	return (struct scan_words){ scan_mask32(scan_after32(behind_a), scan_after32(behind_b)),
				    scan_mask32(scan_pairs32(a, behind_a),
						scan_pairs32(b, behind_b)) };
}

SCAN_WIDE static inline struct scan_shape scan_shape_wide(const char *p)
{
	__m256i a = scan_load32(p), b = scan_load32(p + 32);
	__m256i bit = _mm256_set1_epi8(0x20);
	__m256i low_a = _mm256_or_si256(a, bit), low_b = _mm256_or_si256(b, bit);

	return (struct scan_shape){ scan_eq32(a, '"') | scan_eq32(b, '"') << 32,
				    scan_eq32(a, '\\') | scan_eq32(b, '\\') << 32,
				    scan_eq32(low_a, '{') | scan_eq32(low_b, '{') << 32,
				    scan_eq32(low_a, '}') | scan_eq32(low_b, '}') << 32 };
}

#else

#define SCAN_WIDTH 8
#define SCAN_WIDE

static inline uint64_t scan_differ(const char *a, const char *b)
{
	return scan_word(a) ^ scan_word(b);
}

static inline bool scan_has_wide(void)
{
	return false;
}

static inline uint64_t scan_text(const char *p)
{
	return scan_text_word(scan_word(p));
}

static inline uint64_t scan_quote(const char *p)
{
	uint64_t w = scan_word(p);

	return (((w ^ SCAN_ALL('"')) - SCAN_ALL(1)) | ((w ^ SCAN_ALL('\\')) - SCAN_ALL(1))) & ~w &
	       SCAN_ALL(0x80);
}

static inline bool scan_has_pair(const char *p, char a, char b)
{
	uint64_t zeros = 0;

	for (int i = 0; i < SCAN_BLOCK; i += 8) {
		uint64_t x = (scan_word(p + i) ^ SCAN_ALL((unsigned char)a)) |
			     (scan_word(p + i + 1) ^ SCAN_ALL((unsigned char)b));

		zeros |= (x - SCAN_ALL(1)) & ~x & SCAN_ALL(0x80);
	}
	return zeros != 0;
}

static inline size_t scan_first(uint64_t marks)
{
	return (size_t)__builtin_ctzll(marks) / 8;
}

/* Bit i: byte i of the 64 at p equals c. Every mark is right: the sum carries into no other byte.
 */
static inline uint64_t scan_bits(const char *p, char c)
{
	uint64_t bits = 0;

	for (int i = 0; i < 8; i++) {
		uint64_t x = scan_word(p + 8 * i) ^ SCAN_ALL((unsigned char)c);
		uint64_t differ = ((x & SCAN_ALL(0x7f)) + SCAN_ALL(0x7f)) | x;
		uint64_t same = (~differ & SCAN_ALL(0x80)) >> 7;

		bits |= same * UINT64_C(0x0102040810204080) >> 56 << 8 * i;
	}
	return bits;
}

static inline uint64_t scan_after(const char *p)
{
	return scan_bits(p, ':') | scan_bits(p, '\\') | scan_bits(p, ' ') | scan_bits(p, '\n') |
	       scan_bits(p, '\r') | scan_bits(p, '\t');
}

static inline uint64_t scan_text_wide(const char *p)
{
	return scan_text(p);
}

static inline struct scan_shape scan_shape(const char *p)
{
	return (struct scan_shape){ scan_bits(p, '"'), scan_bits(p, '\\'),
				    scan_bits(p, '{') | scan_bits(p, '['),
				    scan_bits(p, '}') | scan_bits(p, ']') };
}

static inline struct scan_shape scan_shape_wide(const char *p)
{
	return scan_shape(p);
}

static inline uint64_t scan_parity_wide(uint64_t bits)
{
	return scan_parity(bits);
}

#endif

static inline struct scan_words scan_words(const char *p)
{
	return (struct scan_words){ scan_after(p + 1),
				    (scan_bits(p, 'o') & scan_bits(p + 1, '/')) |
					    ((scan_bits(p, 'f') | scan_bits(p, 'F')) &
					     (scan_bits(p + 1, 'e') | scan_bits(p + 1, 'E'))) };
}

#ifndef __SSE2__
static inline struct scan_words scan_words_wide(const char *p)
{
	return scan_words(p);
}
#endif

/* Where a stands with b behind it, from p on; NULL: nowhere. */
static inline const char *scan_to_pair(const char *p, const char *end, char a, char b)
{
	while (end - p > SCAN_BLOCK && !scan_has_pair(p, a, b))
		p += SCAN_BLOCK;
	for (; end - p > 1; p++) {
		if (p[0] == a && p[1] == b)
			return p;
	}
	return NULL;
}

/* Where the run of plain text that begins at p ends: at what scan_text marks, or at `end`. */
static inline const char *scan_text_end(const char *p, const char *end)
{
	uint64_t marks;

	for (; end - p >= SCAN_WIDTH; p += SCAN_WIDTH)
		if ((marks = scan_text(p)))
			return p + scan_first(marks);
	for (; end - p >= 8; p += 8)
		if ((marks = scan_text_word(scan_word(p))))
			return p + scan_bit(marks) / 8;
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 &&
	       (unsigned char)*p < 0x80)
		p++;
	return p;
}

/* The first quote or backslash from p on, or `end`. */
static inline const char *scan_to_quote(const char *p, const char *end)
{
	for (; end - p >= SCAN_WIDTH; p += SCAN_WIDTH) {
		uint64_t marks = scan_quote(p);

		if (marks)
			return p + scan_first(marks);
	}
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* Past white space. Who writes JSON for programs writes none, so one look is enough mostly. */
static inline const char *scan_space(const char *p, const char *end)
{
	if (p < end && (unsigned char)*p > ' ')
		return p;
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/*
 * The escape that begins with the backslash at p, a pair of surrogates as one. How many bytes it
 * takes; 0: it is none, or half a pair.
 */
size_t scan_escape(const char *p, const char *end, uint32_t *cp);

/* How many of n bytes are the same in both. */
size_t scan_common(const char *a, const char *b, size_t n);
/* The same of the n bytes before a and before b, rounded down to SCAN_WIDTH. */
size_t scan_common_before(const char *a, const char *b, size_t n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/time.h"

#include <string.h>
#include <time.h>

#include "lib/base/chars.h"

/* One number of exactly n digits; moves on behind it and a separator (0: none). */
static bool time_take(struct str *s, size_t n, char separator, int *out)
{
	if (s->n < n + !!separator || chars_digits((struct str){ s->s, n }, "") != n)
		return false;
	*out = 0;
	for (size_t i = 0; i < n; i++)
		*out = *out * 10 + (s->s[i] - '0');
	if (separator && s->s[n] != separator)
		return false;
	*s = str_from(*s, n + !!separator);
	return true;
}

static bool time_take_zone(struct str s, int64_t *ahead)
{
	int hours, minutes, sign;

	*ahead = 0;
	if (str_is(s, "Z"))
		return true;
	if (s.n != 6 || (s.s[0] != '+' && s.s[0] != '-'))
		return false;
	sign = s.s[0] == '-' ? -1 : 1;
	s = str_from(s, 1);
	if (!time_take(&s, 2, ':', &hours) || !time_take(&s, 2, 0, &minutes) || hours > 23 ||
	    minutes > 59)
		return false;
	*ahead = (int64_t)sign * (hours * 3600 + minutes * 60);
	return true;
}

bool time_parse(struct str s, int64_t *seconds)
{
	int year, month, hour, minute, second, day;
	struct tm tm = { 0 };
	int64_t ahead, t;

	if (!time_take(&s, 4, '-', &year) || !time_take(&s, 2, '-', &month) ||
	    !time_take(&s, 2, 'T', &day) || !time_take(&s, 2, ':', &hour) ||
	    !time_take(&s, 2, ':', &minute) || !time_take(&s, 2, 0, &second) ||
	    !time_take_zone(s, &ahead))
		return false;
	tm = (struct tm){ .tm_year = year - 1900,
			  .tm_mon = month - 1,
			  .tm_mday = day,
			  .tm_hour = hour,
			  .tm_min = minute,
			  .tm_sec = second };
	t = timegm(&tm);
	/* timegm puts the 30th of February right instead of refusing it */
	if (tm.tm_year != year - 1900 || tm.tm_mon != month - 1 || tm.tm_mday != day ||
	    tm.tm_hour != hour || tm.tm_min != minute || tm.tm_sec != second)
		return false;
	*seconds = t - ahead;
	return true;
}

void time_print(int64_t seconds, char out[TIME_TEXT])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(out, "(no date)");
}

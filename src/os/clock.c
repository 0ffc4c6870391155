/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time of day as text. Runs in every process.
 */
#include "os/clock.h"

#include <time.h>

static bool is_leap_year(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The date of a day counted from 1970-01-01. gmtime(3) would read the time zone's file, maybe that of a
 * container. */
static void add_date(struct strbuf *b, unsigned days)
{
	static const unsigned char month_days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	unsigned year = 1970, month = 0;

	for (; days >= 365u + is_leap_year(year); year++)
		days -= 365u + is_leap_year(year);
	for (;; month++) {
		unsigned length = month_days[month] + (month == 1 && is_leap_year(year));
		if (days < length)
			break;
		days -= length;
	}
	strbuf_printf(b, "%04u-%02u-%02u", year, month + 1, days + 1);
}

void strbuf_timestamp(struct strbuf *b)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	unsigned second = (unsigned)(now.tv_sec % 86400);
	add_date(b, (unsigned)(now.tv_sec / 86400));
	strbuf_printf(b, "T%02u:%02u:%02u.%09ldZ", second / 3600, second / 60 % 60, second % 60,
		      now.tv_nsec);
}

int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `events`: what a container uses, and that it ran out of memory. */
#include "cli/cli.h"

#include "base/auto.h"
#include "base/names.h"

#define DEFAULT_INTERVAL "5s"

static const struct cli_option events_rows[] = {
	CLI_FLAG_ROW("stats", 0, stats, "show once what is used, and end"),
	CLI_TEXT_ROW("interval", 0, interval, "TIME", CLI_OFFER_NOTHING,
		     "show what is used at this interval: 5s (default), 500ms, 1m30s"),
	CLI_END_ROW,
};

/* As Go writes durations, because engines do: "1m30s". Whole numbers. */
static int parse_interval(const char *text, int64_t *ret, struct err *e)
{
	static const struct name_row units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { NULL, 0 },
	};
	const char *at = text;
	int64_t total = 0;

	while (*at) {
		char number[16], unit[4];
		size_t digits = strspn(at, "0123456789");
		size_t letters = strspn(at + digits, "hms");
		uint32_t value;
		int64_t unit_ms;
		if (digits == 0 || digits >= sizeof(number) || letters >= sizeof(unit))
			break;
		memcpy(number, at, digits);
		number[digits] = '\0';
		memcpy(unit, at + digits, letters);
		unit[letters] = '\0';
		if (!parse_u32(number, &value) || !name_to_value(units, unit, &unit_ms))
			break;
		total += value * unit_ms;
		at += digits + letters;
	}
	if (*at || total <= 0)
		return fail(
			e, ERR_USAGE,
			"option --interval must be a time like 5s, 500ms or 1m30s, is \"%.40s\"",
			text);
	*ret = total;
	return 0;
}

static int run_events(const struct cli_call *call, struct err *e)
{
	const char *text = call->values.interval ? call->values.interval : DEFAULT_INTERVAL;
	int64_t interval = 0;

	if (parse_interval(text, &interval, e) < 0)
		return -1;
	return container_events(&call->global, call->arguments.v[0], call->values.stats, interval,
				cli_output_json, e);
}

const struct cli_command cmd_events = {
	.name = "events",
	.summary = "show what a container uses, and when it runs out of memory",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.offer = CLI_OFFER_ID,
	.options = events_rows,
	.run = run_events,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Pressure stall information of a cgroup, in the form of runc. Runs in the runtime. */
#include "cgroup/stats.h"

#define TEXT_MAX 1024

/* "0.25", as it stands: it is a number of JSON too. */
static bool is_share(const char *text)
{
	size_t whole = strspn(text, "0123456789");
	size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;

	return part > 0 && !text[whole + 1 + part] && (whole == 1 || (whole > 1 && *text != '0'));
}

static void put_word(char *word, struct json_out *out)
{
	char *value = strchr(word, '=');
	uint64_t total;

	if (!value)
		return;
	*value++ = '\0';
	if (str_eq(word, "total") && parse_u64(value, &total)) {
		json_out_member_u64(out, word, total);
	} else if ((str_eq(word, "avg10") || str_eq(word, "avg60") || str_eq(word, "avg300")) &&
		   is_share(value)) {
		json_out_key(out, word);
		json_out_number(out, value);
	}
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void put_line(char *line, struct json_out *out)
{
	char *word = strchr(line, ' ');

	if (!word)
		return;
	*word++ = '\0';
	if (!str_eq(line, "some") && !str_eq(line, "full"))
		return;
	json_out_key(out, line);
	json_out_object(out);
	while (word) {
		char *next = strchr(word, ' ');
		if (next)
			*next++ = '\0';
		put_word(word, out);
		word = next;
	}
	json_out_object_end(out);
}

void stats_put_pressure(int directory, const char *file, struct json_out *out)
{
	char buffer[TEXT_MAX], *text = buffer;

	if (directory < 0 || tree_read(directory, file, buffer, sizeof(buffer)) < 0)
		return;
	json_out_key(out, "psi");
	json_out_object(out);
	for (char *line; (line = tree_next_line(&text));)
		put_line(line, out);
	json_out_object_end(out);
}

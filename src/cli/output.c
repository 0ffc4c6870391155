/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print: whole, on stdout, or not at all. */
#include "cli/cli.h"
#include "os/io.h"

#include <unistd.h>

int cli_output(const struct strbuf *text, struct err *e)
{
	return write_fd_all(STDOUT_FILENO, "standard output", strbuf_text(text), text->length, e);
}

int cli_output_json(struct json_out *out, struct err *e)
{
	autostrbuf text = { 0 };
	const char *json;
	size_t length;

	if (json_out_finish(out, &json, &length, e) < 0)
		return -1;
	strbuf_add(&text, json, length);
	strbuf_putc(&text, '\n');
	return cli_output(&text, e);
}

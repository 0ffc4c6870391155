/* SPDX-License-Identifier: Apache-2.0 */
/* See json_file.h. */
#include "os/json_file.h"

#include "base/auto.h"
#include "os/io.h"
#include "os/log.h"

struct strbuf *json_notes(struct strbuf *notes)
{
	return log_enabled(LOG_LEVEL_DEBUG) ? notes : NULL;
}

void json_notes_tell(const struct strbuf *notes)
{
	const char *line = strbuf_text(notes);

	for (size_t length; *line; line += length + 1) {
		length = strcspn(line, "\n");
		log_debug("%.*s", (int)length, line);
	}
}

int json_file_read(int dirfd, const char *path, const char *name, size_t limit,
		   struct json_file *ret, struct err *e)
{
	*ret = (struct json_file){ .source.name = name };
	if (read_file_at(dirfd, path, limit, &ret->text, &ret->source.length, e) < 0)
		return -1;
	ret->source.text = ret->text;
	ret->source.notes = json_notes(&ret->notes);
	return 0;
}

void json_file_close(struct json_file *file)
{
	json_notes_tell(&file->notes);
	strbuf_release(&file->notes);
	free(file->text);
}

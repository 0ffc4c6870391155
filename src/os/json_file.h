/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in files: read, to be decoded, and what the decoder ignored told at level "debug". */
#ifndef OS_JSON_FILE_H
#define OS_JSON_FILE_H

#include "base/json.h"
#include "base/str.h"

struct json_file {
	struct json_source source;
	char *text;
	struct strbuf notes;
};

/* As read_file_at(). `name`: what errors call it. To be closed after what the source was decoded to. */
int json_file_read(int dirfd, const char *path, const char *name, size_t limit,
		   struct json_file *ret, struct err *e) MUST_CHECK;
/* Tells the notes. */
void json_file_close(struct json_file *file);
#define autojsonfile __attribute__((cleanup(json_file_close))) struct json_file

/* Where a source's notes go: NULL if no message at that level is written. */
struct strbuf *json_notes(struct strbuf *notes);
void json_notes_tell(const struct strbuf *notes);

#endif

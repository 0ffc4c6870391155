/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs as text for people, by the tables of fields.h: a line that begins the struct, lines below it that are
 * indented by two blanks, and sections after them. Nothing in it is obeyed by a terminal.
 */
#ifndef BASE_FIELDS_TEXT_H
#define BASE_FIELDS_TEXT_H

#include "base/fields.h"

void fields_text(const struct fields *fields, const void *object, struct strbuf *out);

/* The line that begins the struct alone, without its end. */
void fields_text_head(const struct fields *fields, const void *object, struct strbuf *out);

/* As it is where it is one plain word, else in quotes. */
void put_word(struct strbuf *out, const char *text);
/* " WORD" for each. */
void put_words(struct strbuf *out, const struct strlist *list);

#endif

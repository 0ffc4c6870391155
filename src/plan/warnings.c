/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user must know of a plan (plan.h, `warnings` and `notes`). Pure.
 */
#include "plan/context.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 4, 0))) static void add_text(struct plan_context *c,
							   struct strlist *to, size_t *capacity,
							   const char *format, va_list arguments)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	text = arena_alloc(c->arena, length < 0 ? 1 : (size_t)length + 1);
	if (length >= 0)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	if (to->n == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 8;
		char **v = arena_new_array(c->arena, char *, *capacity);

		for (size_t i = 0; i < to->n; i++)
			v[i] = to->v[i];
		to->v = v;
	}
	to->v[to->n++] = text;
}

void plan_warn(struct plan_context *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_text(c, &c->plan->warnings, &c->warnings_capacity, format, arguments);
	va_end(arguments);
}

void plan_note(struct plan_context *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_text(c, &c->plan->notes, &c->notes_capacity, format, arguments);
	va_end(arguments);
}

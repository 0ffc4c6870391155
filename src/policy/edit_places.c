/* SPDX-License-Identifier: Apache-2.0 */
/* Places of the config and texts of it, for rules (edit.h). Pure. */
#include "policy/edit.h"

#include "base/auto.h"

char *edit_shown(struct edit *edit, const char *text)
{
	autostrbuf quoted = { 0 };

	strbuf_quote(&quoted, text, 128);
	return arena_strdup(edit->arena, strbuf_text(&quoted));
}

struct strlist *edit_capability_set(struct spec *spec, enum capability_set set)
{
	static const size_t members[CAPABILITY_SET_COUNT] = {
		[CAPABILITIES_BOUNDING] = offsetof(struct spec_capabilities, bounding),
		[CAPABILITIES_EFFECTIVE] = offsetof(struct spec_capabilities, effective),
		[CAPABILITIES_INHERITABLE] = offsetof(struct spec_capabilities, inheritable),
		[CAPABILITIES_PERMITTED] = offsetof(struct spec_capabilities, permitted),
		[CAPABILITIES_AMBIENT] = offsetof(struct spec_capabilities, ambient),
	};
	struct spec_capabilities *capabilities = spec->process ? spec->process->capabilities : NULL;

	return capabilities ? (struct strlist *)(void *)((char *)capabilities + members[set])
			    : NULL;
}

char *edit_capability_pointer(struct edit *edit, enum capability_set set, size_t index)
{
	return arena_printf(edit->arena, "/process/capabilities/%s/%zu", capability_set_names[set],
			    index);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The five capability sets as masks (config.md "Linux Process", capabilities(7)). What cannot be had is
 * left out with a warning, as the specification demands. Pure: of sys/ only the table of names is used.
 */
#include "plan/context.h"

#include "base/auto.h"
#include "base/capabilities.h"

struct caps_reader {
	struct plan_context *c;
	struct text_set warned; /* a name that is in all five sets is worth one warning */
	bool bounded;           /* by the runtime's own bounding set */
};

static uint64_t cap_mask(struct caps_reader *reader, const char *name)
{
	const struct facts *facts = reader->c->facts;
	int number = cap_number(name);
	const char *why = NULL;

	if (number < 0)
		why = "is unknown";
	else if ((uint32_t)number > facts->last_cap)
		why = "is not known to this kernel";
	else if (reader->bounded && !(facts->bounding & 1ULL << number))
		why = "is not available: it is not in the runtime's bounding set";
	if (!why)
		return 1ULL << number;
	/* a name may be of any length */
	if (!text_set_add(&reader->warned, name, strlen(name), 0))
		plan_warn(reader->c, "capability %.64s %s", name, why);
	return 0;
}

static uint64_t caps_mask(struct caps_reader *reader, const struct strlist *names)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < names->n; i++)
		mask |= cap_mask(reader, names->v[i]);
	return mask;
}

/* What is in `mask` alone would make the kernel refuse the whole set. One warning a set. */
static uint64_t caps_within(struct plan_context *c, uint64_t mask, uint64_t within, const char *set,
			    const char *why, bool by_habit)
{
	autostrbuf names = { 0 };

	for (int i = 0; i < 64; i++) {
		if ((mask & ~within) & 1ULL << i)
			strbuf_printf(&names, " %s", cap_name_of(i));
	}
	if (names.length > 0 && by_habit)
		plan_note(c, "left out of the %s capabilities, because not %s:%s", set, why,
			  strbuf_text(&names));
	else if (names.length > 0)
		plan_warn(c, "left out of the %s capabilities, because not %s:%s", set, why,
			  strbuf_text(&names));
	return mask & within;
}

int plan_capabilities(struct plan_context *c, struct err *e)
{
	const struct spec_capabilities *from =
		c->spec->process ? c->spec->process->capabilities : NULL;
	struct plan_capabilities *to = &c->plan->process.capabilities;
	/* clone(CLONE_NEWUSER) and setns() into a user namespace give a full bounding set
	 * (user_namespaces(7)) */
	struct caps_reader reader = { .c = c, .bounded = !plan_has_user_namespace(c->plan) };

	(void)e;
	if (!from)
		return 0;
	text_set_init(&reader.warned, c->arena,
		      from->bounding.n + from->effective.n + from->inheritable.n +
			      from->permitted.n + from->ambient.n);
	to->given = true;
	to->bounding = caps_mask(&reader, &from->bounding);
	to->permitted = caps_mask(&reader, &from->permitted);
	to->effective = caps_within(c, caps_mask(&reader, &from->effective), to->permitted,
				    "effective", "permitted", false);
	to->inheritable = caps_within(c, caps_mask(&reader, &from->inheritable), to->bounding,
				      "inheritable", "in the bounding set", false);
	/* buildah names every capability as ambient and none as inheritable, at each start */
	to->ambient =
		caps_within(c, caps_mask(&reader, &from->ambient), to->permitted & to->inheritable,
			    "ambient", "both permitted and inheritable", !from->inheritable.n);
	return 0;
}

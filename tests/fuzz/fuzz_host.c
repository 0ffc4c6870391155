/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read of the host: /proc/self/mountinfo, and after a line of "---" /proc/self/cgroup, which together
 * say where the cgroups are; the same bytes as the facts of a golden test and as the name of a network. What
 * is understood is written, read again and the same.
 */
#include "base/auto.h"
#include "facts/gather.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_mounts(const struct mountinfo *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const struct mountinfo_entry *mount = &mounts->v[i];

		must(mount->root && mount->mount_point && mount->options && mount->tags);
		must(mount->fstype && *mount->fstype && mount->source && mount->super_options);
		must(!strchr(mount->fstype, ' ') && !strchr(mount->options, ' '));
		(void)mount_options_have(mount->super_options, "name=systemd");
	}
}

static void check_cgroups(const struct cgroup_facts *facts)
{
	must(facts->layout >= CGROUP_NONE && facts->layout <= CGROUP_V2);
	must((facts->layout == CGROUP_NONE) == (facts->hierarchies.n == 0));
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];

		must(hierarchy->mount_point && hierarchy->own_path);
		must(hierarchy->own_path[0] == '/');
		must(hierarchy->v2 ? hierarchy->controllers.n == 0 && !hierarchy->name
				   : hierarchy->controllers.n > 0 || hierarchy->name);
	}
}

static char *encode(const struct facts *facts, struct arena *arena)
{
	char *text = NULL;
	struct err e = { 0 };

	must(fields_encode_text(&facts_fields, facts, false, arena, &text, NULL, &e) == 0);
	return text;
}

static void try_facts(const char *text, size_t length, struct arena *arena)
{
	struct facts *facts = arena_new(arena, struct facts);
	struct facts *again = arena_new(arena, struct facts);
	struct err e = { 0 };
	const char *once;

	if (fields_decode_text(&facts_fields, "facts", text, length, arena, facts, &e) < 0) {
		must(e.text[0]);
		return;
	}
	once = encode(facts, arena);
	must(fields_decode_text(&facts_fields, "again", once, strlen(once), arena, again, &e) == 0);
	must(str_eq(once, encode(again, arena)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	char *input = arena_strndup(&arena, (const char *)data, size);
	char *cgroups = strstr(input, "---\n");
	struct facts *facts = arena_new(&arena, struct facts);
	struct mountinfo mounts = { 0 };
	struct err e = { 0 };
	const char *name = iproute_name(input);

	must(!name || (*name && !strchr(name, '/')));
	must(kernel_is_new_enough(input) || true);
	try_facts((const char *)data, size, &arena);
	if (cgroups) {
		*cgroups = '\0';
		cgroups += strlen("---\n");
	}
	if (mountinfo_parse(input, &arena, &mounts, &e) < 0) {
		must(e.kind == ERR_SYSTEM && e.text[0]);
		return 0;
	}
	check_mounts(&mounts);
	facts->cgroup = arena_new(&arena, struct cgroup_facts);
	if (cgroup_facts_parse(&mounts, cgroups ? cgroups : input, &arena, facts->cgroup, &e) < 0) {
		must(e.kind == ERR_SYSTEM && e.text[0]);
		return 0;
	}
	check_cgroups(facts->cgroup);
	return 0;
}

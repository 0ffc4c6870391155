/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: lines of "KEY=VALUE" as the annotations of a config.json that else changes nothing, on hosts of
 * v1 and v2, with groups made in the files and by systemd -> plan. What is refused names an annotation or the
 * property that it stands for; a plan is the same the second time.
 */
#include "base/auto.h"
#include "plan/make.h"
#include "plan/plan.h"
#include "plan/print.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char request[] =
	"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/\","
	"\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"]},\"mounts\":[{\"destination\":\"/proc\","
	"\"type\":\"proc\"},{\"destination\":\"/sys/fs/"
	"cgroup\",\"type\":\"cgroup\"},{\"destination\":"
	"\"/sys/fs/cgroup/"
	"systemd\",\"type\":\"tmpfs\"}],\"linux\":{\"cgroupsPath\":\"a.slice:b:c\","
	"\"mountLabel\":\"system_u:object_r:container_file_t:s0\",\"namespaces\":[{\"type\":"
	"\"mount\"},"
	"{\"type\":\"pid\"},{\"type\":\"cgroup\"}]}}";
static const char *const hosts[] = {
	"{\"lastCap\":40,\"rootfs\":\"/b/rootfs\",\"cgroup\":{\"layout\":\"v2\",\"hierarchies\":["
	"{\"v2\":true,\"controllers\":[\"cpu\",\"memory\",\"pids\"],\"mountPoint\":\"/"
	"u\",\"ownPath\":"
	"\"/\"}]}}",
	"{\"lastCap\":40,\"rootfs\":\"/b/"
	"rootfs\",\"cgroup\":{\"layout\":\"hybrid\",\"hierarchies\":["
	"{\"controllers\":[\"memory\",\"devices\"],\"mountPoint\":\"/m\",\"ownPath\":\"/\"},"
	"{\"name\":\"systemd\",\"mountPoint\":\"/s\",\"ownPath\":\"/\"},{\"v2\":true,"
	"\"mountPoint\":\"/u\",\"ownPath\":\"/\"}]}}",
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

static const char *printed(const struct plan *plan, struct arena *arena)
{
	autostrbuf text = { 0 };

	plan_print(plan, &text);
	return arena_strdup(arena, strbuf_text(&text));
}

static void try_host(const struct spec *spec, const char *host, bool systemd, struct arena *arena)
{
	const struct plan_options options = {
		.id = "fuzz",
		.bundle = "/b",
		.systemd_cgroup = systemd,
	};
	struct facts *facts = arena_new(arena, struct facts);
	struct verdict verdict = { .network = NETWORK_NEW };
	struct plan *plan = NULL, *again = NULL;
	struct err e = { 0 };

	must(fields_decode_text(&facts_fields, "facts", host, strlen(host), arena, facts, &e) == 0);
	verdict.spec = spec_copy(spec, arena);
	if (plan_make(&verdict, facts, &options, arena, &plan, &e) < 0) {
		must(e.kind != ERR_NONE && e.text[0] && !plan);
		return;
	}
	must(plan_make(&verdict, facts, &options, arena, &again, &e) == 0);
	must(str_eq(printed(plan, arena), printed(again, arena)));
	must(!plan->cgroup.manage || (plan->cgroup.path[0] == '/' && plan->cgroup.path[1]));
	must(!plan->cgroup.delegated ||
	     (plan->cgroup.delegated[0] != '/' && !strstr(plan->cgroup.delegated, "..")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	char *at = arena_strndup(&arena, (const char *)data, size), *line;
	struct spec *spec = NULL;
	struct err e = { 0 };

	must(spec_decode_text(request, strlen(request), "config.json", &arena, &spec, &e) == 0);
	spec->annotations.v = arena_new_array(&arena, struct strpair, size / 2 + 1);
	while ((line = strsep(&at, "\n"))) {
		char *value = strchr(line, '=');
		if (!value || value == line)
			continue;
		*value++ = '\0';
		/* a key of JSON is there once */
		if (!strmap_get(&spec->annotations, line))
			spec->annotations.v[spec->annotations.n++] =
				(struct strpair){ .key = line, .value = value };
	}
	if (spec_validate(spec, "config.json", &e) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		try_host(spec, hosts[i], false, &arena);
		try_host(spec, hosts[i], true, &arena);
	}
	return 0;
}

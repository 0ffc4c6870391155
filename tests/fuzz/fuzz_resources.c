/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: the bytes of what `update --resources` is given, and before a line of "---" of what the container
 * has -> resources -> validate -> merge -> writes to the files of v1, hybrid and v2, for a new container and
 * for one that lives, and what systemd is told of them. Each write is one that cgroup/ may carry out, and an
 * update that is asked for twice changes nothing the second time.
 */
#include "base/auto.h"
#include "plan/resources.h"
#include "plan/systemd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOST(hierarchies) "{\"lastCap\":40,\"cgroup\":{" hierarchies "]}}"
#define V1                                                                                \
	"{\"controllers\":[\"devices\",\"memory\",\"cpu\",\"cpuset\",\"pids\",\"blkio\"," \
	"\"hugetlb\","                                                                    \
	"\"net_cls\",\"net_prio\",\"rdma\"],\"mountPoint\":\"/m\"}"
#define HYBRID                                                                             \
	"{\"controllers\":[\"devices\",\"memory\",\"cpu\",\"cpuset\",\"pids\",\"blkio\"]," \
	"\"mountPoint\":\"/m\"},"                                                          \
	"{\"v2\":true,\"controllers\":[\"hugetlb\",\"rdma\"],\"mountPoint\":\"/u\"}"
#define V2                                                                                         \
	"{\"v2\":true,\"controllers\":[\"memory\",\"cpu\",\"cpuset\",\"pids\",\"io\",\"hugetlb\"," \
	"\"rdma\",\"misc\"],\"mountPoint\":\"/u\"}"

static const char *const hosts[] = {
	HOST("\"layout\":\"v1\",\"hierarchies\":[" V1),
	HOST("\"layout\":\"hybrid\",\"hierarchies\":[" HYBRID),
	HOST("\"layout\":\"v2\",\"hierarchies\":[" V2),
	HOST("\"layout\":\"v2\",\"hierarchies\":[{\"v2\":true,\"mountPoint\":\"/u\"}"),
};

static const char separator[] = "\n---\n";

static void must(bool condition)
{
	if (!condition)
		abort();
}

static const char *encode(const struct spec_resources *resources, struct arena *arena)
{
	char *text = NULL;
	struct err e = { 0 };

	must(fields_encode_text(&spec_resources_fields, resources, false, arena, &text, NULL, &e) ==
	     0);
	return text;
}

/* NULL where it is none, or not a valid one. */
static struct spec_resources *decode(const char *text, size_t size, struct arena *arena)
{
	struct spec_resources *ret = arena_new(arena, struct spec_resources);
	struct err e = { 0 };

	if (fields_decode_text(&spec_resources_fields, "r.json", text, size, arena, ret, &e) < 0 ||
	    spec_validate_resources(ret, "r.json", &e) < 0) {
		must(e.kind == ERR_CONFIG && str_has_prefix(e.text, "r.json"));
		return NULL;
	}
	return ret;
}

static bool is_available(const struct cgroup_facts *facts, const char *controller)
{
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];
		if (strlist_has(&hierarchy->controllers, controller) ||
		    (hierarchy->v2 && (str_empty(controller) || str_eq(controller, "cgroup"))))
			return true;
	}
	return false;
}

static bool is_file(const char *file)
{
	return !str_empty(file) && !strchr(file, '/') && strcmp(file, ".") != 0 &&
	       strcmp(file, "..") != 0;
}

static void check_writes(const struct plan_cgroup *cgroup, const struct cgroup_facts *facts,
			 struct arena *arena)
{
	struct plan_properties properties = { 0 };

	for (size_t i = 0; i < cgroup->writes.n; i++) {
		const struct plan_cgroup_write *write = &cgroup->writes.v[i];
		must(is_file(write->file) && write->value);
		must(is_available(facts, write->controller));
		must(!write->other_file || (is_file(write->other_file) && write->other_value));
		must(!str_eq(write->controller, "devices"));
	}
	plan_systemd_limits(cgroup, arena, &properties);
	for (size_t i = 0; i < properties.n; i++)
		must(properties.v[i].name && properties.v[i].type && properties.v[i].values.n > 0);
}

static void try_plan(const struct resources_request *request, int layout, struct arena *arena)
{
	struct plan_cgroup cgroup = { .manage = true, .layout = layout, .path = "/fuzz" };
	struct err e = { 0 };

	if (plan_resources(request, arena, &cgroup, &e) < 0)
		must(e.kind == ERR_CONFIG && e.text[0]);
	else
		check_writes(&cgroup, request->facts, arena);
}

static void try_host(const char *host, const struct spec_resources *now,
		     const struct spec_resources *asked, struct arena *arena)
{
	struct facts *facts = arena_new(arena, struct facts);
	struct spec_resources effective = { 0 }, twice = { 0 };
	const char *before = encode(asked, arena);
	struct resources_request request = {
		.asked = asked,
		.effective = asked,
		.prefix = "linux.resources.",
	};
	struct err e = { 0 };

	must(fields_decode_text(&facts_fields, "facts", host, strlen(host), arena, facts, &e) == 0);
	request.facts = facts->cgroup;
	try_plan(&request, facts->cgroup->layout, arena);
	plan_resources_merge(now, asked, arena, &effective);
	plan_resources_merge(&effective, asked, arena, &twice);
	must(str_eq(encode(&effective, arena), encode(&twice, arena)));
	if (spec_validate_resources(&effective, "update", &e) == 0) {
		request.effective = &effective;
		request.update = true;
		request.prefix = "";
		try_plan(&request, facts->cgroup->layout, arena);
	}
	must(str_eq(encode(asked, arena), before));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	const size_t length = sizeof(separator) - 1;
	const struct spec_resources *now = NULL, *asked;
	char *input = arena_alloc(&arena, size + 1);
	const char *at;

	if (size > 0)
		memcpy(input, data, size);
	at = memmem(input, size, separator, length);
	if (at) {
		now = decode(input, (size_t)(at - input), &arena);
		size -= (size_t)(at - input) + length;
		at += length;
	}
	asked = decode(at ? at : input, size, &arena);
	for (size_t i = 0; asked && i < ARRAY_SIZE(hosts); i++)
		try_host(hosts[i], now, asked, &arena);
	return 0;
}

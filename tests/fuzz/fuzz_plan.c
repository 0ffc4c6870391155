/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: a config's bytes -> spec -> validate -> policy, enforced and observed, on one fixed host ->
 * plan -> text and JSON. What comes out keeps the promises that boot/ relies on.
 */
#include "../unit/judge.h"
#include "base/auto.h"
#include "plan/make.h"
#include "plan/plan.h"
#include "plan/print.h"
#include "sys/mount_api.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char host[] =
	"{\"lastCap\":40,\"bounding\":2199023255551,\"rootfs\":\"/bundle/rootfs\",\"self\":["
	"{\"path\":\"/proc/self/ns/net\",\"type\":\"network\",\"inode\":1,\"cookie\":1,"
	"\"isSelf\":true,\"isHost\":true,\"owned\":true}],\"requested\":["
	"{\"path\":\"/run/netns/"
	"distros\",\"type\":\"network\",\"inode\":2,\"cookie\":2,\"owned\":true},"
	"{\"path\":\"/proc/7/ns/"
	"net\",\"type\":\"network\",\"inode\":3,\"cookie\":3,\"owned\":true},"
	"{\"path\":\"/proc/7/ns/ipc\",\"type\":\"ipc\",\"inode\":4,\"owned\":true},"
	"{\"path\":\"/proc/7/ns/uts\",\"type\":\"uts\",\"inode\":5,\"owned\":true},"
	"{\"path\":\"/proc/7/ns/user\",\"type\":\"user\",\"inode\":6,\"owned\":true},"
	"{\"path\":\"/tmp/fifo\",\"problem\":\"is a FIFO, not a namespace file\"}],"
	"\"network\":{\"path\":\"/run/netns/"
	"distros\",\"type\":\"network\",\"inode\":2,\"cookie\":2,"
	"\"owned\":true},\"cgroup\":{\"layout\":\"hybrid\",\"hierarchies\":["
	"{\"controllers\":[\"memory\",\"cpu\",\"devices\"],\"mountPoint\":\"/m\"},"
	"{\"v2\":true,\"controllers\":[\"pids\",\"io\"],\"mountPoint\":\"/u\"}]}}";

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* Absolute, and by its text not above or beside itself. */
static void check_path(const char *path)
{
	must(path && path[0] == '/' && !strstr(path, "//") && !strstr(path, "/../") &&
	     !strstr(path, "/./") && !str_has_suffix(path, "/..") && !str_has_suffix(path, "/."));
}

/* What a remount with options of the file system changes: one that was made for this container, before it, at
 * the same place, and whose descriptor is kept for it. */
static void check_changed(const struct plan *plan, size_t index)
{
	const struct plan_mount *mount = &plan->mounts.v[index];
	const struct plan_mount *own = &plan->mounts.v[mount->remounts];

	must(mount->kind == PLAN_MOUNT_REMOUNT && mount->remounts < index);
	must(own->kind == PLAN_MOUNT_FS && own->remounted);
	must(str_eq(own->destination, mount->destination));
	must(str_eq(own->fstype, mount->fstype) && str_eq(own->source, mount->source));
	for (size_t i = mount->remounts + 1; i < index; i++)
		must(plan->mounts.v[i].kind == PLAN_MOUNT_REMOUNT ||
		     !str_eq(plan->mounts.v[i].destination, mount->destination));
}

static void check_mount(const struct plan *plan, size_t index)
{
	const struct plan_mount *mount = &plan->mounts.v[index];
	const uint64_t mode = MOUNT_ATTR__ATIME;

	check_path(mount->destination);
	must(mount->kind >= PLAN_MOUNT_BIND && mount->kind <= PLAN_MOUNT_REMOUNT);
	must((mount->attr_set & mount->attr_clear & ~mode) == 0);
	must((mount->rec_attr_set & mount->rec_attr_clear & ~mode) == 0);
	/* mount_setattr(2): all of the field or nothing */
	must((mount->attr_clear & mode) == 0 || (mount->attr_clear & mode) == mode);
	must((mount->attr_set & mode) == 0 || (mount->attr_clear & mode) == mode);
	must(mount->kind == PLAN_MOUNT_FS ? mount->fstype && mount->source : !mount->made_outside);
	must(mount->kind != PLAN_MOUNT_BIND || (mount->source && mount->source[0] == '/'));
	if (mount->kind != PLAN_MOUNT_FS && mount->options.n > 0)
		check_changed(plan, index);
	if (str_eq(mount->destination, "/proc/self"))
		must(mount->kind == PLAN_MOUNT_REMOUNT);
	if (str_eq(mount->destination, "/proc") && mount->kind == PLAN_MOUNT_FS)
		must(mount->is_proc);
}

static void check_plan(const struct plan *plan, int mode)
{
	const struct plan_capabilities *capabilities = &plan->process.capabilities;

	must(plan->namespaces.new_mount || mode == POLICY_OBSERVE);
	must(!plan->namespaces.host_mounts || (!plan->namespaces.new_mount && plan->mounts.n == 0));
	must(!plan->namespaces.new_user || (plan->namespaces.uid_map && plan->namespaces.gid_map));
	for (size_t i = 0; i < plan->mounts.n; i++)
		check_mount(plan, i);
	for (size_t i = 0; i < plan->devices.n; i++)
		check_path(plan->devices.v[i].path);
	for (size_t i = 0; i < plan->masked_paths.n; i++)
		check_path(plan->masked_paths.v[i]);
	if (plan->cgroup.manage) {
		check_path(plan->cgroup.path);
		must(plan->cgroup.path[1] != '\0');
	}
	must((capabilities->effective & ~capabilities->permitted) == 0);
	must((capabilities->inheritable & ~capabilities->bounding) == 0);
	must((capabilities->ambient & ~(capabilities->permitted & capabilities->inheritable)) == 0);
}

static void print(const struct plan *plan)
{
	auto_json_out out = json_out_new(false);
	autostrbuf text = { 0 };
	const char *json = NULL;
	size_t length = 0;
	struct err e = { 0 };

	plan_print(plan, &text);
	must(text.length > 0);
	plan_print_json(plan, out);
	must(json_out_finish(out, &json, &length, &e) == 0);
}

static void try_mode(const struct spec *spec, struct arena *arena, const struct facts *facts,
		     int mode)
{
	/* each manager of cgroups, without another run for it */
	const struct plan_options options = {
		.id = "fuzz",
		.bundle = "/bundle",
		.systemd_cgroup = mode == POLICY_OBSERVE,
	};
	struct policy *policy = policy_default(arena, NULL);
	struct verdict verdict;
	struct plan *plan = NULL;
	struct err e = { 0 };

	policy->mode = mode;
	judge_new(spec, policy, facts, arena, &verdict);
	if (plan_make(&verdict, facts, &options, arena, &plan, &e) < 0) {
		must(!plan && e.kind != ERR_NONE && e.text[0]);
		return;
	}
	check_plan(plan, mode);
	print(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct facts *facts = arena_new(&arena, struct facts);
	struct spec *spec = NULL;
	char *input = arena_alloc(&arena, size + 1);

	if (size > 0)
		memcpy(input, data, size);
	if (spec_decode_text(input, size, "config.json", &arena, &spec, &e) < 0 ||
	    spec_validate(spec, "config.json", &e) < 0)
		return 0;
	must(fields_decode_text(&facts_fields, "facts", host, strlen(host), &arena, facts, &e) ==
	     0);
	try_mode(spec, &arena, facts, POLICY_ENFORCE);
	try_mode(spec, &arena, facts, POLICY_OBSERVE);
	return 0;
}

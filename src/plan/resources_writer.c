/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One property to the hierarchy that has its controller; block devices and the raw files of v2. Pure.
 */
#include "plan/resources_writer.h"

#include "base/auto.h"

void plan_write_add(struct plan_cgroup_writes *writes, const struct plan_cgroup_write *write,
		    struct arena *arena)
{
	if (writes->n == writes->capacity) {
		size_t capacity = writes->capacity ? writes->capacity * 2 : 16;
		struct plan_cgroup_write *v =
			arena_new_array(arena, struct plan_cgroup_write, capacity);
		for (size_t i = 0; i < writes->n; i++)
			v[i] = writes->v[i];
		writes->v = v;
		writes->capacity = capacity;
	}
	writes->v[writes->n++] = *write;
}

const struct cgroup_hierarchy_facts *resources_hierarchy(const struct resources_writer *w,
							 const char *controller)
{
	const struct cgroup_facts *facts = w->request->facts;

	for (size_t i = 0; facts && i < facts->hierarchies.n; i++)
		if (strlist_has(&facts->hierarchies.v[i].controllers, controller))
			return &facts->hierarchies.v[i];
	return NULL;
}

int resources_put(struct resources_writer *w, const char *controller, const char *field, bool as_is,
		  struct resources_form v1, struct resources_form v2, struct err *e)
{
	const struct resources_request *request = w->request;
	const struct cgroup_hierarchy_facts *hierarchy = resources_hierarchy(w, controller);

	if (!hierarchy || request->reason) {
		if (as_is)
			return 0;
		if (request->reason)
			return fail(e, ERR_CONFIG, "%s%s: cannot be applied: %s", request->prefix,
				    field, request->reason);
		return fail(e, ERR_CONFIG, "%s%s: the cgroup controller '%s' is not available%s%s",
			    request->prefix, field, controller,
			    v1.file || v2.file ? " to write " : "",
			    v1.file   ? v1.file
			    : v2.file ? v2.file
				      : "");
	}
	const struct resources_form *form = hierarchy->v2 ? &v2 : &v1;
	if (!form->file && as_is)
		return 0;
	if (!form->file)
		return fail(e, ERR_CONFIG, "%s%s: cgroup %s has no such setting", request->prefix,
			    field, hierarchy->v2 ? "v2" : "v1");
	struct plan_cgroup_write write = {
		.controller = controller,
		.file = form->file,
		.value = form->value,
		.field = arena_printf(w->arena, "%s%s", request->prefix, field),
		.other_file = form->other_file,
		.other_value = form->other_value,
		.tolerated = w->tolerated,
	};
	plan_write_add(&w->cgroup->writes, &write, w->arena);
	return 0;
}

const char *resources_i64(struct resources_writer *w, int64_t value, const char *unlimited)
{
	return value < 0 ? unlimited : arena_printf(w->arena, "%lld", (long long)value);
}

const char *resources_u64(struct resources_writer *w, uint64_t value)
{
	return arena_printf(w->arena, "%llu", (unsigned long long)value);
}

/* --- block devices --- */

/* 10..1000 of BFQ and the specification on io.weight's 1..10000. */
static unsigned io_weight(unsigned weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

/* What v1 calls blkio. */
static const char *io_controller(const struct resources_writer *w)
{
	return resources_hierarchy(w, "blkio") ? "blkio" : "io";
}

static int block_weights(struct resources_writer *w, const struct spec_block_io *io, struct err *e)
{
	const char *weight = resources_u64(w, io->weight.value);
	const char *leaf = resources_u64(w, io->leaf_weight.value);

	if (io->weight.value &&
	    resources_put(w, io_controller(w), "blockIO.weight", false,
			  FORM_OR("blkio.weight", weight, "blkio.bfq.weight", weight),
			  FORM_OR("io.bfq.weight", weight, "io.weight",
				  resources_u64(w, io_weight(io->weight.value))),
			  e) < 0)
		return -1;
	if (!io->leaf_weight.value)
		return 0;
	return resources_put(w, io_controller(w), "blockIO.leafWeight", false,
			     FORM("blkio.leaf_weight", leaf), NO_FORM, e);
}

static int block_device_weights(struct resources_writer *w, const struct spec_block_io *io,
				struct err *e)
{
	const char *controller = io_controller(w);

	for (size_t i = 0; i < io->weight_device.n; i++) {
		const struct spec_weight_device *device = &io->weight_device.v[i];
		const char *field = arena_printf(w->arena, "blockIO.weightDevice[%zu]", i);
		const char *name = arena_printf(w->arena, "%lld:%lld", (long long)device->major,
						(long long)device->minor);
		const char *weight = arena_printf(w->arena, "%s %u", name, device->weight.value);
		const char *leaf = arena_printf(w->arena, "%s %u", name, device->leaf_weight.value);
		if (device->weight.value &&
		    resources_put(w, controller, field, false,
				  FORM_OR("blkio.weight_device", weight, "blkio.bfq.weight_device",
					  weight),
				  FORM_OR("io.bfq.weight", weight, "io.weight",
					  arena_printf(w->arena, "%s %u", name,
						       io_weight(device->weight.value))),
				  e) < 0)
			return -1;
		if (device->leaf_weight.value &&
		    resources_put(w, controller, field, false,
				  FORM("blkio.leaf_weight_device", leaf), NO_FORM, e) < 0)
			return -1;
	}
	return 0;
}

static int block_throttle(struct resources_writer *w, const char *property, const char *v1_file,
			  const char *v2_key, const struct spec_throttle_list *list, struct err *e)
{
	const char *controller = io_controller(w);

	for (size_t i = 0; i < list->n; i++) {
		const struct spec_throttle_device *device = &list->v[i];
		const char *field = arena_printf(w->arena, "blockIO.%s[%zu]", property, i);
		const char *name = arena_printf(w->arena, "%lld:%lld", (long long)device->major,
						(long long)device->minor);
		const char *rate = resources_u64(w, device->rate.value);
		const char *v2 = arena_printf(w->arena, "%s %s=%s", name, v2_key,
					      device->rate.value ? rate : "max");
		/* one line a write: the kernel takes no more */
		if (resources_put(w, controller, field, device->rate.value == 0,
				  FORM(v1_file, arena_printf(w->arena, "%s %s", name, rate)),
				  FORM("io.max", v2), e) < 0)
			return -1;
	}
	return 0;
}

int resources_block_io(struct resources_writer *w, struct err *e)
{
	const struct spec_block_io *io = w->request->asked->block_io;

	if (!io)
		return 0;
	if (block_weights(w, io, e) < 0 || block_device_weights(w, io, e) < 0)
		return -1;
	if (block_throttle(w, "throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps",
			   &io->throttle_read_bps, e) < 0 ||
	    block_throttle(w, "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps",
			   &io->throttle_write_bps, e) < 0 ||
	    block_throttle(w, "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops",
			   &io->throttle_read_iops, e) < 0)
		return -1;
	return block_throttle(w, "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
			      "wiops", &io->throttle_write_iops, e);
}

/* --- unified --- */

/* These set no limit: they move, kill, stop or hand over. */
static bool is_no_resource(const char *file)
{
	static const char *const files[] = {
		"cgroup.procs",  "cgroup.threads",         "cgroup.kill",
		"cgroup.freeze", "cgroup.subtree_control", "cgroup.type",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (str_eq(files[i], file))
			return true;
	return false;
}

static bool has_v2(const struct cgroup_facts *facts)
{
	for (size_t i = 0; facts && i < facts->hierarchies.n; i++)
		if (facts->hierarchies.v[i].v2)
			return true;
	return false;
}

static int unified_lines(struct resources_writer *w, const struct strpair *pair,
			 const char *controller, struct err *e)
{
	const struct resources_request *request = w->request;
	const char *field = arena_printf(w->arena, "%sunified.%s", request->prefix, pair->key);
	const struct cgroup_hierarchy_facts *hierarchy = resources_hierarchy(w, controller);

	if (request->reason)
		return fail(e, ERR_CONFIG, "%s: cannot be applied: %s", field, request->reason);
	if (!has_v2(request->facts))
		return fail(e, ERR_CONFIG, "%s: needs cgroup v2", field);
	if (!str_eq(controller, "cgroup") && (!hierarchy || !hierarchy->v2))
		return fail(e, ERR_CONFIG,
			    "%s: the cgroup controller '%s' is not available on cgroup v2", field,
			    controller);
	for (const char *line = pair->value; *line;) {
		size_t length = strcspn(line, "\n");
		struct plan_cgroup_write write = {
			.controller = controller,
			.file = pair->key,
			.value = arena_strndup(w->arena, line, length),
			.field = field,
		};
		if (length > 0)
			plan_write_add(&w->cgroup->writes, &write, w->arena);
		line += length + (line[length] == '\n');
	}
	return 0;
}

int resources_unified(struct resources_writer *w, struct err *e)
{
	const struct strmap *unified = &w->request->asked->unified;

	for (size_t i = 0; i < unified->n; i++) {
		const char *key = unified->v[i].key;
		size_t length = strcspn(key, ".");
		if (is_no_resource(key))
			return fail(e, ERR_CONFIG, "%sunified.%s: is not a limit",
				    w->request->prefix, key);
		if (!key[length] || strchr(key, '/'))
			return fail(e, ERR_CONFIG,
				    "%sunified.%s: is not the name of a controller's file",
				    w->request->prefix, key);
		if (unified_lines(w, &unified->v[i], arena_strndup(w->arena, key, length), e) < 0)
			return -1;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program reads and does not carry out yet. Such a configuration is refused by the property's
 * name instead of being run with less than it asks for. A row goes when its feature comes.
 *
 * Asking for nothing is no reason to refuse: engines write empty strings, empty objects and zeros.
 */
#include "base/auto.h"
#include "spec/spec.h"

/* --- resources --- */

static bool asks_devices(const struct spec_resources *resources)
{
	return resources->devices.n > 0;
}

static bool asks_kernel_memory(const struct spec_resources *resources)
{
	return resources->memory && resources->memory->kernel.set;
}

static bool asks_kernel_tcp(const struct spec_resources *resources)
{
	return resources->memory && resources->memory->kernel_tcp.set;
}

/* The greatest number is -1 of an engine: unset. */
static bool asks_swappiness(const struct spec_resources *resources)
{
	return resources->memory && resources->memory->swappiness.set &&
	       resources->memory->swappiness.value != UINT64_MAX;
}

/* false is what the kernel does anyway. */
static bool asks_no_oom_killer(const struct spec_resources *resources)
{
	return resources->memory && resources->memory->disable_oom_killer.value;
}

static bool asks_hierarchy(const struct spec_resources *resources)
{
	return resources->memory && resources->memory->use_hierarchy.set;
}

static bool asks_check_before_update(const struct spec_resources *resources)
{
	return resources->memory && resources->memory->check_before_update.value;
}

static bool asks_cpu(const struct spec_resources *resources)
{
	const struct spec_cpu *cpu = resources->cpu;
	return cpu &&
	       (cpu->shares.value || cpu->quota.value || cpu->burst.value || cpu->period.value ||
		cpu->realtime_runtime.value || cpu->realtime_period.value || cpu->idle.value ||
		!str_empty(cpu->cpus) || !str_empty(cpu->mems));
}

static bool asks_block_io(const struct spec_resources *resources)
{
	const struct spec_block_io *io = resources->block_io;
	return io && (io->weight.value || io->leaf_weight.value || io->weight_device.n ||
		      io->throttle_read_bps.n || io->throttle_write_bps.n ||
		      io->throttle_read_iops.n || io->throttle_write_iops.n);
}

static bool asks_hugepages(const struct spec_resources *resources)
{
	return resources->hugepage_limits.n > 0;
}

static bool asks_network(const struct spec_resources *resources)
{
	const struct spec_network_resources *network = resources->network;
	return network && (network->class_id.value || network->priorities.n);
}

static bool asks_rdma(const struct spec_resources *resources)
{
	return resources->rdma.n > 0;
}

static bool asks_unified(const struct spec_resources *resources)
{
	return resources->unified.n > 0;
}

static const struct resources_row {
	const char *name;
	bool (*asks)(const struct spec_resources *resources);
} resources_rows[] = {
	{ "devices", asks_devices },
	{ "memory.kernel", asks_kernel_memory },
	{ "memory.kernelTCP", asks_kernel_tcp },
	{ "memory.swappiness", asks_swappiness },
	{ "memory.disableOOMKiller", asks_no_oom_killer },
	{ "memory.useHierarchy", asks_hierarchy },
	{ "memory.checkBeforeUpdate", asks_check_before_update },
	{ "cpu", asks_cpu },
	{ "blockIO", asks_block_io },
	{ "hugepageLimits", asks_hugepages },
	{ "network", asks_network },
	{ "rdma", asks_rdma },
	{ "unified", asks_unified },
};

/* --- mounts --- */

static const char *const mount_options[] = {
	"idmap", "ridmap", "copy-symlink", "src-nofollow", "dest-nofollow",
};

/* The word of the list that an option is, also as "idmap=...". */
static const char *unsupported_option(const char *option)
{
	size_t length = strcspn(option, "=");
	for (size_t i = 0; i < ARRAY_SIZE(mount_options); i++)
		if (strlen(mount_options[i]) == length &&
		    strncmp(mount_options[i], option, length) == 0)
			return mount_options[i];
	return NULL;
}

/* --- the report --- */

/* What fits into a struct err is named, the rest counted. */
struct refused {
	struct strbuf text;
	size_t left_out;
};

static void refuse(struct refused *r, const char *name)
{
	static const char tail[] = " is not supported yet";
	enum { COUNT_MAX = 40 }; /* "and N more" */
	if (r->left_out > 0 ||
	    r->text.length + strlen(name) + sizeof(tail) > ERR_TEXT_MAX - COUNT_MAX)
		r->left_out++;
	else
		strbuf_printf(&r->text, "%s%s%s", r->text.length > 0 ? "\n" : "", name, tail);
}

static void refuse_below(struct refused *r, const char *prefix, const char *name)
{
	autostrbuf path = { 0 };
	strbuf_printf(&path, "%s%s", prefix, name);
	refuse(r, strbuf_text(&path));
}

static int refused_finish(struct refused *r, struct err *e)
{
	int result = 0;
	if (r->left_out > 0)
		result =
			fail(e, ERR_CONFIG, "%s\nand %zu more", strbuf_text(&r->text), r->left_out);
	else if (r->text.length > 0)
		result = fail(e, ERR_CONFIG, "%s", strbuf_text(&r->text));
	strbuf_release(&r->text);
	return result;
}

static void refuse_mount(struct refused *r, const struct spec_mount *mount, size_t i)
{
	autostrbuf name = { 0 };
	if (mount->uid_mappings.n > 0 || mount->gid_mappings.n > 0) {
		strbuf_printf(&name, "mounts[%zu].uidMappings", i);
		refuse(r, strbuf_text(&name));
	}
	for (size_t j = 0; j < mount->options.n; j++) {
		autostrbuf option = { 0 };
		const char *word = unsupported_option(mount->options.v[j]);
		if (!word)
			continue;
		strbuf_printf(&option, "mounts[%zu].options[%zu]: \"%s\"", i, j, word);
		refuse(r, strbuf_text(&option));
	}
}

static void refuse_resources(struct refused *r, const struct spec_resources *resources,
			     const char *prefix)
{
	for (size_t i = 0; i < ARRAY_SIZE(resources_rows); i++)
		if (resources_rows[i].asks(resources))
			refuse_below(r, prefix, resources_rows[i].name);
}

int spec_check_supported(const struct spec *spec, struct err *e)
{
	struct refused r = { 0 };
	for (size_t i = 0; i < spec->mounts.n; i++)
		refuse_mount(&r, &spec->mounts.v[i], i);
	if (spec->linux_ && spec->linux_->resources)
		refuse_resources(&r, spec->linux_->resources, "linux.resources.");
	return refused_finish(&r, e);
}

int spec_check_supported_resources(const struct spec_resources *resources, struct err *e)
{
	struct refused r = { 0 };
	refuse_resources(&r, resources, "");
	return refused_finish(&r, e);
}

bool spec_is_supported(const char *name)
{
	const char *below = strrchr(name, '.') + 1;

	for (size_t i = 0; str_has_prefix(name, "mounts.") && i < ARRAY_SIZE(mount_options); i++)
		if (str_eq(mount_options[i], below))
			return false;
	for (size_t i = 0;
	     str_has_prefix(name, "linux.resources.") && i < ARRAY_SIZE(resources_rows); i++)
		if (str_eq(resources_rows[i].name, name + strlen("linux.resources.")))
			return false;
	return true;
}

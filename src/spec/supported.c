/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program reads and does not carry out yet. Such a configuration is refused by the property's
 * name instead of being run with less than it asks for. A row goes when its feature comes.
 *
 * Asking for nothing is no reason to refuse: engines write empty strings, empty objects and zeros.
 */
#include "base/auto.h"
#include "spec/spec.h"

/* --- process --- */

static bool asks_apparmor(const struct spec_process *process)
{
	return !str_empty(process->apparmor_profile);
}

static bool asks_selinux(const struct spec_process *process)
{
	return !str_empty(process->selinux_label);
}

static bool asks_scheduler(const struct spec_process *process)
{
	return process->scheduler != NULL;
}

static bool asks_io_priority(const struct spec_process *process)
{
	return process->io_priority != NULL;
}

static bool asks_cpu_affinity(const struct spec_process *process)
{
	const struct spec_cpu_affinity *affinity = process->exec_cpu_affinity;
	return affinity && (!str_empty(affinity->initial) || !str_empty(affinity->final));
}

static const struct process_row {
	const char *name;
	bool (*asks)(const struct spec_process *process);
	bool by_exec; /* exec carries it out */
} process_rows[] = {
	{ "apparmorProfile", asks_apparmor, .by_exec = true },
	{ "scheduler", asks_scheduler, .by_exec = false },
	{ "selinuxLabel", asks_selinux, .by_exec = true },
	{ "ioPriority", asks_io_priority, .by_exec = false },
	{ "execCPUAffinity", asks_cpu_affinity, .by_exec = false },
};

/* --- linux --- */

static bool asks_net_devices(const struct spec_linux *config)
{
	return config->net_devices.n > 0;
}

static bool asks_intel_rdt(const struct spec_linux *config)
{
	return config->intel_rdt != NULL;
}

static bool asks_memory_policy(const struct spec_linux *config)
{
	return config->memory_policy != NULL;
}

static bool asks_mount_label(const struct spec_linux *config)
{
	return !str_empty(config->mount_label);
}

static bool asks_personality(const struct spec_linux *config)
{
	return config->personality != NULL;
}

static const struct linux_row {
	const char *name;
	bool (*asks)(const struct spec_linux *config);
} linux_rows[] = {
	{ "netDevices", asks_net_devices },     { "intelRdt", asks_intel_rdt },
	{ "memoryPolicy", asks_memory_policy }, { "mountLabel", asks_mount_label },
	{ "personality", asks_personality },
};

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

static void refuse_process(struct refused *r, const struct spec_process *process,
			   const char *prefix, bool exec)
{
	for (size_t i = 0; i < ARRAY_SIZE(process_rows); i++)
		if (!(exec && process_rows[i].by_exec) && process_rows[i].asks(process))
			refuse_below(r, prefix, process_rows[i].name);
}

int spec_check_supported(const struct spec *spec, struct err *e)
{
	struct refused r = { 0 };
	if (spec->process)
		refuse_process(&r, spec->process, "process.", false);
	if (spec->linux_) {
		for (size_t i = 0; i < ARRAY_SIZE(linux_rows); i++)
			if (linux_rows[i].asks(spec->linux_))
				refuse_below(&r, "linux.", linux_rows[i].name);
	}
	return refused_finish(&r, e);
}

int spec_check_supported_process(const struct spec_process *process, struct err *e)
{
	struct refused r = { 0 };
	refuse_process(&r, process, "", true);
	return refused_finish(&r, e);
}

bool spec_is_supported(const char *name)
{
	const char *below = strrchr(name, '.') + 1;

	for (size_t i = 0; str_has_prefix(name, "process.") && i < ARRAY_SIZE(process_rows); i++)
		if (str_eq(process_rows[i].name, below))
			return false;
	for (size_t i = 0; str_has_prefix(name, "linux.") && i < ARRAY_SIZE(linux_rows); i++)
		if (str_eq(linux_rows[i].name, below))
			return false;
	return true;
}

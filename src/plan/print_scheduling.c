/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the plan shows scheduling, memory policy, personality and labels of the program. Pure.
 */
#include "plan/context.h"

#include "base/auto.h"

#include <inttypes.h>

static const struct {
	const char *name;
	size_t offset;
} times[] = {
	{ "runtime", offsetof(struct plan_scheduler, runtime) },
	{ "deadline", offsetof(struct plan_scheduler, deadline) },
	{ "period", offsetof(struct plan_scheduler, period) },
};

static uint64_t time_of(const struct plan_scheduler *scheduler, size_t i)
{
	uint64_t value;

	memcpy(&value, (const char *)scheduler + times[i].offset, sizeof(value));
	return value;
}

static void print_scheduler(const struct plan_scheduler *scheduler, struct strbuf *out)
{
	strbuf_show(out, "  scheduler %s nice %d priority %u", scheduler->name, scheduler->nice,
		    scheduler->priority);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (time_of(scheduler, i))
			strbuf_show(out, " %s %" PRIu64 " ns", times[i].name,
				    time_of(scheduler, i));
	for (const struct name_row *row = spec_sched_flag_names; row->name; row++)
		if (scheduler->flags & (uint64_t)row->value)
			strbuf_show(out, " %s", row->name);
	strbuf_putc(out, '\n');
}

static void print_memory_policy(const struct plan_memory_policy *policy, struct strbuf *out)
{
	strbuf_show(out, "  memory policy %s", policy->name);
	for (const struct name_row *row = spec_memory_policy_flag_names; row->name; row++)
		if (policy->mode & (int)row->value)
			strbuf_show(out, " %s", row->name);
	if (policy->nodes.text)
		strbuf_show(out, " nodes %s", policy->nodes.text);
	strbuf_putc(out, '\n');
}

void print_scheduling(const struct plan_process *process, struct strbuf *out)
{
	if (process->apparmor_profile) {
		strbuf_puts(out, "  AppArmor profile ");
		put_text(out, process->apparmor_profile);
		strbuf_putc(out, '\n');
	}
	if (process->selinux_label) {
		strbuf_puts(out, "  SELinux label ");
		put_text(out, process->selinux_label);
		strbuf_putc(out, '\n');
	}
	if (process->scheduler)
		print_scheduler(process->scheduler, out);
	if (process->io_priority)
		strbuf_show(out, "  I/O priority %s %d\n",
			    value_to_name(spec_io_class_names, process->io_priority->io_class),
			    process->io_priority->priority);
	if (process->memory_policy)
		print_memory_policy(process->memory_policy, out);
	if (process->personality)
		strbuf_show(out, "  personality %s\n", process->personality->name);
}

static void json_scheduler(const struct plan_scheduler *scheduler, struct json_out *out)
{
	json_out_key(out, "scheduler");
	json_out_object(out);
	json_out_member_string(out, "policy", scheduler->name);
	json_out_key(out, "flags");
	json_out_array(out);
	for (const struct name_row *row = spec_sched_flag_names; row->name; row++)
		if (scheduler->flags & (uint64_t)row->value)
			json_out_string(out, row->name);
	json_out_array_end(out);
	json_out_member_i64(out, "nice", scheduler->nice);
	json_out_member_i64(out, "priority", scheduler->priority);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		json_out_member_u64(out, times[i].name, time_of(scheduler, i));
	json_out_object_end(out);
}

static void json_memory_policy(const struct plan_memory_policy *policy, struct json_out *out)
{
	json_out_key(out, "memoryPolicy");
	json_out_object(out);
	json_out_member_string(out, "mode", policy->name);
	json_out_key(out, "flags");
	json_out_array(out);
	for (const struct name_row *row = spec_memory_policy_flag_names; row->name; row++)
		if (policy->mode & (int)row->value)
			json_out_string(out, row->name);
	json_out_array_end(out);
	if (policy->nodes.text)
		json_out_member_string(out, "nodes", policy->nodes.text);
	json_out_object_end(out);
}

void json_scheduling(const struct plan_process *process, struct json_out *out)
{
	if (process->apparmor_profile)
		json_out_member_string(out, "apparmorProfile", process->apparmor_profile);
	if (process->selinux_label)
		json_out_member_string(out, "selinuxLabel", process->selinux_label);
	if (process->scheduler)
		json_scheduler(process->scheduler, out);
	if (process->io_priority) {
		json_out_key(out, "ioPriority");
		json_out_object(out);
		json_out_member_string(
			out, "class",
			value_to_name(spec_io_class_names, process->io_priority->io_class));
		json_out_member_i64(out, "priority", process->io_priority->priority);
		json_out_object_end(out);
	}
	if (process->memory_policy)
		json_memory_policy(process->memory_policy, out);
	if (process->personality)
		json_out_member_string(out, "personality", process->personality->name);
}

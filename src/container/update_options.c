/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `update` as the object that --resources has, and as linux.intelRdt. Pure. Sizes take the units of other runtimes:
 * b, k, m, g, t, of 1024 each.
 */
#include "base/auto.h"
#include "container/container.h"

static int fail_number(const char *name, const char *text, struct err *e)
{
	return fail(e, ERR_USAGE, "option --%s: \"%.40s\" is not a number that it takes", name,
		    text);
}

static int take_u64(const char *name, const char *text, struct opt_u64 *ret, struct err *e)
{
	if (!text)
		return 0;
	ret->set = true;
	return parse_u64(text, &ret->value) ? 0 : fail_number(name, text, e);
}

static int take_i64(const char *name, const char *text, struct opt_i64 *ret, struct err *e)
{
	if (!text)
		return 0;
	ret->set = true;
	return parse_i64(text, &ret->value) ? 0 : fail_number(name, text, e);
}

/* The unit behind a number, as a shift; -1: not a unit. */
static int parse_unit(const char *text)
{
	static const char units[] = "kmgtp";
	int shift = 0;

	for (int i = 0; units[i]; i++)
		if (*text && (*text == units[i] || *text == units[i] - 'a' + 'A'))
			shift = 10 * (i + 1);
	text += shift > 0;
	if (*text && !str_eq_nocase(text, "b") && !(shift && str_eq_nocase(text, "ib")))
		return -1;
	return shift;
}

/* Of 1024 parts and less, and of a unit only. */
#define DECIMALS_MAX 3

/* Behind the point, of one unit; -1: it is not a fraction that can be told. */
static int64_t parse_fraction(const char *digits, size_t length, int shift)
{
	int64_t value = 0, scale = 1;

	if (length == 0 || length > DECIMALS_MAX || shift <= 0)
		return -1;
	for (size_t i = 0; i < length; i++, scale *= 10)
		value = value * 10 + (digits[i] - '0');
	return value * ((int64_t)1 << shift) / scale;
}

/* "64M", "64mb", "64MiB", "1.5g", "-1". */
static bool parse_size(const char *text, int64_t *ret)
{
	size_t digits = strspn(text, "-0123456789");
	size_t decimals = text[digits] == '.' ? strspn(text + digits + 1, "0123456789") : 0;
	bool point = text[digits] == '.';
	int shift = parse_unit(text + digits + point + decimals);
	char number[24];
	int64_t value, fraction = 0;

	if (digits >= sizeof(number) || shift < 0)
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!parse_i64(number, &value))
		return false;
	if (point)
		fraction = parse_fraction(text + digits + 1, decimals, shift);
	if (fraction < 0 || value < -1 || (value < 0 && (shift || point)) ||
	    value > (INT64_MAX >> shift) - (fraction > 0))
		return false;
	*ret = value * ((int64_t)1 << shift) + fraction;
	return true;
}

static int take_size(const char *name, const char *text, struct opt_i64 *ret, struct err *e)
{
	if (!text)
		return 0;
	ret->set = true;
	return parse_size(text, &ret->value) ? 0 : fail_number(name, text, e);
}

static int take_cpu(const struct container_update_options *options, struct spec_cpu *cpu,
		    struct err *e)
{
	if (take_u64("cpu-period", options->cpu_period, &cpu->period, e) < 0 ||
	    take_i64("cpu-quota", options->cpu_quota, &cpu->quota, e) < 0 ||
	    take_u64("cpu-burst", options->cpu_burst, &cpu->burst, e) < 0 ||
	    take_u64("cpu-share", options->cpu_share, &cpu->shares, e) < 0 ||
	    take_u64("cpu-rt-period", options->cpu_rt_period, &cpu->realtime_period, e) < 0 ||
	    take_i64("cpu-rt-runtime", options->cpu_rt_runtime, &cpu->realtime_runtime, e) < 0 ||
	    take_i64("cpu-idle", options->cpu_idle, &cpu->idle, e) < 0)
		return -1;
	return 0;
}

static int take_memory(const struct container_update_options *options, struct spec_memory *memory,
		       struct err *e)
{
	if (take_size("memory", options->memory, &memory->limit, e) < 0 ||
	    take_size("memory-reservation", options->memory_reservation, &memory->reservation, e) <
		    0 ||
	    take_size("memory-swap", options->memory_swap, &memory->swap, e) < 0 ||
	    take_size("kernel-memory", options->kernel_memory, &memory->kernel, e) < 0 ||
	    take_size("kernel-memory-tcp", options->kernel_memory_tcp, &memory->kernel_tcp, e) < 0)
		return -1;
	return 0;
}

int container_update_resources(const struct container_update_options *options, struct arena *arena,
			       struct spec_resources *ret, struct err *e)
{
	struct spec_resources resources = { 0 };
	struct opt_i64 pids = { 0 };
	struct opt_u64 weight = { 0 };

	resources.cpu = arena_new(arena, struct spec_cpu);
	resources.memory = arena_new(arena, struct spec_memory);
	resources.cpu->cpus =
		options->cpuset_cpus ? arena_strdup(arena, options->cpuset_cpus) : NULL;
	resources.cpu->mems =
		options->cpuset_mems ? arena_strdup(arena, options->cpuset_mems) : NULL;
	if (take_cpu(options, resources.cpu, e) < 0 ||
	    take_memory(options, resources.memory, e) < 0 ||
	    take_i64("pids-limit", options->pids_limit, &pids, e) < 0 ||
	    take_u64("blkio-weight", options->blkio_weight, &weight, e) < 0)
		return -1;
	if (weight.value > 1000)
		return fail_number("blkio-weight", options->blkio_weight, e);
	if (pids.set) {
		resources.pids = arena_new(arena, struct spec_pids);
		resources.pids->limit = pids.value;
	}
	if (weight.set) {
		resources.block_io = arena_new(arena, struct spec_block_io);
		resources.block_io->weight =
			(struct opt_u16){ .set = true, .value = (uint16_t)weight.value };
	}
	*ret = resources;
	return 0;
}

int container_update_rdt(const struct container_update_options *options, struct arena *arena,
			 struct spec_intel_rdt *ret, struct err *e)
{
	const char *l3 = options->l3_cache_schema, *bandwidth = options->mem_bw_schema;
	struct spec_intel_rdt rdt = {
		.l3_cache_schema = l3 ? arena_strdup(arena, l3) : NULL,
		.mem_bw_schema = bandwidth ? arena_strdup(arena, bandwidth) : NULL,
	};

	if (spec_validate_intel_rdt(&rdt, "update", e) < 0)
		return -1;
	*ret = rdt;
	return 0;
}

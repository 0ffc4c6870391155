/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds after an update. Engines send whole objects in which what they do not mean is zero or empty
 * (Docker), so these change nothing. Devices stay as they were made: engines send them along with their
 * other limits, and no runtime has ever acted on it. Pure.
 */
#include "plan/resources.h"

#include "base/auto.h"

#define TAKE_NONZERO(to, from, member)                 \
	do {                                           \
		if ((from)->member.value)              \
			(to)->member = (from)->member; \
	} while (0)
#define TAKE_SET(to, from, member)                     \
	do {                                           \
		if ((from)->member.set)                \
			(to)->member = (from)->member; \
	} while (0)

static struct spec_memory *merge_memory(const struct spec_memory *now,
					const struct spec_memory *asked, struct arena *arena)
{
	struct spec_memory *to = arena_new(arena, struct spec_memory);

	if (now)
		*to = *now;
	TAKE_NONZERO(to, asked, limit);
	TAKE_NONZERO(to, asked, reservation);
	TAKE_NONZERO(to, asked, swap);
	TAKE_NONZERO(to, asked, kernel);
	TAKE_NONZERO(to, asked, kernel_tcp);
	if (asked->swappiness.value != UINT64_MAX)
		TAKE_SET(to, asked, swappiness);
	TAKE_SET(to, asked, disable_oom_killer);
	TAKE_SET(to, asked, use_hierarchy);
	TAKE_SET(to, asked, check_before_update);
	/* A limit of both together means nothing once memory alone has none (runc does the same). */
	if (asked->limit.value < 0 && !asked->swap.value && to->swap.value > 0)
		to->swap.value = -1;
	return to;
}

static struct spec_cpu *merge_cpu(const struct spec_cpu *now, const struct spec_cpu *asked,
				  struct arena *arena)
{
	struct spec_cpu *to = arena_new(arena, struct spec_cpu);

	if (now)
		*to = *now;
	TAKE_NONZERO(to, asked, shares);
	TAKE_NONZERO(to, asked, quota);
	TAKE_NONZERO(to, asked, period);
	TAKE_SET(to, asked, burst);
	TAKE_NONZERO(to, asked, realtime_runtime);
	TAKE_NONZERO(to, asked, realtime_period);
	TAKE_SET(to, asked, idle);
	if (!str_empty(asked->cpus))
		to->cpus = asked->cpus;
	if (!str_empty(asked->mems))
		to->mems = asked->mems;
	return to;
}

/* --- lists, by what their elements are about --- */

struct elements {
	size_t n;
	void *v;
};

static struct elements merge_elements(struct elements now, struct elements asked, size_t size,
				      bool (*same)(const void *a, const void *b),
				      struct arena *arena)
{
	struct elements to = { .n = now.n };
	char *v = arena_array(arena, now.n + asked.n + 1, size);

	if (now.n > 0)
		memcpy(v, now.v, now.n * size);
	for (size_t i = 0; i < asked.n; i++) {
		const char *element = (const char *)asked.v + i * size;
		size_t place = 0;
		while (place < to.n && !same(v + place * size, element))
			place++;
		memcpy(v + place * size, element, size);
		to.n += place == to.n;
	}
	to.v = now.v || asked.v ? v : NULL;
	return to;
}

/* Lists are { size_t n; T *v; }. */
#define MERGE(to, now, asked, list, same)                                                     \
	do {                                                                                  \
		struct elements merged_ =                                                     \
			merge_elements((struct elements){ (now)->list.n, (now)->list.v },     \
				       (struct elements){ (asked)->list.n, (asked)->list.v }, \
				       sizeof(*(to)->list.v), same, arena);                   \
		(to)->list.n = merged_.n;                                                     \
		(to)->list.v = merged_.v;                                                     \
	} while (0)

static bool same_weight(const void *a, const void *b)
{
	const struct spec_weight_device *x = a, *y = b;

	return x->major == y->major && x->minor == y->minor;
}

static bool same_throttle(const void *a, const void *b)
{
	const struct spec_throttle_device *x = a, *y = b;

	return x->major == y->major && x->minor == y->minor;
}

static bool same_page(const void *a, const void *b)
{
	const struct spec_hugepage_limit *x = a, *y = b;

	return str_eq(x->page_size, y->page_size);
}

static bool same_interface(const void *a, const void *b)
{
	const struct spec_interface_priority *x = a, *y = b;

	return str_eq(x->name, y->name);
}

static bool same_rdma(const void *a, const void *b)
{
	const struct spec_rdma *x = a, *y = b;

	return str_eq(x->key, y->key);
}

static bool same_pair(const void *a, const void *b)
{
	const struct strpair *x = a, *y = b;

	return str_eq(x->key, y->key);
}

static struct spec_block_io *merge_block_io(const struct spec_block_io *now,
					    const struct spec_block_io *asked, struct arena *arena)
{
	static const struct spec_block_io nothing;
	struct spec_block_io *to = arena_new(arena, struct spec_block_io);

	now = now ? now : &nothing;
	*to = *now;
	TAKE_NONZERO(to, asked, weight);
	TAKE_NONZERO(to, asked, leaf_weight);
	MERGE(to, now, asked, weight_device, same_weight);
	MERGE(to, now, asked, throttle_read_bps, same_throttle);
	MERGE(to, now, asked, throttle_write_bps, same_throttle);
	MERGE(to, now, asked, throttle_read_iops, same_throttle);
	MERGE(to, now, asked, throttle_write_iops, same_throttle);
	return to;
}

static struct spec_network_resources *merge_network(const struct spec_network_resources *now,
						    const struct spec_network_resources *asked,
						    struct arena *arena)
{
	static const struct spec_network_resources nothing;
	struct spec_network_resources *to = arena_new(arena, struct spec_network_resources);

	now = now ? now : &nothing;
	*to = *now;
	TAKE_NONZERO(to, asked, class_id);
	MERGE(to, now, asked, priorities, same_interface);
	return to;
}

void plan_resources_merge(const struct spec_resources *now, const struct spec_resources *asked,
			  struct arena *arena, struct spec_resources *ret)
{
	static const struct spec_resources nothing;
	struct spec_resources to;

	now = now ? now : &nothing;
	to = *now;
	if (asked->memory)
		to.memory = merge_memory(now->memory, asked->memory, arena);
	if (asked->cpu)
		to.cpu = merge_cpu(now->cpu, asked->cpu, arena);
	if (asked->pids)
		to.pids = asked->pids;
	if (asked->block_io)
		to.block_io = merge_block_io(now->block_io, asked->block_io, arena);
	if (asked->network)
		to.network = merge_network(now->network, asked->network, arena);
	MERGE(&to, now, asked, hugepage_limits, same_page);
	MERGE(&to, now, asked, rdma, same_rdma);
	MERGE(&to, now, asked, unified, same_pair);
	*ret = to;
}

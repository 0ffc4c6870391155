/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a cgroup say, as `events --stats` and a word on a death by lack of memory read them: the
 * first byte chooses v1 or v2, the rest is one file after the other, each ended by a line of "---". Whatever is
 * in them, what comes out is JSON.
 */
#include "base/auto.h"
#include "base/json.h"
#include "base/json_out.h"
#include "cgroup/cgroup.h"
#include "os/io.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const v1_files[] = {
	"cpuacct.usage",
	"cpuacct.usage_percpu",
	"cpuacct.stat",
	"cpu.cfs_quota_us",
	"cpu.stat",
	"memory.usage_in_bytes",
	"memory.limit_in_bytes",
	"memory.stat",
	"memory.oom_control",
	"pids.current",
	"pids.max",
	"blkio.throttle.io_service_bytes_recursive",
	"blkio.throttle.io_serviced_recursive",
	"hugetlb.2MB.usage_in_bytes",
	"hugetlb.2MB.failcnt",
};
static const char *const v2_files[] = {
	"cgroup.events", "cpu.stat",        "cpu.pressure",        "memory.current",
	"memory.max",    "memory.stat",     "memory.events",       "pids.current",
	"pids.max",      "io.stat",         "io.pressure",         "memory.pressure",
	"schemata",      "memory.swap.max", "hugetlb.2MB.current", "hugetlb.2MB.events",
};

struct hierarchy {
	const char *name;
	const char *const *files;
	size_t n;
	int fds[32];
};
static struct hierarchy hierarchies[] = {
	{ .name = "v1", .files = v1_files, .n = ARRAY_SIZE(v1_files) },
	{ .name = "v2", .files = v2_files, .n = ARRAY_SIZE(v2_files) },
};
/* in memory: these files are written again for each input */
static char base[] = "/dev/shm/distro-shim-fuzz.XXXXXX";

static void must(bool condition)
{
	if (!condition)
		abort();
}

static char *path_of(const struct hierarchy *hierarchy, const char *file, struct arena *arena)
{
	return arena_printf(arena, "%s/%s/group%s%s", base, hierarchy->name, file ? "/" : "",
			    file ? file : "");
}

static void remove_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(hierarchies); i++) {
		autoarena arena = { 0 };

		for (size_t j = 0; j < hierarchies[i].n; j++)
			unlink(path_of(&hierarchies[i], hierarchies[i].files[j], &arena));
		rmdir(path_of(&hierarchies[i], NULL, &arena));
		rmdir(arena_printf(&arena, "%s/%s", base, hierarchies[i].name));
	}
	rmdir(base);
}

static void make_all(void)
{
	must(mkdtemp(base) && atexit(remove_all) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(hierarchies); i++) {
		autoarena arena = { 0 };
		struct err e = { 0 };

		must(make_directories(path_of(&hierarchies[i], NULL, &arena), 0700, &e) == 0);
		for (size_t j = 0; j < hierarchies[i].n; j++) {
			hierarchies[i].fds[j] =
				open(path_of(&hierarchies[i], hierarchies[i].files[j], &arena),
				     O_RDWR | O_CREAT | O_CLOEXEC, 0600);
			must(hierarchies[i].fds[j] >= 0);
		}
	}
}

static void fill(const struct hierarchy *hierarchy, const char *text, size_t size)
{
	static const char separator[] = "\n---\n";

	for (size_t i = 0; i < hierarchy->n; i++) {
		const char *end = memmem(text, size, separator, sizeof(separator) - 1);
		size_t length = end ? (size_t)(end - text) : size;
		size_t taken = end ? length + sizeof(separator) - 1 : size;

		must(ftruncate(hierarchy->fds[i], 0) == 0);
		must(pwrite(hierarchy->fds[i], text, length, 0) == (ssize_t)length);
		text += taken;
		size -= taken;
	}
}

/* A key that the kernel would say twice is there twice, and no reader is asked to take that. */
static void check_json(const char *text, size_t length)
{
	const struct json_source source = { .name = "stats", .text = text, .length = length };
	autoarena arena = { 0 };
	struct json_value *value = NULL;
	struct err e = { 0 };

	must(json_parse(&source, &arena, &value, &e) == 0 || strstr(e.text, "duplicate key"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	char *directory;
	struct cgroup_record record = { .manage = true, .path = "/group" };
	struct rdt_record rdt = { 0 };
	struct cgroup_memory memory;
	auto_json_out out = json_out_new(false);
	const struct hierarchy *hierarchy;
	const char *text = NULL;
	struct err e = { 0 };
	size_t length = 0;

	if (size == 0)
		return 0;
	if (!hierarchies[0].fds[0])
		make_all();
	hierarchy = &hierarchies[data[0] % ARRAY_SIZE(hierarchies)];
	fill(hierarchy, (const char *)data + 1, size - 1);
	directory = path_of(hierarchy, NULL, &arena);
	record.directories = (struct strlist){ .n = 1, .v = &directory };
	rdt.group = directory;
	must(cgroup_stats(&record, &rdt, out, &e) == 0);
	/* what is not a text cannot be shown, and is an error that says so */
	if (json_out_finish(out, &text, &length, &e) == 0)
		check_json(text, length);
	else
		must(strstr(e.text, "utf-8"));
	cgroup_memory_of_record(&record, &memory);
	must(memory.limit == UINT64_MAX || memory.limit <= (uint64_t)INT64_MAX / 2);
	return 0;
}

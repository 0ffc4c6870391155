/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cgroup's files say of use, in one form for v1 and v2: that of runc's `events --stats`, which
 * programs read (containerd's go-runc, events.go). Times are nanoseconds. Runs in the runtime.
 */
#include "cgroup/stats.h"
#include "cgroup/record.h"

#include "base/auto.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define TEXT_MAX 16384

/* USER_HZ is 100 on every architecture that this program runs on. */
#define TICK_NS 10000000

/* --- files --- */

/* A file of one number; "max" is the greatest. False if there is none. */
static bool read_number(int directory, const char *file, uint64_t *ret)
{
	char text[64];
	int64_t negative;

	if (directory < 0 || tree_read(directory, file, text, sizeof(text)) < 0)
		return false;
	if (str_eq(text, "max") || (parse_i64(text, &negative) && negative < 0)) {
		*ret = UINT64_MAX;
		return true;
	}
	return parse_u64(text, ret);
}

static uint64_t number(int directory, const char *file)
{
	uint64_t value = 0;

	return read_number(directory, file, &value) ? value : 0;
}

/* "KEY NUMBER" of a file of such lines. */
static uint64_t keyed(int directory, const char *file, const char *key)
{
	char buffer[TEXT_MAX], *text = buffer;
	size_t length = strlen(key);
	uint64_t value = 0;

	if (directory < 0 || tree_read(directory, file, buffer, sizeof(buffer)) < 0)
		return 0;
	for (char *line; (line = tree_next_line(&text));)
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return parse_u64(line + length + 1, &value) ? value : 0;
	return 0;
}

static void put_nonzero(struct json_out *out, const char *key, uint64_t value)
{
	if (value)
		json_out_member_u64(out, key, value);
}

static void open_object(struct json_out *out, const char *key)
{
	json_out_key(out, key);
	json_out_object(out);
}

/* --- cpu --- */

static void put_per_cpu(int directory, struct json_out *out)
{
	char buffer[TEXT_MAX], *word = buffer;
	uint64_t value;

	if (tree_read(directory, "cpuacct.usage_percpu", buffer, sizeof(buffer)) < 0)
		return;
	json_out_key(out, "percpu");
	json_out_array(out);
	while (*word) {
		char *end = word + strcspn(word, " ");
		char *next = *end ? end + 1 : end;
		*end = '\0';
		if (parse_u64(word, &value))
			json_out_u64(out, value);
		word = next;
	}
	json_out_array_end(out);
}

static void put_cpu(const struct cgroup_opened *opened, struct json_out *out)
{
	int account = cgroup_opened_with(opened, "cpuacct.usage");
	int quota = cgroup_opened_with(opened, "cpu.cfs_quota_us");
	int unified = cgroup_opened_unified(opened);

	open_object(out, "cpu");
	open_object(out, "usage");
	if (account >= 0) {
		json_out_member_u64(out, "total", number(account, "cpuacct.usage"));
		put_per_cpu(account, out);
		json_out_member_u64(out, "kernel",
				    keyed(account, "cpuacct.stat", "system") * TICK_NS);
		json_out_member_u64(out, "user", keyed(account, "cpuacct.stat", "user") * TICK_NS);
	} else {
		json_out_member_u64(out, "total", keyed(unified, "cpu.stat", "usage_usec") * 1000);
		json_out_member_u64(out, "kernel",
				    keyed(unified, "cpu.stat", "system_usec") * 1000);
		json_out_member_u64(out, "user", keyed(unified, "cpu.stat", "user_usec") * 1000);
	}
	json_out_object_end(out);
	if (quota < 0)
		quota = unified;
	open_object(out, "throttling");
	put_nonzero(out, "periods", keyed(quota, "cpu.stat", "nr_periods"));
	put_nonzero(out, "throttledPeriods", keyed(quota, "cpu.stat", "nr_throttled"));
	put_nonzero(out, "throttledTime",
		    keyed(quota, "cpu.stat", "throttled_time") +
			    keyed(quota, "cpu.stat", "throttled_usec") * 1000);
	json_out_object_end(out);
	stats_put_pressure(unified, "cpu.pressure", out);
	json_out_object_end(out);
}

/* --- memory --- */

static void put_memory_entry(struct json_out *out, const char *key, uint64_t usage, uint64_t limit,
			     uint64_t most, uint64_t failures)
{
	open_object(out, key);
	json_out_member_u64(out, "limit", limit);
	put_nonzero(out, "usage", usage);
	put_nonzero(out, "max", most);
	json_out_member_u64(out, "failcnt", failures);
	json_out_object_end(out);
}

static void put_v1_entry(struct json_out *out, const char *key, int directory, const char *name)
{
	static const char *const files[] = { "usage_in_bytes", "limit_in_bytes",
					     "max_usage_in_bytes", "failcnt" };
	uint64_t values[ARRAY_SIZE(files)];
	char file[64];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(file, sizeof(file), "memory.%s%s", name, files[i]);
		values[i] = number(directory, file);
	}
	put_memory_entry(out, key, values[0], values[1], values[2], values[3]);
}

static uint64_t add_limits(uint64_t a, uint64_t b)
{
	return a == UINT64_MAX || b == UINT64_MAX ? UINT64_MAX : a + b;
}

/* "swap" is memory and swap together, as v1 counts. */
static void put_v2_entries(struct json_out *out, int directory)
{
	uint64_t usage = number(directory, "memory.current");
	uint64_t limit = number(directory, "memory.max");

	put_memory_entry(out, "usage", usage, limit, number(directory, "memory.peak"),
			 keyed(directory, "memory.events", "max"));
	put_memory_entry(out, "swap", usage + number(directory, "memory.swap.current"),
			 add_limits(limit, number(directory, "memory.swap.max")), 0,
			 keyed(directory, "memory.swap.events", "fail"));
}

static void put_raw(struct json_out *out, int directory)
{
	char buffer[TEXT_MAX], *text = buffer;
	uint64_t value;

	open_object(out, "raw");
	if (tree_read(directory, "memory.stat", buffer, sizeof(buffer)) < 0)
		buffer[0] = '\0';
	for (char *line; (line = tree_next_line(&text));) {
		char *blank = strchr(line, ' ');
		if (!blank || !parse_u64(blank + 1, &value))
			continue;
		*blank = '\0';
		json_out_member_u64(out, line, value);
	}
	json_out_object_end(out);
}

static void put_memory(const struct cgroup_opened *opened, struct json_out *out)
{
	int v1 = cgroup_opened_with(opened, "memory.usage_in_bytes");
	int v2 = cgroup_opened_with(opened, "memory.current");
	int pressure = cgroup_opened_with(opened, "memory.pressure");

	if (v1 < 0 && v2 < 0 && pressure < 0)
		return;
	open_object(out, "memory");
	if (v1 >= 0) {
		put_nonzero(out, "cache", keyed(v1, "memory.stat", "cache"));
		put_v1_entry(out, "usage", v1, "");
		put_v1_entry(out, "swap", v1, "memsw.");
		put_v1_entry(out, "kernel", v1, "kmem.");
		put_v1_entry(out, "kernelTCP", v1, "kmem.tcp.");
		put_raw(out, v1);
	} else if (v2 >= 0) {
		put_nonzero(out, "cache", keyed(v2, "memory.stat", "file"));
		put_v2_entries(out, v2);
		put_raw(out, v2);
	}
	stats_put_pressure(pressure, "memory.pressure", out);
	json_out_object_end(out);
}

/* --- pids, huge pages --- */

static void put_pids(const struct cgroup_opened *opened, struct json_out *out)
{
	int directory = cgroup_opened_with(opened, "pids.current");
	uint64_t limit = number(directory, "pids.max");

	if (directory < 0)
		return;
	open_object(out, "pids");
	put_nonzero(out, "current", number(directory, "pids.current"));
	/* 0 is none, as runc has it */
	put_nonzero(out, "limit", limit == UINT64_MAX ? 0 : limit);
	json_out_object_end(out);
}

static void put_page_size(int directory, const char *size, bool v2, struct json_out *out)
{
	char file[128], line[64];

	open_object(out, size);
	snprintf(file, sizeof(file), "hugetlb.%s.%s", size, v2 ? "current" : "usage_in_bytes");
	put_nonzero(out, "usage", number(directory, file));
	if (v2) {
		snprintf(file, sizeof(file), "hugetlb.%s.events", size);
		snprintf(line, sizeof(line), "max");
		json_out_member_u64(out, "failcnt", keyed(directory, file, line));
	} else {
		snprintf(file, sizeof(file), "hugetlb.%s.max_usage_in_bytes", size);
		put_nonzero(out, "max", number(directory, file));
		snprintf(file, sizeof(file), "hugetlb.%s.failcnt", size);
		json_out_member_u64(out, "failcnt", number(directory, file));
	}
	json_out_object_end(out);
}

/* Which sizes there are is told by the names of the files: "hugetlb.2MB.current". */
static void put_huge_pages(int directory, bool v2, struct json_out *out)
{
	const char *end = v2 ? ".current" : ".usage_in_bytes";
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *scan = fd < 0 ? NULL : fdopendir(fd);

	if (!scan) {
		close_keep_errno(fd);
		return;
	}
	open_object(out, "hugetlb");
	for (struct dirent *entry; (entry = readdir(scan));) {
		char size[64];
		size_t length = strlen(entry->d_name);
		if (!str_has_prefix(entry->d_name, "hugetlb.") ||
		    !str_has_suffix(entry->d_name, end) || strstr(entry->d_name, ".rsvd."))
			continue;
		length -= strlen("hugetlb.") + strlen(end);
		snprintf(size, sizeof(size), "%.*s", (int)length,
			 entry->d_name + strlen("hugetlb."));
		put_page_size(directory, size, v2, out);
	}
	json_out_object_end(out);
}

/* --- block devices --- */

static void put_block_entry(struct json_out *out, const char *device, const char *operation,
			    uint64_t value)
{
	char major[16], minor[16];
	size_t length = strcspn(device, ":");
	uint64_t a, b;

	snprintf(major, sizeof(major), "%.*s", (int)length, device);
	snprintf(minor, sizeof(minor), "%s", device[length] ? device + length + 1 : "");
	if (!parse_u64(major, &a) || !parse_u64(minor, &b))
		return;
	json_out_object(out);
	json_out_member_u64(out, "major", a);
	json_out_member_u64(out, "minor", b);
	json_out_member_string(out, "op", operation);
	json_out_member_u64(out, "value", value);
	json_out_object_end(out);
}

/* v1: "8:0 Read 4096". */
static void put_v1_blocks(struct json_out *out, const char *key, int directory, const char *file)
{
	char buffer[TEXT_MAX], *text = buffer;
	uint64_t value;

	if (tree_read(directory, file, buffer, sizeof(buffer)) < 0)
		return;
	json_out_key(out, key);
	json_out_array(out);
	for (char *line; (line = tree_next_line(&text));) {
		char *operation = strchr(line, ' ');
		char *amount = operation ? strchr(operation + 1, ' ') : NULL;
		if (!amount || !parse_u64(amount + 1, &value))
			continue;
		*operation++ = '\0';
		*amount = '\0';
		put_block_entry(out, line, operation, value);
	}
	json_out_array_end(out);
}

/* v2: "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 ...". */
static void put_v2_blocks(struct json_out *out, const char *key, int directory,
			  const char *read_key, const char *write_key)
{
	char buffer[TEXT_MAX], *text = buffer;
	uint64_t value;

	if (tree_read(directory, "io.stat", buffer, sizeof(buffer)) < 0)
		return;
	json_out_key(out, key);
	json_out_array(out);
	for (char *line; (line = tree_next_line(&text));) {
		char *word = strchr(line, ' ');
		while (word) {
			*word++ = '\0';
			char *next = strchr(word, ' ');
			char *amount = strchr(word, '=');
			if (next)
				*next = '\0';
			if (amount && parse_u64(amount + 1, &value)) {
				*amount = '\0';
				if (str_eq(word, read_key))
					put_block_entry(out, line, "Read", value);
				else if (str_eq(word, write_key))
					put_block_entry(out, line, "Write", value);
			}
			word = next;
		}
	}
	json_out_array_end(out);
}

static void put_blocks(const struct cgroup_opened *opened, struct json_out *out)
{
	int v1 = cgroup_opened_with(opened, "blkio.throttle.io_service_bytes_recursive");
	int v2 = cgroup_opened_with(opened, "io.stat");
	int pressure = cgroup_opened_with(opened, "io.pressure");

	if (v1 < 0 && v2 < 0 && pressure < 0)
		return;
	open_object(out, "blkio");
	if (v1 >= 0) {
		put_v1_blocks(out, "ioServiceBytesRecursive", v1,
			      "blkio.throttle.io_service_bytes_recursive");
		put_v1_blocks(out, "ioServicedRecursive", v1,
			      "blkio.throttle.io_serviced_recursive");
	} else if (v2 >= 0) {
		put_v2_blocks(out, "ioServiceBytesRecursive", v2, "rbytes", "wbytes");
		put_v2_blocks(out, "ioServicedRecursive", v2, "rios", "wios");
	}
	stats_put_pressure(pressure, "io.pressure", out);
	json_out_object_end(out);
}

int cgroup_stats(const struct cgroup_record *record, const struct rdt_record *rdt,
		 struct json_out *out, struct err *e)
{
	autoopened opened = { 0 };
	int pages;

	if (cgroup_open_record(record, &opened, e) < 0)
		return -1;
	json_out_object(out);
	put_cpu(&opened, out);
	put_memory(&opened, out);
	put_pids(&opened, out);
	put_blocks(&opened, out);
	pages = cgroup_opened_with(&opened, "hugetlb.2MB.current");
	if (pages >= 0)
		put_huge_pages(pages, true, out);
	else if ((pages = cgroup_opened_with(&opened, "hugetlb.2MB.usage_in_bytes")) >= 0)
		put_huge_pages(pages, false, out);
	if (rdt)
		stats_put_rdt(rdt, out);
	json_out_object_end(out);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a group of resctrl has and uses (Documentation/filesystems/resctrl.rst), in the form of runc. Runs in
 * the runtime.
 */
#include "cgroup/stats.h"

#include "base/auto.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_MAX 16384

static void open_object(struct json_out *out, const char *key)
{
	json_out_key(out, key);
	json_out_object(out);
}

/* Of a file of one number. A counter that has none says "Unavailable". */
static void put_number(int directory, const char *file, struct json_out *out)
{
	const char *slash = strrchr(file, '/');
	char text[64];
	uint64_t value;

	if (tree_read(directory, file, text, sizeof(text)) == 0 && parse_u64(text, &value))
		json_out_member_u64(out, slash ? slash + 1 : file, value);
}

static bool is_there(int directory, const char *file)
{
	return faccessat(directory, file, F_OK, 0) == 0;
}

/* What all groups share, from `info`. */
static void put_info(int root, struct json_out *out)
{
	char mask[64];

	if (is_there(root, "info/L3")) {
		open_object(out, "l3_cache_info");
		if (tree_read(root, "info/L3/cbm_mask", mask, sizeof(mask)) == 0)
			json_out_member_string(out, "cbm_mask", mask);
		put_number(root, "info/L3/min_cbm_bits", out);
		put_number(root, "info/L3/num_closids", out);
		json_out_object_end(out);
	}
	if (is_there(root, "info/MB")) {
		open_object(out, "mem_bw_info");
		put_number(root, "info/MB/bandwidth_gran", out);
		put_number(root, "info/MB/delay_linear", out);
		put_number(root, "info/MB/min_bandwidth", out);
		put_number(root, "info/MB/num_closids", out);
		json_out_object_end(out);
	}
}

/* The lines without the blanks that the kernel puts before them. */
static const char *without_padding(const char *line)
{
	return line + strspn(line, " ");
}

static void put_schemas(int group, const char *l3_key, const char *bandwidth_key, bool list,
			struct json_out *out)
{
	char buffer[TEXT_MAX], *text = buffer;
	autostrbuf lines = { 0 };

	if (tree_read(group, "schemata", buffer, sizeof(buffer)) < 0)
		return;
	strbuf_puts(&lines, buffer);
	for (char *line; (line = tree_next_line(&text));) {
		const char *schema = without_padding(line);
		if (str_has_prefix(schema, "L3:"))
			json_out_member_string(out, l3_key, schema);
		else if (str_has_prefix(schema, "MB:"))
			json_out_member_string(out, bandwidth_key, schema);
	}
	if (!list)
		return;
	json_out_key(out, "schemata");
	json_out_array(out);
	text = lines.text ? lines.text : buffer;
	for (char *line; (line = tree_next_line(&text));)
		json_out_string(out, without_padding(line));
	json_out_array_end(out);
}

/* --- monitoring --- */

static bool is_bandwidth(int domain)
{
	return is_there(domain, "mbm_total_bytes") || is_there(domain, "mbm_local_bytes");
}

static bool is_occupancy(int domain)
{
	return is_there(domain, "llc_occupancy");
}

static void put_bandwidth(int domain, struct json_out *out)
{
	put_number(domain, "mbm_total_bytes", out);
	put_number(domain, "mbm_local_bytes", out);
}

static void put_occupancy(int domain, struct json_out *out)
{
	put_number(domain, "llc_occupancy", out);
}

static int is_cache_domain(const struct dirent *entry)
{
	return str_has_prefix(entry->d_name, "mon_L3_");
}

struct domains {
	int directory; /* of mon_data */
	struct dirent **v;
	int n;
};

/* One object a domain that counts it, in their order. */
static void put_counters(const struct domains *domains, const char *key, bool (*has)(int),
			 void (*put)(int, struct json_out *), struct json_out *out)
{
	bool any = false;

	for (int i = 0; i < domains->n; i++) {
		autoclose int domain = tree_open_below(domains->directory, domains->v[i]->d_name);
		if (domain < 0 || !has(domain))
			continue;
		if (!any) {
			json_out_key(out, key);
			json_out_array(out);
		}
		any = true;
		json_out_object(out);
		put(domain, out);
		json_out_object_end(out);
	}
	if (any)
		json_out_array_end(out);
}

/* Without a monitoring group of its own it is that of all which share the group. */
static void put_monitoring(const struct rdt_record *record, struct json_out *out)
{
	const char *directory = record->monitor ? record->monitor : record->group;
	struct domains domains = { .directory = -1 };
	autostrbuf name = { 0 };

	strbuf_printf(&name, "%s/mon_data", directory);
	autoclose int fd = open(strbuf_text(&name), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	domains.directory = fd;
	domains.n = scandir(strbuf_text(&name), &domains.v, is_cache_domain, alphasort);
	if (domains.n < 0)
		return;
	put_counters(&domains, "mbm_stats", is_bandwidth, put_bandwidth, out);
	put_counters(&domains, "cmt_stats", is_occupancy, put_occupancy, out);
	for (int i = 0; i < domains.n; i++)
		free(domains.v[i]);
	free(domains.v);
}

void stats_put_rdt(const struct rdt_record *record, struct json_out *out)
{
	autoclose int group = open(record->group, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int root = -1;

	if (group < 0)
		return;
	/* the container may be in the root of the file system itself */
	root = openat(group, is_there(group, "info") ? "." : "..",
		      O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return;
	open_object(out, "intel_rdt");
	put_info(root, out);
	put_schemas(root, "l3_cache_schema_root", "mem_bw_schema_root", false, out);
	put_schemas(group, "l3_cache_schema", "mem_bw_schema", true, out);
	put_monitoring(record, out);
	json_out_object_end(out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See resctrl.h. Runs in the runtime. */
#include "cgroup/resctrl.h"

#include "base/auto.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMATA_MAX 65536
#define REASON_MAX 4096

int rdt_mount_point(struct arena *arena, const char **ret, struct err *e)
{
	struct mountinfo mounts;

	if (mountinfo_read(arena, &mounts, e) < 0)
		return -1;
	for (size_t i = 0; i < mounts.n; i++) {
		if (!str_eq(mounts.v[i].fstype, "resctrl") || !str_eq(mounts.v[i].root, "/"))
			continue;
		*ret = mounts.v[i].mount_point;
		return 0;
	}
	return fail(e, ERR_CONFIG,
		    "linux.intelRdt: no resctrl file system is mounted on this host");
}

int rdt_describe(const struct plan_rdt *plan, const char *mount_point, struct arena *arena,
		 struct rdt_record *ret, struct err *e)
{
	char *group =
		arena_printf(arena, "%s%s%s", mount_point, *plan->group ? "/" : "", plan->group);
	struct stat st;
	bool there = lstat(group, &st) == 0;

	if (!there && errno != ENOENT)
		return fail_sys(e, "linux.intelRdt: stat '%s'", group);
	if (there && !S_ISDIR(st.st_mode))
		return fail(e, ERR_CONFIG, "linux.intelRdt.closID: '%s' is not a group", group);
	if (there && !plan->named)
		return fail(
			e, ERR_CONFIG,
			"linux.intelRdt: '%s' exists already and is not this container's; give closID to share it",
			group);
	if (!there && plan->named && plan->schemata.n == 0)
		return fail(
			e, ERR_CONFIG,
			"linux.intelRdt.closID: group '%s' does not exist, and no schema is given to make it with; name an existing group, or give schemata",
			group);
	ret->group = group;
	ret->made = !there;
	ret->monitor = plan->monitor ? arena_printf(arena, "%s/mon_groups/%s", group, plan->monitor)
				     : NULL;
	return 0;
}

int rdt_make(const struct rdt_record *record, struct err *e)
{
	if (record->made && mkdir(record->group, 0755) < 0) {
		if (errno == ENOSPC)
			return fail_sys(
				e,
				"linux.intelRdt: make '%s': the processor has no class of service left",
				record->group);
		return fail_sys(e, "linux.intelRdt: make '%s'", record->group);
	}
	return 0;
}

/* The next character that counts: the kernel pads with blanks and, as engines do, with zeros. */
static const char *skip_padding(const char *text, bool zeros)
{
	while (*text == ' ' || (zeros && *text == '0' && text[1] && !strchr(";\n ", text[1])))
		text++;
	return text;
}

/* "0=ff" against "0=0ff", each ended by ';', newline or its end. */
static bool same_share(const char *a, const char *b)
{
	bool value = false;

	for (;;) {
		a = skip_padding(a, value);
		b = skip_padding(b, value);
		bool a_ends = !*a || *a == ';' || *a == '\n';
		bool b_ends = !*b || *b == ';' || *b == '\n';
		if (a_ends || b_ends)
			return a_ends && b_ends;
		if (*a != *b)
			return false;
		value = *a == '=';
		a++;
		b++;
	}
}

static bool line_has_share(const char *line, const char *share)
{
	for (;;) {
		if (same_share(line, share))
			return true;
		line += strcspn(line, ";\n");
		if (*line++ != ';')
			return false;
	}
}

/* Behind "L3:" of the line that has this name, NULL if there is none. */
static const char *find_resource(const char *schemata, const char *name, size_t length)
{
	for (const char *line = schemata; *line;) {
		line += strspn(line, " \n");
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1;
		line += strcspn(line, "\n");
	}
	return NULL;
}

bool rdt_schema_holds(const char *schemata, const char *line)
{
	const char *name = line + strspn(line, " ");
	size_t length = strcspn(name, ":");
	const char *there = name[length] ? find_resource(schemata, name, length) : NULL;

	if (!there)
		return false;
	for (const char *share = name + length + 1; *share;) {
		if (*skip_padding(share, false) && !line_has_share(there, share))
			return false;
		share += strcspn(share, ";");
		share += *share == ';';
	}
	return true;
}

static int compare_schemata(const struct plan_rdt *plan, const struct rdt_record *record, int group,
			    struct err *e)
{
	autofree char *text = NULL;

	if (read_file_at(group, "schemata", SCHEMATA_MAX, &text, NULL, e) < 0)
		return -1;
	for (size_t i = 0; i < plan->schemata.n; i++)
		if (!rdt_schema_holds(text, plan->schemata.v[i]))
			return fail(
				e, ERR_CONFIG,
				"linux.intelRdt: the group '%s' exists already with another schema than '%s'",
				record->group, plan->schemata.v[i]);
	return 0;
}

/* ": Unknown resource name", if the kernel says why it has not taken the last write. `group` may be the
 * root of the file system. */
static void put_reason(int group, struct strbuf *out)
{
	static const char *const files[] = { "info/last_cmd_status", "../info/last_cmd_status" };
	struct err ignored;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *text = NULL;
		if (read_file_at(group, files[i], REASON_MAX, &text, NULL, &ignored) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (!str_eq(text, "ok"))
			strbuf_printf(out, ": %s", text);
		return;
	}
}

/* All in one write: the kernel looks at all lines before it does any. */
static int write_schemata(const struct strlist *schemata, int group, struct err *e)
{
	autostrbuf text = { 0 }, reason = { 0 };

	for (size_t i = 0; i < schemata->n; i++)
		strbuf_printf(&text, "%s\n", schemata->v[i]);
	if (write_file_at(group, "schemata", strbuf_text(&text), e) == 0)
		return 0;
	put_reason(group, &reason);
	return err_prefix(e, "linux.intelRdt: write '%s'%s", schemata->v[0], strbuf_text(&reason));
}

int rdt_configure(const struct plan_rdt *plan, const struct rdt_record *record, struct err *e)
{
	autoclose int group = open(record->group, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (group < 0)
		return fail_sys(e, "linux.intelRdt: open '%s'", record->group);
	if (plan->schemata.n > 0 && (record->made ? write_schemata(&plan->schemata, group, e)
						  : compare_schemata(plan, record, group, e)) < 0)
		return -1;
	if (record->monitor && mkdir(record->monitor, 0755) < 0)
		return fail_sys(e, "linux.intelRdt.enableMonitoring: make '%s'", record->monitor);
	return 0;
}

/* The lines of `text` that are of the same resources as those of `schemata`. */
static void put_same_resources(const char *text, const struct strlist *schemata, struct strbuf *out)
{
	for (const char *line = text; *line;) {
		line += strspn(line, " \n");
		size_t length = strcspn(line, "\n"), name = strcspn(line, ":\n");
		bool asked = false;
		for (size_t i = 0; i < schemata->n; i++)
			asked = asked || (strncmp(schemata->v[i], line, name) == 0 &&
					  schemata->v[i][name] == ':');
		if (asked && line[name] == ':')
			strbuf_printf(out, "%.*s\n", (int)length, line);
		line += length;
	}
}

int rdt_update(const struct strlist *schemata, const struct rdt_record *record,
	       struct strbuf *ret_before, struct err *e)
{
	autoclose int group = open(record->group, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *text = NULL;

	if (schemata->n == 0)
		return 0;
	if (group < 0)
		return fail_sys(e, "linux.intelRdt: open '%s'", record->group);
	if (read_file_at(group, "schemata", SCHEMATA_MAX, &text, NULL, e) < 0)
		return err_prefix(e, "linux.intelRdt: in '%s'", record->group);
	if (write_schemata(schemata, group, e) < 0)
		return -1;
	put_same_resources(text, schemata, ret_before);
	return 0;
}

void rdt_put_back(const struct rdt_record *record, const char *before)
{
	autoclose int group = open(record->group, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err e;

	if (*before && write_file_at(group, "schemata", before, &e) < 0)
		log_warning("the schemata of '%s' could not be put back: %s", record->group,
			    e.text);
}

static int write_task(const char *group, pid_t pid, struct err *e)
{
	autoclose int fd = open(group, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char text[16];

	if (fd < 0)
		return fail_sys(e, "linux.intelRdt: open '%s'", group);
	snprintf(text, sizeof(text), "%d", (int)pid);
	if (write_file_at(fd, "tasks", text, e) < 0)
		return err_prefix(e, "linux.intelRdt: enter '%s'", group);
	return 0;
}

/* The group first: a monitoring group takes only tasks of its own group. */
int rdt_join(const struct rdt_record *record, pid_t pid, struct err *e)
{
	if (write_task(record->group, pid, e) < 0)
		return -1;
	return record->monitor ? write_task(record->monitor, pid, e) : 0;
}

int rdt_remove(const struct rdt_record *record, struct err *e)
{
	if (record->monitor && rmdir(record->monitor) < 0 && errno != ENOENT)
		return fail_sys(e, "remove the monitoring group '%s'", record->monitor);
	if (record->made && rmdir(record->group) < 0 && errno != ENOENT)
		return fail_sys(e, "remove the resctrl group '%s'", record->group);
	return 0;
}

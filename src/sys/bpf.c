/* SPDX-License-Identifier: Apache-2.0 */
/* See bpf.h. Runs in the runtime. */
#include "sys/bpf.h"

#include "base/auto.h"
#include "os/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VERIFIER_LOG_SIZE 65536

static int call(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static void put_name(char to[BPF_OBJ_NAME_LEN], const char *name)
{
	if (name)
		memcpy(to, name, strnlen(name, BPF_OBJ_NAME_LEN - 1));
}

/* The verifier's log costs time, so it is asked for only once the load has failed. */
static int load(const struct bpf_text *text, char *log, size_t log_size)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = text->type;
	attr.expected_attach_type = text->attach;
	attr.insns = address_of(text->v);
	attr.insn_cnt = (uint32_t)text->n;
	attr.license = address_of(text->license);
	attr.log_level = log ? 1 : 0;
	attr.log_buf = address_of(log);
	attr.log_size = (uint32_t)log_size;
	put_name(attr.prog_name, text->name);
	return call(BPF_PROG_LOAD, &attr);
}

int bpf_load(const struct bpf_text *text, struct err *e)
{
	autofree char *log = NULL;
	int fd = load(text, NULL, 0);
	int error_number = errno;

	if (fd >= 0)
		return fd;
	if (errno == EPERM)
		return fail_sys(
			e,
			"load a program of the kernel's: it takes CAP_BPF or CAP_SYS_ADMIN in the initial user namespace");
	log = calloc(1, VERIFIER_LOG_SIZE);
	fd = log ? load(text, log, VERIFIER_LOG_SIZE) : -1;
	if (fd >= 0)
		return fd;
	if (log && *log)
		log_debug("the verifier says: %s", log);
	return fail_errno(e, error_number, "load a program of the kernel's (%zu instructions)",
			  text->n);
}

int bpf_attach(int cgroup_fd, int program_fd, int replaced_fd, enum bpf_attach_type type)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = type;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced_fd;
	}
	return call(BPF_PROG_ATTACH, &attr);
}

int bpf_detach(int cgroup_fd, int program_fd, enum bpf_attach_type type)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = type;
	return call(BPF_PROG_DETACH, &attr);
}

int bpf_attached(int cgroup_fd, enum bpf_attach_type type, uint32_t ids[BPF_ATTACHED_MAX])
{
	union bpf_attr attr = { 0 };

	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = type;
	attr.query.prog_ids = address_of(ids);
	attr.query.prog_cnt = BPF_ATTACHED_MAX;
	return call(BPF_PROG_QUERY, &attr) < 0 ? -1 : (int)attr.query.prog_cnt;
}

int bpf_program_by_id(uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };

	return call(BPF_PROG_GET_FD_BY_ID, &attr);
}

int bpf_map_by_id(uint32_t id)
{
	union bpf_attr attr = { .map_id = id };

	return call(BPF_MAP_GET_FD_BY_ID, &attr);
}

static int ask_info(int fd, void *info, size_t size)
{
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = address_of(info);
	attr.info.info_len = (uint32_t)size;
	return call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int bpf_program_info(int program_fd, char name[BPF_OBJ_NAME_LEN], uint32_t *map_ids, size_t *n)
{
	struct bpf_prog_info info = { 0 };

	info.map_ids = address_of(map_ids);
	info.nr_map_ids = (uint32_t)*n;
	if (ask_info(program_fd, &info, sizeof(info)) < 0)
		return -1;
	memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	*n = info.nr_map_ids;
	return 0;
}

int bpf_program_id(int program_fd, uint32_t *ret)
{
	struct bpf_prog_info info = { 0 };

	if (ask_info(program_fd, &info, sizeof(info)) < 0)
		return -1;
	*ret = info.id;
	return 0;
}

int bpf_map_id(int map_fd, uint32_t *ret)
{
	struct bpf_map_info info = { 0 };

	if (ask_info(map_fd, &info, sizeof(info)) < 0)
		return -1;
	*ret = info.id;
	return 0;
}

int bpf_map_value_size(int map_fd, size_t *ret)
{
	struct bpf_map_info info = { 0 };

	if (ask_info(map_fd, &info, sizeof(info)) < 0)
		return -1;
	*ret = info.value_size;
	return 0;
}

int bpf_map_create(enum bpf_map_type type, const char *name, size_t key, size_t value,
		   size_t entries)
{
	union bpf_attr attr = { 0 };

	attr.map_type = type;
	attr.key_size = (uint32_t)key;
	attr.value_size = (uint32_t)value;
	attr.max_entries = (uint32_t)entries;
	put_name(attr.map_name, name);
	return call(BPF_MAP_CREATE, &attr);
}

int bpf_map_set(int map_fd, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map_fd;
	attr.key = address_of(key);
	attr.value = address_of(value);
	attr.flags = flags;
	return call(BPF_MAP_UPDATE_ELEM, &attr);
}

int bpf_map_get(int map_fd, const void *key, void *value)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map_fd;
	attr.key = address_of(key);
	attr.value = address_of(value);
	return call(BPF_MAP_LOOKUP_ELEM, &attr);
}

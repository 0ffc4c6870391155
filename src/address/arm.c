/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h. Runs in the runtime. */
#include "address/address.h"

#include "address/programs.h"
#include "base/auto.h"
#include "sys/bpf.h"
#include "sys/deadline.h"
#include "sys/mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOOKS 12
#define MAPS_MAX 4 /* that one program has */
/* How many sockets may wait for replies of the loopback that they have asked; the oldest are forgotten. */
#define ASKED_MAX 4096
#define LOCK_PAUSE_US 2000
/* Two of the helpers are for programs under the kernel's licence alone. */
#define LICENSE "GPL"

struct programs {
	int fds[HOOKS];
	int data;
};
static void programs_close(struct programs *p)
{
	for (size_t i = 0; i < HOOKS; i++)
		close_keep_errno(p->fds[i]);
	close_keep_errno(p->data);
}
#define autoprograms __attribute__((cleanup(programs_close))) struct programs

static void programs_none(struct programs *ret)
{
	for (size_t i = 0; i < HOOKS; i++)
		ret->fds[i] = -1;
	ret->data = -1;
}

int address_tree_open(struct err *e)
{
	autoclose int context = sys_fsopen("cgroup2", FSOPEN_CLOEXEC);
	int tree;

	if (context < 0 || sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_sys(e, "open the tree of cgroups of version 2");
	tree = sys_fsmount(context, FSMOUNT_CLOEXEC,
			   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return tree < 0 ? fail_sys(e, "open the tree of cgroups of version 2") : tree;
}

/* --- at the anchor --- */

static int lock_anchor(int tree, struct err *e)
{
	const struct deadline deadline = deadline_in(deadline_ms());
	autoclose int anchor = -1;

	if (mkdirat(tree, ADDRESS_ANCHOR, 0755) < 0 && errno != EEXIST)
		return fail_sys(e, "make cgroup '/" ADDRESS_ANCHOR "', which keeps the programs");
	anchor = openat(tree, ADDRESS_ANCHOR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (anchor < 0)
		return fail_sys(e, "open cgroup '/" ADDRESS_ANCHOR "', which keeps the programs");
	while (flock(anchor, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_sys(e, "lock cgroup '/" ADDRESS_ANCHOR "'");
		if (deadline_is_over(&deadline))
			return fail(e, ERR_SYSTEM,
				    "cgroup '/" ADDRESS_ANCHOR
				    "' is locked by another command that loads programs");
		usleep(LOCK_PAUSE_US);
	}
	return take_fd(&anchor);
}

/* The one that is ours by its name; -1: it is not there. */
static int find(int anchor, const struct address_hook *hook, uint32_t maps[MAPS_MAX],
		size_t *n_maps)
{
	uint32_t ids[BPF_ATTACHED_MAX];
	int n = bpf_attached(anchor, hook->type, ids);

	for (int i = 0; i < n; i++) {
		autoclose int fd = bpf_program_by_id(ids[i]);
		char name[BPF_OBJ_NAME_LEN];

		*n_maps = MAPS_MAX;
		if (fd >= 0 && bpf_program_info(fd, name, maps, n_maps) == 0 &&
		    strncmp(name, hook->name, sizeof(name)) == 0)
			return take_fd(&fd);
	}
	return -1;
}

/* 1: all of them; 0: they are not there, or some are not, because the one that loaded them was killed. */
static int find_all(int anchor, struct programs *ret)
{
	for (size_t i = 0; i < HOOKS; i++) {
		uint32_t maps[MAPS_MAX];
		size_t n;

		ret->fds[i] = find(anchor, &address_hooks[i], maps, &n);
		if (ret->fds[i] < 0)
			return 0;
		/* the first one asks the data alone */
		if (i == 0)
			ret->data = n == 1 ? bpf_map_by_id(maps[0]) : -1;
		if (ret->data < 0)
			return 0;
	}
	return 1;
}

static int load(const struct address_hook *hook, const struct address_maps *maps, struct err *e)
{
	autofree struct assembly *a = malloc(sizeof(*a));
	struct bpf_text text = {
		.name = hook->name,
		.license = LICENSE,
		.type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
		.attach = hook->type,
	};
	int fd;

	if (!a)
		return fail_errno(e, ENOMEM, "load program '%s'", hook->name);
	hook->make(a, maps);
	if (assembly_end(a) < 0)
		return fail(e, ERR_INTERNAL, "program '%s' is not whole", hook->name);
	text.v = a->v;
	text.n = a->n;
	fd = bpf_load(&text, e);
	return fd < 0 ? err_prefix(e, "program '%s'", hook->name) : fd;
}

static void detach_all(int anchor)
{
	for (size_t i = 0; i < HOOKS; i++) {
		uint32_t ids[BPF_ATTACHED_MAX];
		int n = bpf_attached(anchor, address_hooks[i].type, ids);

		for (int k = 0; k < n; k++) {
			autoclose int fd = bpf_program_by_id(ids[k]);

			if (fd >= 0)
				(void)!bpf_detach(anchor, fd, address_hooks[i].type);
		}
	}
}

/* They share the maps, so that either all are new or none is. */
static int load_all(int anchor, struct programs *ret, struct err *e)
{
	autoclose int asked = -1;

	detach_all(anchor);
	ret->data = bpf_map_create(BPF_MAP_TYPE_CGROUP_STORAGE, "distro_data", sizeof(uint64_t),
				   sizeof(struct address_data), 0);
	asked = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "distro_asked", sizeof(uint64_t),
			       sizeof(uint64_t), ASKED_MAX);
	if (ret->data < 0 || asked < 0)
		return fail_sys(e, "make the data of addresses");
	for (size_t i = 0; i < HOOKS; i++) {
		ret->fds[i] =
			load(&address_hooks[i], &(struct address_maps){ ret->data, asked }, e);
		if (ret->fds[i] < 0)
			return -1;
		if (bpf_attach(anchor, ret->fds[i], -1, address_hooks[i].type) < 0)
			return fail_sys(e, "keep program '%s' at cgroup '/" ADDRESS_ANCHOR "'",
					address_hooks[i].name);
	}
	return 0;
}

static int open_programs(int tree, struct programs *ret, struct err *e)
{
	autoclose int anchor =
		openat(tree, ADDRESS_ANCHOR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (anchor >= 0 && find_all(anchor, ret))
		return 0;
	programs_close(ret);
	programs_none(ret);
	close_keep_errno(take_fd(&anchor));
	anchor = lock_anchor(tree, e);
	if (anchor < 0)
		return -1;
	/* another command may have been at it */
	if (find_all(anchor, ret))
		return 0;
	programs_close(ret);
	programs_none(ret);
	return load_all(anchor, ret, e);
}

/* --- at a group --- */

static int group_key(int group, uint64_t *ret, struct err *e)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} h = { .handle.handle_bytes = sizeof(uint64_t) };
	int mount;

	if (name_to_handle_at(group, "", &h.handle, &mount, AT_EMPTY_PATH) < 0)
		return fail_sys(e, "ask for the number of a cgroup");
	memcpy(ret, h.handle.f_handle, sizeof(*ret));
	return 0;
}

static bool has(int group, int program, enum bpf_attach_type type)
{
	uint32_t ids[BPF_ATTACHED_MAX];
	int n = bpf_attached(group, type, ids);
	char name[BPF_OBJ_NAME_LEN], other[BPF_OBJ_NAME_LEN];
	size_t n_maps = 0;

	if (n <= 0 || bpf_program_info(program, name, NULL, &n_maps) < 0)
		return false;
	for (int i = 0; i < n; i++) {
		autoclose int fd = bpf_program_by_id(ids[i]);

		n_maps = 0;
		if (fd >= 0 && bpf_program_info(fd, other, NULL, &n_maps) == 0 &&
		    strncmp(name, other, sizeof(name)) == 0)
			return true;
	}
	return false;
}

int address_arm(int tree, int group, const struct address_data *data, struct err *e)
{
	autoprograms programs = { 0 };
	uint64_t key;

	programs_none(&programs);
	if (group_key(group, &key, e) < 0 || open_programs(tree, &programs, e) < 0)
		return -1;
	for (size_t i = 0; i < HOOKS; i++)
		if (!has(group, programs.fds[i], address_hooks[i].type) &&
		    bpf_attach(group, programs.fds[i], -1, address_hooks[i].type) < 0)
			return fail_sys(e, "put program '%s' at the container's cgroup",
					address_hooks[i].name);
	/* Until now they have changed nothing. */
	if (bpf_map_set(programs.data, &key, data, BPF_EXIST) < 0)
		return fail_sys(e, "give the container's cgroup its addresses");
	return 0;
}

int address_read(int tree, int group, struct address_data *ret, struct err *e)
{
	autoprograms programs = { 0 };
	autoclose int anchor =
		openat(tree, ADDRESS_ANCHOR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t key;

	memset(ret, 0, sizeof(*ret));
	programs_none(&programs);
	if (anchor < 0 || !find_all(anchor, &programs))
		return 0;
	if (group_key(group, &key, e) < 0)
		return -1;
	if (bpf_map_get(programs.data, &key, ret) < 0 && errno != ENOENT)
		return fail_sys(e, "ask for the addresses of a cgroup");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See anchor.h. Runs in the runtime. */
#include "address/anchor.h"

#include "base/auto.h"
#include "sys/bpf.h"
#include "sys/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAPS_MAX 4 /* that one program has */
/* How many sockets may wait for replies of the loopback that they have asked; the oldest are forgotten. */
#define ASKED_MAX 4096
/* How many addresses are known as another's; the oldest are forgotten, which are mostly those of groups that are gone. */
#define TAKEN_MAX 16384
#define LOCK_PAUSE_US 2000

/* What the anchor has in place of addresses: which programs it keeps, so that they are found by a few calls. It is written
 * last. Without a cookie it is nothing to the programs. */
union record {
	struct {
		uint64_t no_cookie;
		uint32_t n;
		uint32_t ids[ADDRESS_HOOKS_MAX];
		uint32_t taken; /* the id of that map */
	};
	struct address_data room;
};
_Static_assert(sizeof(union record) == sizeof(struct address_data), "the record has room");

void programs_none(struct programs *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < ADDRESS_HOOKS_MAX; i++)
		ret->fds[i] = -1;
	ret->data = -1;
	ret->taken = -1;
}

void programs_close(struct programs *p)
{
	for (size_t i = 0; i < ADDRESS_HOOKS_MAX; i++)
		close_keep_errno(p->fds[i]);
	close_keep_errno(p->data);
	close_keep_errno(p->taken);
	programs_none(p);
}

/* FILEID_KERNFS of the kernel */
#define HANDLE_TYPE 0xfe
union group_handle {
	struct file_handle handle;
	char room[sizeof(struct file_handle) + sizeof(uint64_t)];
};

int group_key(int group, uint64_t *ret)
{
	union group_handle h = { .handle.handle_bytes = sizeof(uint64_t) };
	int mount;

	if (name_to_handle_at(group, "", &h.handle, &mount, AT_EMPTY_PATH) < 0)
		return -1;
	memcpy(ret, h.handle.f_handle, sizeof(*ret));
	return 0;
}

bool group_is_there(int tree, uint64_t key)
{
	union group_handle h = { .handle = { sizeof(uint64_t), HANDLE_TYPE } };
	/* which is O_PATH as fsmount(2) gives it */
	autoclose int root = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;

	memcpy(h.handle.f_handle, &key, sizeof(key));
	fd = open_by_handle_at(root, &h.handle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 || errno != ESTALE;
}

/* --- those that are there --- */

int data_of_program(uint32_t id)
{
	autoclose int fd = bpf_program_by_id(id), data = -1;
	char name[BPF_OBJ_NAME_LEN];
	uint32_t maps[MAPS_MAX];
	size_t n = MAPS_MAX, size;

	/* the first hook asks the data alone */
	if (fd < 0 || bpf_program_info(fd, name, maps, &n) < 0 || n != 1 ||
	    strncmp(name, address_hooks[0].name, sizeof(name)) != 0)
		return -1;
	data = bpf_map_by_id(maps[0]);
	/* another version's is another one */
	if (data < 0 || bpf_map_value_size(data, &size) < 0 || size != sizeof(struct address_data))
		return -1;
	return take_fd(&data);
}

static int look_at(int anchor, struct programs *ret, uint32_t *taken)
{
	uint32_t ids[BPF_ATTACHED_MAX];
	union record record;
	uint64_t key;
	int n = bpf_attached(anchor, address_hooks[0].type, ids);

	if (n < 0)
		return -1;
	if (n == 0 || group_key(anchor, &key) < 0)
		return 0;
	for (int i = 0; i < n; i++) {
		errno = 0;
		replace_fd(&ret->data, data_of_program(ids[i]));
		if (ret->data < 0 && errno == EPERM)
			return -1;
		if (ret->data >= 0 && bpf_map_get(ret->data, &key, &record) == 0 &&
		    record.n == address_hooks_n) {
			memcpy(ret->ids, record.ids, sizeof(ret->ids));
			*taken = record.taken;
			return 1;
		}
	}
	return 0;
}

static int open_anchor(int tree)
{
	return openat(tree, ADDRESS_ANCHOR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int anchor_look(int tree, struct programs *ret)
{
	autoclose int anchor = open_anchor(tree);
	uint32_t taken;

	programs_none(ret);
	return anchor < 0 ? 0 : look_at(anchor, ret, &taken);
}

/* The same with their descriptors. */
static int find(int anchor, struct programs *ret)
{
	uint32_t taken;
	int rc;

	programs_close(ret);
	rc = look_at(anchor, ret, &taken);
	if (rc <= 0)
		return rc;
	ret->taken = bpf_map_by_id(taken);
	if (ret->taken < 0)
		return 0;
	for (size_t i = 0; i < address_hooks_n; i++) {
		if (!ret->ids[i])
			continue;
		ret->fds[i] = bpf_program_by_id(ret->ids[i]);
		if (ret->fds[i] < 0)
			return 0;
	}
	return 1;
}

/* --- those that are new --- */

static int load(const struct address_hook *hook, const struct address_maps *maps, struct err *e)
{
	autofree struct assembly *a = malloc(sizeof(*a));
	struct bpf_text text = {
		.name = hook->name,
		.license = hook->license,
		.type = hook->program,
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

int programs_load(struct programs *ret, struct err *e)
{
	autoclose int asked = -1, ways = -1;
	struct err unused;

	programs_none(ret);
	ret->data = bpf_map_create(BPF_MAP_TYPE_CGROUP_STORAGE, "distro_data", sizeof(uint64_t),
				   sizeof(struct address_data), 0);
	if (ret->data >= 0)
		asked = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "distro_asked", sizeof(uint64_t),
				       sizeof(uint64_t), ASKED_MAX);
	if (asked >= 0)
		ret->taken = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "distro_taken",
					    sizeof(struct in6_addr), sizeof(struct address_owner),
					    TAKEN_MAX);
	if (ret->taken >= 0)
		ways = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "distro_ways",
				      sizeof(struct address_way), sizeof(struct in6_addr),
				      ASKED_MAX);
	if (ways < 0)
		return fail_sys(e, "make the data of addresses");
	for (size_t i = 0; i < address_hooks_n; i++) {
		const struct address_hook *hook = &address_hooks[i];
		const struct address_maps maps = {
			.data = ret->data,
			.taken = ret->taken,
			.ways = ways,
			.asked = asked,
		};

		ret->fds[i] = load(hook, &maps, hook->optional ? &unused : e);
		if (ret->fds[i] < 0 && !hook->optional)
			return -1;
	}
	return 0;
}

static int lock_anchor(int tree, struct err *e)
{
	const struct deadline deadline = deadline_in(deadline_ms());
	autoclose int anchor = -1;

	if (mkdirat(tree, ADDRESS_ANCHOR, 0755) < 0 && errno != EEXIST)
		return fail_sys(e, "make cgroup '/" ADDRESS_ANCHOR "', which keeps the programs");
	anchor = open_anchor(tree);
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

static void detach_all(int anchor)
{
	for (size_t i = 0; i < address_hooks_n; i++) {
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
static int keep_new(int anchor, struct programs *ret, struct err *e)
{
	union record record = { .n = (uint32_t)address_hooks_n };
	uint64_t key;

	programs_close(ret);
	detach_all(anchor);
	if (programs_load(ret, e) < 0)
		return -1;
	for (size_t i = 0; i < address_hooks_n; i++) {
		if (ret->fds[i] < 0)
			continue;
		if (bpf_attach(anchor, ret->fds[i], -1, address_hooks[i].type) < 0 ||
		    bpf_program_id(ret->fds[i], &ret->ids[i]) < 0)
			return fail_sys(e, "keep program '%s' at cgroup '/" ADDRESS_ANCHOR "'",
					address_hooks[i].name);
	}
	memcpy(record.ids, ret->ids, sizeof(record.ids));
	if (bpf_map_id(ret->taken, &record.taken) < 0 || group_key(anchor, &key) < 0 ||
	    bpf_map_set(ret->data, &key, &record, BPF_EXIST) < 0)
		return fail_sys(e, "record the programs at cgroup '/" ADDRESS_ANCHOR "'");
	return 0;
}

int anchor_open(int tree, struct programs *ret, struct err *e)
{
	autoclose int anchor = open_anchor(tree);
	int rc = 0;

	programs_none(ret);
	if (anchor >= 0)
		rc = find(anchor, ret);
	if (rc == 0) {
		replace_fd(&anchor, lock_anchor(tree, e));
		if (anchor < 0)
			return -1;
		/* another command may have been at it */
		rc = find(anchor, ret);
	}
	if (rc < 0)
		return fail_sys(e, "ask for the programs at cgroup '/" ADDRESS_ANCHOR
				   "': it takes CAP_SYS_ADMIN in the initial user namespace");
	return rc ? 0 : keep_new(anchor, ret, e);
}

int several_load(int tree, struct err *e)
{
	static const struct address_hook hook = {
		.name = "distro_several",
		.program = BPF_PROG_TYPE_SCHED_CLS,
		.license = "Apache-2.0",
		.make = program_several,
	};
	autoprograms programs;

	if (anchor_open(tree, &programs, e) < 0)
		return -1;
	return load(&hook, &(struct address_maps){ .taken = programs.taken }, e);
}

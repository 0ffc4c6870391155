/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h. Runs in the runtime. */
#include "address/address.h"

#include "address/anchor.h"
#include "base/auto.h"
#include "sys/bpf.h"
#include "sys/mount_api.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static bool is_among(uint32_t id, const uint32_t *ids, int n)
{
	for (int i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static int put_programs(int group, const struct programs *programs, int there, struct err *e)
{
	for (size_t i = 0; i < address_hooks_n; i++) {
		uint32_t ids[BPF_ATTACHED_MAX];
		int n = there ? bpf_attached(group, address_hooks[i].type, ids) : 0;

		if (programs->fds[i] < 0 || is_among(programs->ids[i], ids, n))
			continue;
		if (bpf_attach(group, programs->fds[i], -1, address_hooks[i].type) < 0)
			return fail_sys(e, "put program '%s' at the container's cgroup",
					address_hooks[i].name);
	}
	return 0;
}

/* What another version has put there is not needed any more. */
static void remove_others(int group, const struct programs *programs)
{
	for (size_t i = 0; i < address_hooks_n; i++) {
		uint32_t ids[BPF_ATTACHED_MAX];
		int n = bpf_attached(group, address_hooks[i].type, ids);

		for (int k = 0; k < n; k++) {
			autoclose int fd =
				ids[k] == programs->ids[i] ? -1 : bpf_program_by_id(ids[k]);
			char name[BPF_OBJ_NAME_LEN];
			size_t no_maps = 0;

			if (fd >= 0 && bpf_program_info(fd, name, NULL, &no_maps) == 0 &&
			    strncmp(name, address_hooks[i].name, sizeof(name)) == 0)
				(void)!bpf_detach(group, fd, address_hooks[i].type);
		}
	}
}

/* The sockets of a group that has gone may have been passed on. Its data is there as long as they are. */
static void end_group(const struct programs *programs, uint64_t key)
{
	struct address_data data;

	if (bpf_map_get(programs->data, &key, &data) < 0)
		return;
	data = (struct address_data){ .cookie = data.cookie, .flags = ADDRESS_GONE };
	(void)!bpf_map_set(programs->data, &key, &data, BPF_EXIST);
}

/* Those of a pod have it together; those that have gone have it no more. */
static void add_group(int tree, const struct programs *programs, const uint64_t *before,
		      uint64_t key, uint64_t *ret)
{
	size_t n = 0;

	ret[n++] = key;
	for (size_t i = 0; i < ADDRESS_GROUPS_MAX && before[i]; i++) {
		if (before[i] == key)
			continue;
		if (!group_is_there(tree, before[i]))
			end_group(programs, before[i]);
		else if (n < ADDRESS_GROUPS_MAX)
			ret[n++] = before[i];
	}
}

static int take(int tree, const struct programs *programs, const uint32_t address[4],
		const struct address_data *data, uint64_t key)
{
	struct address_owner owner = { .v4 = data->v4[0] }, before = { 0 };

	memcpy(owner.v6, data->v6[0], sizeof(owner.v6));
	if (bpf_map_get(programs->taken, address, &before) < 0 && errno != ENOENT)
		return -1;
	add_group(tree, programs, before.groups, key, owner.groups);
	return bpf_map_set(programs->taken, address, &owner, BPF_ANY);
}

/* Others know then that these are not of the network itself. */
static int take_all(int tree, const struct programs *programs, const struct address_data *data,
		    uint64_t key)
{
	for (size_t i = 0; i < ADDRESSES_MAX; i++) {
		const uint32_t mapped[4] = { 0, 0, htonl(0xffff), data->v4[i] };

		if ((data->v4[i] && take(tree, programs, mapped, data, key) < 0) ||
		    (data->v6[i][0] && take(tree, programs, data->v6[i], data, key) < 0))
			return -1;
	}
	return data->loopback6[0] ? take(tree, programs, data->loopback6, data, key) : 0;
}

int address_arm(int tree, int group, const struct address_data *data, struct err *e)
{
	uint32_t ids[BPF_ATTACHED_MAX];
	autoprograms programs;
	uint64_t key;
	int there;

	if (anchor_open(tree, &programs, e) < 0)
		return -1;
	/* The first hook is put first: a group without it, as one that was just made, has none. */
	there = bpf_attached(group, address_hooks[0].type, ids);
	if (put_programs(group, &programs, there, e) < 0)
		return -1;
	/* Until now they have changed nothing. */
	if (group_key(group, &key) < 0 || take_all(tree, &programs, data, key) < 0 ||
	    bpf_map_set(programs.data, &key, data, BPF_EXIST) < 0)
		return fail_sys(e, "give the container's cgroup its addresses");
	if (there > 0)
		remove_others(group, &programs);
	return 0;
}

/* By the group's own programs, which may be of another version than the ones at the anchor. */
int address_read(int group, struct address_data *ret, struct err *e)
{
	uint32_t ids[BPF_ATTACHED_MAX];
	uint64_t key;
	int n = bpf_attached(group, address_hooks[0].type, ids);

	memset(ret, 0, sizeof(*ret));
	if (n < 0 || (n > 0 && group_key(group, &key) < 0))
		return fail_sys(e, "ask for the programs of a cgroup");
	for (int i = 0; i < n; i++) {
		struct address_data found;
		autoclose int data = data_of_program(ids[i]);

		if (data >= 0 && bpf_map_get(data, &key, &found) == 0 && found.cookie) {
			*ret = found;
			return 0;
		}
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The programs at ADDRESS_ANCHOR, where each command finds those of its version. Private to address/. */
#ifndef ADDRESS_ANCHOR_H
#define ADDRESS_ANCHOR_H

#include "address/programs.h"
#include "base/err.h"

#include <stdbool.h>

/* In the order of address_hooks. -1 and 0: the kernel cannot have that one, and it may be left out. */
struct programs {
	int fds[ADDRESS_HOOKS_MAX];
	uint32_t ids[ADDRESS_HOOKS_MAX];
	int data;  /* the map of struct address_data, by group */
	int taken; /* that of addresses */
};
void programs_none(struct programs *ret);
void programs_close(struct programs *p);
#define autoprograms __attribute__((cleanup(programs_close))) struct programs

/* The ids of those that are there, without their descriptors. 0: there are none, or not all, because the command that loaded
 * them was killed; -1 and errno: the caller may not ask. */
int anchor_look(int tree, struct programs *ret);
/* Those that are there; else they are loaded and kept there. */
int anchor_open(int tree, struct programs *ret, struct err *e) MUST_CHECK;
/* They are loaded and kept nowhere. */
int programs_load(struct programs *ret, struct err *e) MUST_CHECK;
/* program_several(), which is kept by what it is put to. */
int several_load(int tree, struct err *e) MUST_CHECK;
/* A cgroup's key in the map of data. */
int group_key(int group, uint64_t *ret);
/* Of a tree in which it was once. */
bool group_is_there(int tree, uint64_t key);
/* The map of data of a program that is the first of address_hooks, by its name; -1: it is another one. */
int data_of_program(uint32_t id);

#endif

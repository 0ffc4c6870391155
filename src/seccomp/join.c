/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One program of several: first a table that leads from the architecture of the call to the program that
 * libseccomp has made for it, then those programs as they are, because their jumps are relative. Pure.
 */
#include "seccomp/parts.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

struct joiner {
	const uint32_t *architectures;
	size_t n;
	size_t *leads; /* where the jump to each program is */
	struct seccomp_program to;
};

uint32_t seccomp_audit_of(uint32_t architecture)
{
	return architecture == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : architecture;
}

static void put(struct joiner *j, struct sock_filter instruction)
{
	j->to.v[j->to.n++] = instruction;
}

/* The distance is not known yet. */
static void put_lead(struct joiner *j, size_t part)
{
	j->leads[part] = j->to.n;
	put(j, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
}

/* j->n if it is not there. */
static size_t find(const struct joiner *j, uint32_t architecture)
{
	size_t i = 0;

	while (i < j->n && j->architectures[i] != architecture)
		i++;
	return i;
}

static void put_row(struct joiner *j, size_t part)
{
	uint32_t architecture = j->architectures[part];
	size_t x32 = find(j, SCMP_ARCH_X32);
	bool both = architecture == SCMP_ARCH_X86_64 && x32 < j->n;

	put(j, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					    seccomp_audit_of(architecture), 0, both ? 4 : 1));
	if (both) {
		put(j, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, nr)));
		put(j,
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SECCOMP_X32_BIT, 0, 1));
		put_lead(j, x32);
	}
	put_lead(j, part);
}

static void put_table(struct joiner *j)
{
	put(j, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, arch)));
	for (size_t i = 0; i < j->n; i++) {
		/* its row is the one of x86_64 */
		if (j->architectures[i] == SCMP_ARCH_X32 && find(j, SCMP_ARCH_X86_64) < j->n)
			continue;
		put_row(j, i);
	}
	/* What libseccomp does with an architecture that was not added (SCMP_FLTATR_ACT_BADARCH). */
	put(j, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD));
}

void seccomp_join(const uint32_t *architectures, const struct seccomp_program *parts, size_t n,
		  struct arena *arena, struct seccomp_program *ret)
{
	enum { ROW_LENGTH = 5 };
	struct joiner j = { .architectures = architectures, .n = n };
	size_t room = n * ROW_LENGTH + 2;

	if (n == 1) {
		*ret = parts[0];
		return;
	}
	for (size_t i = 0; i < n; i++)
		room += parts[i].n;
	j.leads = arena_new_array(arena, size_t, n);
	j.to.v = arena_new_array(arena, struct sock_filter, room);
	put_table(&j);
	for (size_t i = 0; i < n; i++) {
		j.to.v[j.leads[i]].k = (uint32_t)(j.to.n - j.leads[i] - 1);
		memcpy(j.to.v + j.to.n, parts[i].v, parts[i].n * sizeof(*parts[i].v));
		j.to.n += parts[i].n;
	}
	*ret = j.to;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf(2): the device program of a v2 cgroup is loaded and attached. Three calls need no
 * library. Runs in the runtime.
 */
#include "cgroup/device_program.h"

#include "base/auto.h"
#include "os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than one at a cgroup is allowed (BPF_CGROUP_MAX_PROGS of the kernel). */
#define ATTACHED_MAX 64
#define VERIFIER_LOG_SIZE 65536

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* The verifier's log costs time, so it is asked for only once the load has failed. */
static int load(const struct device_program *program, char *log, size_t log_size)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = address_of(program->v);
	attr.insn_cnt = (uint32_t)program->n;
	attr.license = address_of("Apache-2.0");
	attr.log_level = log ? 1 : 0;
	attr.log_buf = address_of(log);
	attr.log_size = (uint32_t)log_size;
	return bpf(BPF_PROG_LOAD, &attr);
}

static int load_or_explain(const struct device_program *program, struct err *e)
{
	autofree char *log = NULL;
	int fd = load(program, NULL, 0);
	int error_number = errno;

	if (fd >= 0)
		return fd;
	if (errno == EPERM)
		return fail_sys(
			e,
			"load the program for linux.resources.devices: it takes CAP_BPF or CAP_SYS_ADMIN in the initial user namespace");
	log = calloc(1, VERIFIER_LOG_SIZE);
	fd = log ? load(program, log, VERIFIER_LOG_SIZE) : -1;
	if (fd >= 0)
		return fd;
	if (log && *log)
		log_debug("the verifier says: %s", log);
	return fail_errno(e, error_number,
			  "load the program for linux.resources.devices (%zu instructions)",
			  program->n);
}

/* How many there are; the descriptors of the first `size` in `fds`. -1 and errno. */
static int open_attached(int cgroup_fd, int *fds, size_t size)
{
	uint32_t ids[ATTACHED_MAX];
	union bpf_attr attr = { 0 };
	int n = 0;

	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = address_of(ids);
	attr.query.prog_cnt = ATTACHED_MAX;
	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return -1;
	for (uint32_t i = 0; i < attr.query.prog_cnt && i < size; i++) {
		union bpf_attr get = { .prog_id = ids[i] };
		int fd = bpf(BPF_PROG_GET_FD_BY_ID, &get);
		/* It may have been detached in between. */
		if (fd >= 0)
			fds[n++] = fd;
		else if (errno != ENOENT) {
			while (n > 0)
				close_keep_errno(fds[--n]);
			return -1;
		}
	}
	return n;
}

static int attach(int cgroup_fd, int program_fd, int replaced_fd)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced_fd;
	}
	return bpf(BPF_PROG_ATTACH, &attr);
}

static void detach(int cgroup_fd, int program_fd)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	if (bpf(BPF_PROG_DETACH, &attr) < 0)
		log_debug("an earlier device program stays attached: errno %d", errno);
}

/*
 * All that are attached must allow. So with one there before, ours takes its place in one step; with several
 * ours comes first and then they go: at no moment is more allowed than either says.
 */
static int attach_in_place(int cgroup_fd, int program_fd)
{
	int old[ATTACHED_MAX];
	int n = open_attached(cgroup_fd, old, ARRAY_SIZE(old));
	int rc;

	/* Without the right to ask (CAP_SYS_ADMIN) ours is one more. */
	rc = attach(cgroup_fd, program_fd, n == 1 ? old[0] : -1);
	if (rc < 0 && n == 1 && (errno == ENOENT || errno == EINVAL))
		rc = attach(cgroup_fd, program_fd, -1);
	for (int i = 0; i < n; i++) {
		if (rc == 0 && n > 1)
			detach(cgroup_fd, old[i]);
		close_keep_errno(old[i]);
	}
	return rc;
}

static int load_and_attach(int directory_fd, const struct device_program *program,
			   const char *shown, struct err *e)
{
	autoclose int program_fd = load_or_explain(program, e);
	autoclose int cgroup_fd = -1;

	if (program_fd < 0)
		return -1;
	cgroup_fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup_fd < 0)
		return fail_sys(e, "open cgroup '%s'", shown);
	if (attach_in_place(cgroup_fd, program_fd) < 0)
		return fail_sys(e, "attach the program for linux.resources.devices to cgroup '%s'",
				shown);
	return 0;
}

int device_program_attach(int directory_fd, const struct plan_device_rules *rules,
			  const char *shown, struct err *e)
{
	autoprogram program = { 0 };
	struct err reason;

	device_program_make(rules, &program);
	if (load_and_attach(directory_fd, &program, shown, &reason) == 0)
		return 0;
	/* Without one everything is allowed: if that was the wish, nothing is lost. */
	if (rules->others && rules->n == 0) {
		log_debug("%s", reason.text);
		return 0;
	}
	*e = reason;
	return -1;
}

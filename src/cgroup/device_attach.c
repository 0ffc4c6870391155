/* SPDX-License-Identifier: Apache-2.0 */
/* The device program of a v2 cgroup is loaded and attached. Runs in the runtime. */
#include "cgroup/device_program.h"

#include "base/auto.h"
#include "os/log.h"
#include "sys/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int load(const struct device_program *program, struct err *e)
{
	const struct bpf_text text = {
		.license = "Apache-2.0",
		.type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.v = program->v,
		.n = program->n,
	};
	int fd = bpf_load(&text, e);

	return fd < 0 ? err_prefix(e, "linux.resources.devices") : fd;
}

/* How many there are; their descriptors in `fds`. -1 and errno. */
static int open_attached(int cgroup_fd, int fds[BPF_ATTACHED_MAX])
{
	uint32_t ids[BPF_ATTACHED_MAX];
	int there = bpf_attached(cgroup_fd, BPF_CGROUP_DEVICE, ids), n = 0;

	for (int i = 0; i < there; i++) {
		int fd = bpf_program_by_id(ids[i]);
		/* It may have been detached in between. */
		if (fd >= 0)
			fds[n++] = fd;
		else if (errno != ENOENT) {
			while (n > 0)
				close_keep_errno(fds[--n]);
			return -1;
		}
	}
	return there < 0 ? -1 : n;
}

static int attach(int cgroup_fd, int program_fd, int replaced_fd)
{
	return bpf_attach(cgroup_fd, program_fd, replaced_fd, BPF_CGROUP_DEVICE);
}

static void detach(int cgroup_fd, int program_fd)
{
	if (bpf_detach(cgroup_fd, program_fd, BPF_CGROUP_DEVICE) < 0)
		log_debug("an earlier device program stays attached: errno %d", errno);
}

/*
 * All that are attached must allow. So with one there before, ours takes its place in one step; with several
 * ours comes first and then they go: at no moment is more allowed than either says.
 */
static int attach_in_place(int cgroup_fd, int program_fd)
{
	int old[BPF_ATTACHED_MAX];
	int n = open_attached(cgroup_fd, old);
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
	autoclose int program_fd = load(program, e);
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

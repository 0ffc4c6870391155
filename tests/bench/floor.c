/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of the benchmark: the fewest system calls that give the container of the benchmark's bundle
 * (the same namespaces, mounts, devices and links, the shared network, read-only paths left out), run one
 * program in it and wait. No configuration, no records, no checks: a runtime cannot be faster.
 *
 *	floor NETNS ROOTFS PROGRAM [CGROUP_TASKS_FILE...]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);

#define CHECK(call)                    \
	do {                           \
		if ((call) < 0) {      \
			perror(#call); \
			_exit(1);      \
		}                      \
	} while (0)

static void make_devices(void)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = { { "dev/null", 1, 3 },   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
		      { "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 } };
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" },       { "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
		{ "/proc/kcore", "dev/core" },       { "pts/ptmx", "dev/ptmx" },
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		CHECK(mknod(nodes[i].name, S_IFCHR | 0666,
			    makedev(nodes[i].major, nodes[i].minor)));
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		CHECK(symlink(links[i][0], links[i][1]));
}

static void child(const char *rootfs, char *program, char **cgroups)
{
	char *args[] = { program, NULL }, *env[] = { NULL };

	for (; *cgroups; cgroups++) {
		int fd = open(*cgroups, O_WRONLY | O_CLOEXEC);
		CHECK(fd);
		CHECK(write(fd, "0", 1));
		close(fd);
	}
	CHECK(setsid());
	umask(0);
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
	CHECK(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL));
	CHECK(chdir(rootfs));
	CHECK(mount("proc", "proc", "proc", 0, NULL));
	CHECK(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
	CHECK(mkdir("dev/pts", 0755));
	CHECK(mkdir("dev/shm", 0755));
	CHECK(mkdir("dev/mqueue", 0755));
	CHECK(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		    "newinstance,ptmxmode=0666,mode=0620,gid=5"));
	CHECK(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV,
		    "mode=1777,size=65536k"));
	CHECK(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL));
	CHECK(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL));
	make_devices();
	CHECK(syscall(SYS_pivot_root, ".", "."));
	CHECK(umount2(".", 2));
	CHECK(chdir("/"));
	CHECK(sethostname("bench", 5));
	execve(program, args, env);
	perror("execve");
	_exit(127);
}

int main(int argc, char **argv)
{
	struct clone_args arguments = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS,
		.exit_signal = SIGCHLD,
	};
	int network, status;
	long pid;

	if (argc < 4)
		return 2;
	network = open(argv[1], O_RDONLY | O_CLOEXEC);
	CHECK(network);
	CHECK(setns(network, CLONE_NEWNET));
	pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
	CHECK(pid);
	if (pid == 0)
		child(argv[2], argv[3], argv + 4);
	CHECK(waitpid((pid_t)pid, &status, 0));
	return status != 0;
}

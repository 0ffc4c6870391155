/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of criu and what it answers: its RPC protocol (criu.org/RPC, rpc.proto), spoken with
 * `criu swrk`. Pure.
 */
#ifndef CRIU_PROTOCOL_H
#define CRIU_PROTOCOL_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Numbers of the protocol. */
enum criu_type {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_CHECK = 3,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};
enum criu_cgroups_mode {
	CRIU_CGROUPS_IGNORE = 0,
	CRIU_CGROUPS_SOFT = 3,
	CRIU_CGROUPS_FULL = 4,
	CRIU_CGROUPS_STRICT = 5,
};
enum criu_network_lock { CRIU_LOCK_IPTABLES = 1, CRIU_LOCK_NFTABLES = 2, CRIU_LOCK_SKIP = 3 };

/* A name in the images and what it is here: of a mount its place, of a namespace to join its file. */
struct criu_pair {
	const char *key, *value;
};
struct criu_pairs {
	size_t n, capacity;
	struct criu_pair *v;
};
void criu_pairs_add(struct criu_pairs *pairs, struct arena *arena, const char *key,
		    const char *value);
struct criu_descriptor {
	const char *key;
	int fd; /* in criu */
};
#define CRIU_DESCRIPTORS_MAX 8

/* Texts that are NULL and flags that are false are left out. */
struct criu_request {
	enum criu_type type;
	/* Directories, by their numbers in the process that made the socket: criu opens them there. */
	int images, work; /* work -1: the images */
	const char *log_file;
	pid_t pid;
	bool leave_running, ext_unix_sk, tcp_established, evasive_devices, shell_job, file_locks,
		notify_scripts, track_mem, auto_dedup, link_remap, rst_sibling, tcp_skip_in_flight,
		orphan_pts_master, tcp_close;
	const char *root, *parent_image, *freeze_cgroup, *lsm_profile, *lsm_mount_context;
	const char *config_file; /* options of criu's own, which go before those of the request */
	int config_fd;           /* owned by the caller; -1: config_file is its path */
	const char *page_server; /* an address */
	uint16_t page_server_port;
	bool manage_cgroups;
	int cgroups_mode;        /* enum criu_cgroups_mode */
	const char *cgroup_root; /* of all hierarchies */
	const char *cgroup_yard; /* a directory that shows them; NULL: criu mounts them itself */
	int network_lock;        /* enum criu_network_lock; 0: criu's own choice */
	uint32_t empty_namespaces;
	struct strlist external;
	struct criu_pairs mounts, joins;
	size_t n_descriptors;
	struct criu_descriptor descriptors[CRIU_DESCRIPTORS_MAX];
};

void criu_request_encode(const struct criu_request *request, struct strbuf *out);
/* The word that every notification waits for. */
void criu_notified_encode(bool success, struct strbuf *out);

struct criu_answer {
	int type; /* enum criu_type */
	bool success;
	pid_t pid;         /* of the restored tree, where it is told */
	char script[32];   /* of a notification: what happens now */
	char message[256]; /* "": criu says nothing */
	int error;         /* errno, 0: none is told */
	bool mem_track;
	unsigned version; /* 31701 is 3.17.1 */
};
/* ERR_SYSTEM for what is not an answer. */
int criu_answer_decode(const char *bytes, size_t length, struct criu_answer *ret, struct err *e)
	MUST_CHECK;

#endif

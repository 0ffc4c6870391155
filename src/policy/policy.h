/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy layer: the engine's config.json is a request; the policy decides what becomes of it, says
 * so, and records it. Pure: nothing below policy/ makes a system call.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "model/confinement.h"
#include "model/decision.h"
#include "model/facts.h"
#include "model/network.h"
#include "spec/spec.h"

#define POLICY_FILE_MAX (64u << 10)
/* Below XDG_RUNTIME_DIR: the network of a user who is not root, where the policy names no other one. */
#define POLICY_NETWORK_OF_USER "/distro-shim/netns"
#define POLICY_VERSION 1

enum policy_mode { POLICY_ENFORCE = 1, POLICY_OBSERVE };
enum policy_answer { POLICY_REWRITE = 1, POLICY_REFUSE, POLICY_LATE, POLICY_KEEP, POLICY_DROP };
enum policy_namespace { POLICY_FRESH = 1, POLICY_ISOLATED, POLICY_REQUESTED };
enum policy_lock { POLICY_LOCK_OPEN = 1, POLICY_LOCK_STRICT };
enum policy_sockets { POLICY_SOCKETS_SHARED = 1, POLICY_SOCKETS_ISOLATED };
enum policy_overlap { POLICY_OVERLAP_REFUSED = 1, POLICY_OVERLAP_OPEN };
enum policy_kernel_mounts { POLICY_KERNEL_OWN = 1, POLICY_KERNEL_REQUESTED };
enum policy_privileged {
	POLICY_PRIVILEGED_ALLOW = 1,
	POLICY_PRIVILEGED_STRIP,
	POLICY_PRIVILEGED_REFUSE
};

struct policy_requested {
	int host; /* REWRITE, REFUSE */
	int path; /* REWRITE, REFUSE */
	int new_; /* "new": LATE, REFUSE, KEEP */
};
struct policy_network {
	char *namespace_; /* a path, "self" or "requested" */
	struct policy_requested *requested;
	struct opt_bool allow_host;
	struct opt_bool admin;
	struct strlist_or_word sysctls; /* "drop", "refuse" or names that are allowed */
	int lock;             /* enum policy_lock; "strict" is refused by name until it is there */
	int abstract_sockets; /* enum policy_sockets; likewise "isolated" */
	int peer_descriptors; /* enum peer_descriptors */
	char *resolv_conf;    /* "auto", "engine" or a path */
	char *hosts;
	/* keys that are known and refused by name: */
	struct json_value *ports;
};
struct policy_namespaces {
	int pid, mount, ipc, uts, cgroup; /* enum policy_namespace */
	struct json_value *user;          /* "requested"; { "auto": ... } is refused by name */
	int time;
};
struct policy_cgroup {
	int overlap; /* enum policy_overlap */
};
struct policy_hooks {
	struct strlist output;  /* directories where the output of hooks may go */
	struct opt_u32 timeout; /* seconds, of a hook without a timeout of its own */
};
struct policy_criu {
	struct strlist config; /* configuration files of criu that a container may name */
};
/* In a record of an older program a key may be absent (0, NULL): then nothing of it was in force. */
struct policy {
	int64_t version;
	int mode;
	struct policy_network *network;
	struct policy_namespaces *namespaces;
	int proc_sys;      /* POLICY_REWRITE: "read-only"; POLICY_REQUESTED: "requested" */
	int kernel_mounts; /* enum policy_kernel_mounts */
	int privileged;    /* enum policy_privileged; "strip", "refuse" are refused by name */
	struct policy_cgroup *cgroup;
	struct policy_hooks *hooks;
	struct policy_criu *criu;
	/* known and refused by name until they are there */
	struct json_value *capabilities, *share, *hostname, *systemd, *audit, *distros;
};

extern const struct fields policy_fields;

/* Seconds that a hook without a timeout of its own may take. It is not a decision about the container, and so holds
 * in every mode, and for a record of a program that did not know the key (NULL). */
uint32_t policy_hook_timeout(const struct policy *policy);

/* The built-in default, complete: every key has its value. `rootless_network` is the default network
 * path of a rootless caller, NULL for root's. */
struct policy *policy_default(struct arena *arena, const char *rootless_network)
	__attribute__((returns_nonnull));

/* Decode and check; a key that the text leaves out is absent. */
int policy_read(const char *text, size_t length, const char *name, struct arena *arena,
		struct policy **ret, struct err *e) MUST_CHECK;

/* What `said` leaves out as in `defaults`, in a new policy. */
struct policy *policy_complete(const struct policy *said, const struct policy *defaults,
			       struct arena *arena) __attribute__((returns_nonnull));

/* Both. */
int policy_decode(const char *text, size_t length, const char *name, const struct policy *defaults,
		  struct arena *arena, struct policy **ret, struct err *e) MUST_CHECK;

/* --- verdict --- */

/* The policy that a new container is judged with and that its records keep: of the file's, the one whose network is
 * chosen for this request. The format has one network, so it is the file's own. */
struct policy *policy_select(struct policy *policy, const struct spec *request)
	__attribute__((returns_nonnull));

/* What is asked for. Each rule says on which of these it is judged. */
enum policy_path {
	PATH_CREATE = 1 << 0,
	PATH_EXEC = 1 << 1,
	PATH_MOUNTS = 1 << 2,
	PATH_RESTORE = 1 << 3, /* the bundle of a restore, before criu starts */
	PATH_UPDATE = 1 << 4,
	PATH_RESTORED = 1 << 5, /* the processes that criu has made, before they run */
};
#define PATH_NEW (PATH_CREATE | PATH_RESTORE)

/* Who asks for what. */
struct subject {
	enum policy_path path;
	const struct policy *policy; /* effective: of the file (NEW), of the records (others) */
	/* NEW: all of it. EXEC: process, filter, annotations. MOUNTS: the container's with other mounts. UPDATE:
	 * linux.resources and linux.intelRdt. RESTORED: NULL. */
	const struct spec *request;
	const struct confinement
		*confinement;          /* as recorded; NULL: NEW, or a record of an older program */
	const struct made_facts *made; /* RESTORED alone */
	const char
		*receiver; /* NEW: a listener's socket, of the runtime's environment; NULL: none */
};

struct verdict {
	enum policy_path path;
	struct spec *spec;      /* what will be carried out; a copy, the input is untouched */
	struct network network; /* NEW */
	/* NEW: decided; others: the recorded one. Under observe all is open. */
	struct confinement confinement;
	struct decisions decisions;
	/* Files that the spec mounts and that are made beside the records first; NULL: none is. */
	char *hosts_text, *resolv_conf_text;
	bool group_exclusive; /* the container's group is shared with no other one */
	bool kernel_own; /* file systems of the kernel's are the container's own: what the spec does
				 not say of it the plan does */
	/* destinations of binds that the container did not ask for and can do without */
	struct strlist added_files;
	bool refused; /* some decision refuses: nothing may run */
	bool observed; /* mode observe: `spec` is the input unchanged, decisions say what enforce would have done */
};

/*
 * The one function that decides. Always a verdict; a refusal is a decision, not an error. Judged twice equals once.
 */
void policy_judge(const struct subject *subject, const struct facts *facts, struct arena *arena,
		  struct verdict *ret);

/* All refusals in one error of kind ERR_POLICY, one a line, those with a place in the config behind
 * "NAME:LINE:COLUMN: ". NULL: it has no name. */
int policy_refusal(const struct verdict *verdict, const char *config_name, struct err *e);

/* What decision `i` warns of, in one line: the rule, the place, and how many more places there are with the same
 * reason. NULL: it does not warn, or the reason was told of an earlier one. */
const char *decisions_warning(const struct decisions *decisions, size_t i, struct arena *arena);

/* At start, of a container whose engine had a new network to set up and left it empty (--network none): it gets
 * the shared one all the same. Returns the number of the decision, which is added; -1: it is there already. */
long decisions_add_unused_network(struct decisions *decisions, struct arena *arena);

/* Apply recorded decisions to a config as JSON: gives the verdict's spec, and under observe what enforce
 * would have made of it (proof that nothing was changed silently). A decision that does not find what
 * it says was there is an error of kind ERR_STATE. */
int decisions_replay(const struct spec *request, const struct decisions *decisions,
		     struct arena *arena, struct spec **ret, struct err *e) MUST_CHECK;

/* Whether the configuration that is carried out is another one than that which was asked for. Under observe it is not,
 * but for what rules say that always hold. */
bool decisions_change_spec(const struct decisions *decisions, bool observed);

/* Take recorded decisions back from the configuration that they have led to: gives the request, but for the order of
 * members and for lists that are empty now. ERR_STATE if it has been changed since at such a place. */
int decisions_undo(const struct spec *effective, const struct decisions *decisions, bool observed,
		   struct arena *arena, struct spec **ret, struct err *e) MUST_CHECK;

/* Text of the decisions for people, one paragraph each. */
void decisions_print(const struct decisions *decisions, struct strbuf *out);

#endif

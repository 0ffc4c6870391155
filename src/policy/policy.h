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
#define POLICY_NETWORK_PATH "/run/netns/distros"
#define POLICY_NETWORK_OF_USER "/distro-shim/netns"
#define POLICY_VERSION 1

enum policy_mode { POLICY_ENFORCE = 1, POLICY_OBSERVE };
enum policy_answer { POLICY_REWRITE = 1, POLICY_REFUSE, POLICY_LATE, POLICY_KEEP, POLICY_DROP };
enum policy_namespace { POLICY_FRESH = 1, POLICY_ISOLATED, POLICY_REQUESTED };
enum policy_sockets { POLICY_SOCKETS_SHARED = 1 };
enum policy_overlap { POLICY_OVERLAP_REFUSED = 1, POLICY_OVERLAP_OPEN };
enum policy_kernel_mounts { POLICY_KERNEL_OWN = 1, POLICY_KERNEL_REQUESTED };
enum policy_hostname { POLICY_HOSTNAME_REQUESTED = 1, POLICY_HOSTNAME_ID };
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
	char *name;                 /* of `networks`; NULL: the general one */
	char *namespace_;           /* a path, "self" or "requested" */
	struct opt_bool selectable; /* an argument or a program name may name it */
	struct policy_requested *requested;
	struct opt_bool allow_host;
	struct opt_bool admin;
	struct strlist_or_word sysctls;     /* "drop", "refuse" or names that are allowed */
	int forward;                        /* enum policy_forward */
	int address;                        /* enum network_address */
	struct word_or_object address_pool; /* "none" or struct policy_pool; by policy_pool() */
	int siblings;                       /* enum policy_siblings */
	int localhost;                      /* enum policy_localhost */
	struct opt_bool low_ports;
	int unavailable;      /* enum policy_unavailable */
	int lock;             /* enum network_lock */
	int abstract_sockets; /* enum policy_sockets */
	int peer_descriptors; /* enum peer_descriptors */
	char *resolv_conf;    /* "auto", "engine" or a path */
	char *hosts;
};
enum policy_forward { POLICY_FORWARD_AUTO = 1, POLICY_FORWARD_NONE };
enum policy_siblings { POLICY_SIBLINGS_ENGINE = 1, POLICY_SIBLINGS_LOCAL };
enum policy_localhost {
	POLICY_LOCALHOST_AUTO = 1,
	POLICY_LOCALHOST_SHARED,
	POLICY_LOCALHOST_PRIVATE
};
enum policy_unavailable { POLICY_UNAVAILABLE_REFUSE = 1, POLICY_UNAVAILABLE_WARN };
#define POLICY_POOL_NONE "none"
struct policy_pool {
	char *v4, *v6; /* "10.78.0.0/24"; NULL: none of that family */
};
/* Ids of the host that are given out, `size` to each container. */
struct policy_auto {
	struct u32list range; /* the first one, and how many */
	struct opt_u32 size;
};
struct policy_user {
	struct policy_auto *auto_;
};
struct policy_ids {
	uint32_t first, count, size;
};
/* Below are the users of the machine (useradd(8), systemd's UIDs and GIDs). */
#define POLICY_IDS_MIN 65536u
/* Of a container, where size is left out: all that programs and images count on. */
#define POLICY_IDS_SIZE 65536u
struct policy_namespaces {
	int pid, mount, ipc, uts, cgroup; /* enum policy_namespace */
	struct word_or_object user; /* "requested" or struct policy_user; by policy_user_ids() */
	int time;
};
/* In capabilities.remove: all of them. */
#define POLICY_CAPABILITIES_ALL "ALL"
struct policy_capabilities {
	struct strlist remove; /* names as cap_number() takes them */
};
struct policy_share {
	char *source, *destination;
};
/* Containers' groups are where they are asked for. */
#define POLICY_PARENT_NONE "none"
/* What the host keeps; 0: nothing is said. */
struct policy_reserve {
	struct opt_u64 memory; /* bytes */
	struct opt_u64 cpu;    /* percent of all that is there */
	struct opt_u64 pids;
};
struct policy_cgroup {
	int overlap;  /* enum policy_overlap */
	char *parent; /* a path, the name of a slice or "none"; by policy_group_parent() */
	struct policy_reserve *reserve;
};
struct policy_hooks {
	struct strlist allow;   /* files and directories of hooks that may run; "/": any */
	struct strlist output;  /* directories where the output of hooks may go */
	struct opt_u32 timeout; /* seconds, of a hook without a timeout of its own */
};
/* Decisions are written nowhere but to the container's records. */
#define POLICY_AUDIT_NONE "none"
struct policy_audit {
	char *to;      /* a path, "journal" or "syslog" */
	bool required; /* what cannot be written about is refused */
};
struct policy_criu {
	struct strlist config; /* configuration files of criu that a container may name */
};
struct policy_distro;
/* In a record of an older program a key may be absent (0, NULL): then nothing of it was in force. */
struct policy {
	int64_t version;
	int mode;
	struct policy_network *network;
	struct {
		size_t n;
		struct policy_network *v;
	} networks; /* others, by name; complete in a policy that is */
	struct {
		size_t n;
		struct policy_distro *v;
	} distros; /* the first that matches a request changes the policy for it */
	struct policy_namespaces *namespaces;
	int proc_sys;      /* POLICY_REWRITE: "read-only"; POLICY_REQUESTED: "requested" */
	int kernel_mounts; /* enum policy_kernel_mounts */
	int privileged;    /* enum policy_privileged */
	int hostname;      /* enum policy_hostname */
	struct policy_capabilities *capabilities;
	struct {
		size_t n;
		struct policy_share *v;
	} share;
	struct policy_cgroup *cgroup;
	struct policy_hooks *hooks;
	struct policy_criu *criu;
	struct word_or_object audit; /* to where, or struct policy_audit; by policy_audit() */
	struct opt_bool systemd;     /* the preset for an init of systemd */
};

/* Texts but annotations and owner are patterns of glob.h; NULL: any. */
struct policy_match {
	char *engine, *rootfs, *bundle;
	struct json_value *owner;  /* a number or a name */
	char *id, *cgroup, *image; /* these and annotations are what clients say */
	struct strmap annotations; /* each must be there and match */
};
/* The keys of a network in an entry. */
struct policy_use {
	struct policy_network keys;
	char *use; /* the name of the network that they change; NULL: that which is chosen otherwise */
};
struct policy_distro {
	struct policy keys;         /* but version, network, networks, distros */
	struct policy_match *match; /* NULL: everything */
	struct opt_bool trust_clients;
	struct word_or_object network; /* a name, or struct policy_use */
};

extern const struct fields policy_fields;
/* Of struct policy_network. */
extern const struct fields policy_network_fields;

/* The addresses that containers of the network are given out of; NULL: none. */
const struct policy_pool *policy_pool(const struct policy_network *network);
/* Whether containers of it are held to addresses, or to a localhost, of their own. */
bool policy_has_addresses(const struct policy_network *network);
bool policy_localhost_is_private(const struct policy_network *network);

/* True under namespaces.user "auto"; never for a record of a program that did not know it. */
bool policy_user_ids(const struct policy *policy, struct policy_ids *ret);

/* Seconds that a hook without a timeout of its own may take. It is not a decision about the container, and so holds
 * in every mode, and for a record of a program that did not know the key (NULL). */
uint32_t policy_hook_timeout(const struct policy *policy);

/* The group in which those of all containers lie: a path or the name of a slice; NULL: there is none. */
const char *policy_group_parent(const struct policy *policy);

/* What linux.cgroupsPath becomes by that; NULL: it stays. Facts other than the groups themselves are known. */
const char *policy_cgroups_path(const struct policy *policy, const struct spec *spec,
				const struct facts *facts, struct arena *arena);

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

/* Of `networks`; NULL: there is none of the name. */
const struct policy_network *policy_network(const struct policy *policy, const char *name);
/* What a request gets is not the same for all: there are several networks, or entries. */
bool policy_has_choice(const struct policy *policy);
/* Those of `said`, with what each leaves out: of `general`, which is complete, what they inherit; the rest of `defaults`. */
struct policy_network *policy_networks_complete(const struct policy *said,
						const struct policy *general,
						const struct policy *defaults, struct arena *arena)
	__attribute__((returns_nonnull));

/* The general network, in text and as an argument. */
#define POLICY_NETWORK_DEFAULT "default"

/* What is chosen for one request. */
struct selection {
	struct policy *
		policy; /* what the request is judged with and its records keep: one network, no entries */
	const char *network;       /* its name */
	const char *entry;         /* "distros[2]"; NULL: none matches */
	struct strlist entry_keys; /* that it sets: "network.admin" */
	const char *
		by; /* what names the network: the entry, or "--network" and the like; NULL: it is the general one */
	/* Entries that would match by a path which others than root can change. */
	struct strlist doubted; /* the reason of each */
};

/* Which network, and with it which policy, a request gets: of the argument, else of the program's name, else the general
 * one; over all, the first of `distros` that matches. ERR_POLICY: a name is that of no network, or of one that is not
 * selectable. */
int policy_select(struct policy *policy, const struct spec *request,
		  const struct caller_facts *caller, struct arena *arena, struct selection *ret,
		  struct err *e) MUST_CHECK;

/* Where the file has to say this key ("network.admin") to have it hold for what is chosen, in one of the forms
 * `distros[2].network.admin`, which goes before all else, `networks."lab".admin` and `network.admin`. `chosen`: its name
 * and entry; what joins is not looked at. */
const char *policy_key_place(const struct network *chosen, const char *key, struct arena *arena);

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
	const struct selection *
		selection; /* NEW: where the policy has several networks or entries; NULL elsewhere */
	const struct network *network; /* as recorded; NULL: NEW */
	const struct confinement
		*confinement;          /* as recorded; NULL: NEW, or a record of an older program */
	const struct made_facts *made; /* RESTORED alone */
	const char
		*receiver; /* NEW: a listener's socket, of the runtime's environment; NULL: none */
};

/* The group around those of all containers. */
struct group_parent {
	const char *
		path; /* NULL: there is none, or it is not known beforehand: below a user's own manager */
	const char *slice; /* with systemd's manager */
	/* Of all containers together; 0: no limit is set. */
	uint64_t memory, pids;
	uint64_t quota; /* microseconds of GROUP_PARENT_PERIOD */
};
#define GROUP_PARENT_PERIOD 100000

struct verdict {
	enum policy_path path;
	struct spec *spec;      /* what will be carried out; a copy, the input is untouched */
	struct network network; /* NEW */
	/* NEW: decided; others: the recorded one. Under observe all is open. */
	struct confinement confinement;
	struct decisions decisions;
	struct forward_record *forward; /* CREATE: NULL: nothing is led to the container */
	struct address_record *address; /* NEW: NULL: it has the addresses of the network */
	/* Files that the spec mounts and that are made beside the records first; NULL: none is. */
	char *hosts_text, *resolv_conf_text;
	struct id_range ids;  /* of the host, its own under namespaces.user "auto"; size 0: none */
	bool group_exclusive; /* the container's group is shared with no other one */
	struct group_parent parent;
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
long decisions_add_unused_network(struct decisions *decisions, const struct network *chosen,
				  struct arena *arena);

/* After hooks, of what they have changed in the shared network, in words. Returns the number of the decision. */
size_t decisions_add_hooks_changed(struct decisions *decisions, const struct network *chosen,
				   const char *what, struct arena *arena);

/* What the engine has prepared does not lead to the container, and why. Returns the number of the decision. */
size_t decisions_add_not_forwarded(struct decisions *decisions, const char *why,
				   struct arena *arena);
/* What the engine publishes of the container is another one's port as well ("80/tcp"). Returns the number of the decision; -1
 * if that has been said. */
long decisions_add_port_taken(struct decisions *decisions, const char *port, const char *other,
			      struct arena *arena);

/* Its engine has given the container no address that can be its own (`why` NULL: it has given none). Returns the number of the
 * decision. */
size_t decisions_add_no_address(struct decisions *decisions, const struct network *chosen,
				const char *why, bool has_pool, struct arena *arena);

/* That something leads to the container was decided; where it turns out that the engine has set up nothing yet (`empty`), or
 * has by now, the decision says that; it is a warning unless it may be `meant`. */
void decisions_forward_is_empty(struct decisions *decisions, bool empty, bool meant,
				struct arena *arena);

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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/hosts and /etc/resolv.conf of a container in the shared network: those of the network, with what the engine
 * was asked for (--add-host, --dns) and the container's own name. What an engine writes by itself was made for the
 * network that it had prepared, and is left out. Pure.
 */
#ifndef POLICY_RESOLVER_H
#define POLICY_RESOLVER_H

#include "model/facts.h"

/* Of the files that are made, beside the records of the container. */
#define RESOLVER_HOSTS_NAME "hosts"
#define RESOLVER_CONF_NAME "resolv.conf"

enum resolver_choice {
	RESOLVER_NETWORK = 1, /* the network's file says all */
	RESOLVER_ENGINE,      /* the engine's file has nothing but what it was asked for */
	RESOLVER_MERGED,      /* neither: `text` */
};
struct resolver_result {
	int choice; /* enum resolver_choice */
	char *text;
};

/* Of the container; NULL or empty: it has none. */
struct resolver_names {
	const char *host, *domain;
};

struct resolver_result resolver_hosts(const struct resolver_facts *texts,
				      const struct resolver_names *names, struct arena *arena);

/* `hosts`: the engine's /etc/hosts, which has the address that the engine gave to the container; may be NULL. */
struct resolver_result resolver_conf(const struct resolver_facts *texts, const char *hosts,
				     const struct resolver_names *names, struct arena *arena);

/* For its own name, where it has no address of its own. */
#define RESOLVER_OWN_NAME "127.0.1.1"
/* A text with this one in its place. NULL: it has none. */
char *resolver_with_own(const char *text, const char *address, struct arena *arena);

/* The addresses behind "nameserver" in a resolv.conf. */
struct strlist resolver_nameservers(const char *text, struct arena *arena);

/* The engine's own resolver among the nameservers of its file, which answers those alone whom the engine has put into its
 * networks, and *ret_rest, the file without it. NULL: it has none. `hosts`: the engine's file of that name. */
char *resolver_of_engine(const struct resolver_facts *texts, const char *hosts,
			 const struct resolver_names *names, struct arena *arena, char **ret_rest);
/* The same with the nameserver known: NULL if the file does not have it. */
char *resolver_known(const char *text, const char *server, struct arena *arena, char **ret_rest);
/* Such a rest, or another text, with a nameserver where that was; first of all, if it does not say where. NULL: none. */
char *resolver_with_server(const char *rest, const char *server, struct arena *arena);
#define RESOLVER_PLACE "nameserver\n"

#endif

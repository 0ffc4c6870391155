/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine has prepared for a container leads to it although it is in the shared network: a namespace of the
 * engine's own that nothing runs in, called its decoy, with the addresses that it publishes ports to and asks probes of.
 *
 *	client -> engine's address in the decoy --DNAT--> veth pair --> an address of the container's side --> its sockets
 *
 * A client is seen as the decoy's end of the pair. All rules are in the decoy; the shared network gets one link for each
 * decoy, with one address of each family. Both go with the decoy.
 */
#ifndef FORWARD_FORWARD_H
#define FORWARD_FORWARD_H

#include "base/err.h"
#include "base/str.h"
#include "forward/ports.h"
#include "sys/nftables.h"

#include <stdbool.h>
#include <stdint.h>

/* Of both ends of a pair. They are link-local, and private, and no two pairs of a shared network have the same. */
struct forward_addresses {
	char decoy4[16], container4[16];
	char decoy6[40], container6[40];
};
/* Pairs are counted from 0 up to this. */
#define FORWARD_PAIRS 8192u
struct forward_addresses forward_addresses(unsigned pair);

/* The link in the shared network, "fwd17"; in the decoy it has one name for all. */
struct forward_name {
	char text[16];
};
struct forward_name forward_name(unsigned pair);
#define FORWARD_DECOY_LINK "ds-forward"
/* Such a link, or an address of such a pair, by its name or text alone. */
bool forward_is_link(const char *name);
bool forward_is_address(const char *text);

struct forward {
	int decoy, network; /* descriptors of both namespaces, the caller's */
	uint64_t cookie;    /* of the decoy */
	/* A nameserver of the engine's, which the decoy's end of the pair answers for; NULL: none */
	const char *nameserver;
	/* The distribution has the engine's own addresses, to which the decoy leads without a translation; others of its kind
	 * are met by the engine's network unless they are `siblings_local`. */
	bool routed, siblings_local;
	/* Else addresses in the shared network to lead to in place of the pair's; NULL: those */
	const struct strlist *targets;
	bool hold; /* the container is about to leave the decoy, which may have nothing else that keeps it */
};

struct forward_made {
	bool done;     /* false: the engine has not prepared anything, and nothing is changed */
	unsigned pair; /* of the link */
	struct strlist addresses; /* routed: the distribution's own */
	/* of UDP, at which the nameserver is asked; 0: the usual one, or none is asked */
	uint32_t nameserver_port;
	/* to which rules in the network namespace that the caller is in send connections, as far as they can be read in a
	 * millisecond or two */
	struct forward_ports ports;
};
/* What is there already is made anew, but for the link. */
int forward_make(const struct forward *forward, struct arena *arena, struct forward_made *ret,
		 struct err *e) MUST_CHECK;

/* Nothing is led to the shared network any more. The link itself goes with the decoy: to remove one takes the kernel 24 ms.
 * Of a network with another cookie nothing is changed. FORWARD_PAIRS: the pair is not known, and what was made of it is looked for. */
int forward_end(int network, uint64_t network_cookie, uint64_t cookie, unsigned pair, struct err *e)
	MUST_CHECK;

/* That of iptables, of IPv4. */
#define FORWARD_NAT_TABLE "nat"
#define FORWARD_CHAIN "DISTRO-SHIM"

/* The rules of a decoy, to be loaded in it; begins *ret. Pure. */
struct forward_rules {
	unsigned pair;
	bool v6;
	const char *nameserver; /* NULL: none */
	/* A chain of FORWARD_NAT_TABLE that leads from the nameserver's port 53 to it, whatever its own are; NULL: none */
	const char *chain;
	bool chained;      /* FORWARD_CHAIN is there already */
	uint16_t udp, tcp; /* ports; 0: 53 */
};
void forward_rules(const struct forward_rules *rules, struct nftables *ret);

#endif

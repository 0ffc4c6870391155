/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine has prepared for a container leads to it although it is in the shared network: a namespace of the
 * engine's own that nothing runs in, called its decoy, with the addresses that it publishes ports to and asks probes of.
 * There are two ways.
 *
 *	client -> engine's address in the decoy --DNAT--> veth pair --> an address of the container's side --> its sockets
 *
 * A client is seen as the decoy's end of the pair. All rules are in the decoy; the shared network gets one link for each
 * decoy, with one address of each family. Both go with the decoy.
 *
 *	client -> engine's address, by way of the decoy --routed--> veth pair --> the same address in the shared network
 *
 * Nothing is translated: the address leaves the decoy for the shared network, which has a table of ways and a rule (tree.h)
 * for each, so that what is sent from it takes the pair as well, also to another such address: distributions meet in the
 * engine's network, as their engines have it.
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
/* FORWARD_PAIRS: it is not such a link. */
unsigned forward_pair(const char *name);
/* Such a link, or an address of such a pair, by its name or text alone. */
bool forward_is_link(const char *name);
bool forward_is_address(const char *text);

struct forward {
	int decoy, network; /* descriptors of both namespaces, the caller's */
	uint64_t cookie;    /* of the decoy */
	/* A nameserver of the engine's, which the decoy's end of the pair answers for; NULL: none */
	const char *nameserver;
	bool hold; /* the container is about to leave the decoy, which may have nothing else that keeps it */
	bool routed; /* the engine's addresses are the container's own in the shared network */
	bool siblings_local; /* routed: others there reach them directly, and not by the engine's network */
	/* Own addresses of the container that are in the shared network already: what the engine has prepared leads to the first
	 * one of each family. NULL: to an address of the pair, or to those that are routed. */
	const struct strlist *targets;
	/* Those that were routed another time; NULL: none, or that is not known. forward_join() sets it. */
	const struct strlist *before;
	/* Of the decoys: where is written down which of them has which address. NULL: that is not asked. forward_join() sets it. */
	const char *directory;
};

struct forward_made {
	bool done;     /* false: the engine has not prepared anything, and nothing is changed */
	unsigned pair; /* of the link */
	/* of UDP, at which the nameserver is asked; 0: the usual one, or none is asked */
	uint32_t nameserver_port;
	/* to which rules in the network namespace that the caller is in send connections, as far as they can be read in a
	 * millisecond or two */
	struct forward_ports ports;
	/* Of the container's own, as the engine gave them: IPv4 first, in the order of the links, at most four of each family. */
	struct strlist addresses;
	/* Not 0: nothing is changed, because this decoy has one of them, or others around it in a network of another engine */
	uint64_t taken_by;
	const char *taken, *taken_as; /* addresses or networks: this decoy's, the other's */
	bool taken_alone; /* this decoy is alone in its network (slirp4netns has the same address in each) */
};
/* What is there already is made anew, but for the link. */
int forward_make(const struct forward *forward, struct arena *arena, struct forward_made *ret,
		 struct err *e) MUST_CHECK;

/* Whether the engine has given a decoy other addresses than those since, or taken some away: by its pair alone, nothing is
 * entered. A server that names no address has the first one of a family, so while that is away all stays as it is. What
 * cannot be asked stays so, too. */
enum forward_change { FORWARD_SAME, FORWARD_MOVED, FORWARD_FIRST_AWAY };
enum forward_change forward_look(int network, uint64_t network_cookie, unsigned pair,
				 const struct strlist *addresses);

/* Nothing is led to the shared network any more. The link itself goes with the decoy: to remove one takes the kernel 24 ms.
 * Of a network with another cookie nothing is changed. */
struct forward_ending {
	int network; /* a descriptor */
	uint64_t network_cookie, cookie;
	unsigned pair; /* FORWARD_PAIRS: it is not known, and what was made of it is looked for */
	const struct strlist *
		addresses; /* own ones; NULL: that is not known, and all that there are are looked for */
	const char *directory; /* as in struct forward */
};
int forward_end(const struct forward_ending *ending, struct err *e) MUST_CHECK;

/* That of iptables, of IPv4. */
#define FORWARD_NAT_TABLE "nat"
#define FORWARD_CHAIN "DISTRO-SHIM"

/* Of what a decoy itself has begun whose addresses are routed: of packets, and of connections. */
#define FORWARD_MARK 0x20000000u

/* An address that is routed, and the link of the decoy that has it. */
struct forward_own {
	const char *address, *link;
};
struct forward_owns {
	size_t n;
	const struct forward_own *v;
};
/* The rules of a decoy, to be loaded in it; begins *ret. Pure. */
struct forward_rules {
	unsigned pair;
	bool v6;
	const char *nameserver; /* NULL: none */
	/* A chain of FORWARD_NAT_TABLE that leads from the nameserver's port 53 to it, whatever its own are; NULL: none */
	const char *chain;
	bool chained; /* FORWARD_CHAIN is there already */
	/* where what comes for addresses of the decoy goes on; NULL: the container's end of the pair */
	const char *target4, *target6;
	struct forward_owns own; /* nothing comes for these */
	uint16_t udp, tcp;       /* ports; 0: 53 */
};
void forward_rules(const struct forward_rules *rules, struct nftables *ret);

#endif

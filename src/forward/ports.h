/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which decoys publish which port of a shared network: two that publish the same one lead to one server. Beside the
 * directories of the decoys, an empty file for each: published/NETWORK-tcp-80/DECOY.
 */
#ifndef FORWARD_PORTS_H
#define FORWARD_PORTS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

/* Of the container's side. */
struct forward_port {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;
};
struct forward_ports {
	size_t n;
	struct forward_port *v;
};
/* A decoy's that are beyond this are not kept. */
#define FORWARD_PORTS_MAX 256u

/* "tcp-80" */
struct forward_port_name {
	char text[16];
};
struct forward_port_name forward_port_name(const struct forward_port *port);
/* "80/tcp", as engines write it */
struct forward_port_name forward_port_text(const struct forward_port *port);
bool forward_port_has_name(uint8_t protocol);
/* Of names as they stand in a record; what is not one is left out. */
struct forward_ports forward_ports_read(const struct strlist *names, struct arena *arena);
struct strlist forward_ports_names(const struct forward_ports *ports, struct arena *arena);

/* Another decoy that publishes it. */
struct forward_clash {
	struct forward_port port;
	uint64_t decoy;
};
struct forward_clashes {
	size_t n;
	struct forward_clash *v;
};

/* directory: of the decoys, a descriptor. One that is gone does not clash, and what it has left is removed. */
int forward_ports_claim(int directory, uint64_t network, uint64_t decoy,
			const struct forward_ports *ports, struct arena *arena,
			struct forward_clashes *ret, struct err *e) MUST_CHECK;
void forward_ports_give_up(int directory, uint64_t network, uint64_t decoy,
			   const struct forward_ports *ports);

#endif

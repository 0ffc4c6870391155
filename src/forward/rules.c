/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a decoy, and the addresses of its pair. Pure.
 */
#include "forward/forward.h"

#include "base/auto.h"

#include <stdio.h>
#include <string.h>

/* Of 169.254.0.0/16 (RFC 3927) what lies between 64.0 and 128.0: clouds answer at 169.254.169.254. */
#define NET4 "169.254."
#define PAIR4 NET4 "%u.%u"
#define PAIR4_FIRST 64u
#define PAIR4_COUNT 64u
/* A ULA (RFC 4193): "distros" in ASCII. */
#define NET6 "fd64:6973:7472:6f73:"
#define PAIR6 NET6 ":%x"
#define LINK "fwd"

static void address4(char text[16], unsigned pair, unsigned end)
{
	unsigned number = pair * 2 + end;

	snprintf(text, 16, PAIR4, PAIR4_FIRST + number / 256 % PAIR4_COUNT, number % 256);
}

static void address6(char text[40], unsigned pair, unsigned end)
{
	snprintf(text, 40, PAIR6, (pair * 2 + end) & 0xffff);
}

struct forward_addresses forward_addresses(unsigned pair)
{
	struct forward_addresses ret;

	address4(ret.decoy4, pair, 0);
	address4(ret.container4, pair, 1);
	address6(ret.decoy6, pair, 0);
	address6(ret.container6, pair, 1);
	return ret;
}

struct forward_name forward_name(unsigned pair)
{
	struct forward_name ret;

	snprintf(ret.text, sizeof(ret.text), LINK "%u", pair % FORWARD_PAIRS);
	return ret;
}

bool forward_is_link(const char *name)
{
	uint32_t pair;

	return str_has_prefix(name, LINK) && parse_u32(name + strlen(LINK), &pair) &&
	       pair < FORWARD_PAIRS;
}

bool forward_is_address(const char *text)
{
	const char *third;
	char number[4] = "";
	uint32_t value;

	if (!str_has_prefix(text, NET4))
		return str_has_prefix(text, NET6);
	third = text + strlen(NET4);
	if (strcspn(third, ".") < sizeof(number))
		memcpy(number, third, strcspn(third, "."));
	return parse_u32(number, &value) && value >= PAIR4_FIRST &&
	       value < PAIR4_FIRST + PAIR4_COUNT;
}

static void put_nameserver(const struct forward_rules *rules, const struct forward_addresses *at,
			   struct strbuf *out)
{
	bool six = strchr(rules->nameserver, ':') != NULL;
	const struct {
		const char *protocol;
		unsigned port;
	} kinds[] = { { "udp", rules->udp }, { "tcp", rules->tcp } };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		strbuf_printf(out,
			      "\t\tiifname \"" FORWARD_DECOY_LINK
			      "\" %s daddr %s %s dport 53 dnat %s to %s%s%s:%u\n",
			      six ? "ip6" : "ip", six ? at->decoy6 : at->decoy4, kinds[i].protocol,
			      six ? "ip6" : "ip", six ? "[" : "", rules->nameserver, six ? "]" : "",
			      kinds[i].port ? kinds[i].port : 53);
}

/*
 * Before the engine's own rules, which have the priorities dstnat (-100) and srcnat (100): of two rules
 * for a connection the first one counts. From within the decoy itself (the engine's port forwarder)
 * the loopback address leads to the container as well, but for 127.0.0.11, where Docker's resolver is.
 * What is there already is flushed: to delete a table, even one that the same text adds, takes the kernel 12 ms.
 */
void forward_rules(const struct forward_rules *rules, struct strbuf *out)
{
	const struct forward_addresses at = forward_addresses(rules->pair);

	strbuf_puts(out, "add table inet distro-shim\n"
			 "flush table inet distro-shim\n"
			 "table inet distro-shim {\n"
			 "\tchain prerouting {\n"
			 "\t\ttype nat hook prerouting priority -110\n");
	if (rules->nameserver)
		put_nameserver(rules, &at, out);
	strbuf_printf(out,
		      "\t\tiifname != { \"lo\", \"" FORWARD_DECOY_LINK
		      "\" } fib daddr type local meta nfproto ipv4 dnat ip to %s\n",
		      at.container4);
	if (rules->v6)
		strbuf_printf(
			out,
			"\t\tiifname != { \"lo\", \"" FORWARD_DECOY_LINK
			"\" } fib daddr type local meta nfproto ipv6 ip6 daddr != fe80::/10 meta l4proto != ipv6-icmp dnat ip6 to %s\n",
			at.container6);
	strbuf_printf(out,
		      "\t}\n"
		      "\tchain output {\n"
		      "\t\ttype nat hook output priority -110\n"
		      "\t\tip daddr 127.0.0.11 return\n"
		      "\t\tip daddr %s return\n"
		      "\t\tfib daddr type local meta nfproto ipv4 dnat ip to %s\n",
		      at.decoy4, at.container4);
	if (rules->v6)
		strbuf_printf(
			out,
			"\t\tfib daddr type local ip6 daddr != { ::1, fe80::/10, %s } meta l4proto != ipv6-icmp dnat ip6 to %s\n",
			at.decoy6, at.container6);
	strbuf_puts(out, "\t}\n"
			 "\tchain postrouting {\n"
			 "\t\ttype nat hook postrouting priority 90\n"
			 "\t\toifname \"" FORWARD_DECOY_LINK "\" masquerade\n"
			 "\t\tiifname \"" FORWARD_DECOY_LINK "\" masquerade\n"
			 "\t}\n"
			 "}\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What iptables-nft and nft have set is read as the ports and addresses that they were given.
 * world: hybrid
 */
#include "base/auto.h"
#include "base/str.h"
#include "sys/nat_targets.h"

#include <arpa/inet.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

/* In a network namespace of its own. */
static int setup(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNET);
}

static void does(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static char *text_of(size_t limit, struct arena *arena)
{
	struct nat_targets targets;
	struct err e = { 0 };
	autostrbuf text = { 0 };

	if (nat_targets_read(limit, arena, &targets, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < targets.n; i++) {
		const struct nat_target *target = &targets.v[i];
		char address[INET6_ADDRSTRLEN];

		assert_non_null(inet_ntop(target->size == 4 ? AF_INET : AF_INET6, target->address,
					  address, sizeof(address)));
		strbuf_printf(&text, "%s %s %u-%u\n",
			      target->protocol == IPPROTO_TCP ? "tcp" : "udp", address,
			      target->first, target->last);
	}
	return arena_strdup(arena, strbuf_text(&text));
}

static void without_rules_there_are_none(void **state)
{
	autoarena arena = { 0 };

	(void)state;
	assert_string_equal(text_of(0, &arena), "");
}

static void as_iptables_has_set_them(void **state)
{
	autoarena arena = { 0 };

	(void)state;
	/* as netavark, portmap and Docker do */
	does("iptables -t nat -N PORTS && iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j PORTS");
	does("iptables -t nat -A PORTS -p tcp --dport 8080 -j DNAT --to-destination 10.88.0.5:80");
	does("iptables -t nat -A PORTS -d 10.1.1.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.88.0.6:5353");
	does("iptables -t nat -A PORTS ! -i br0 -p tcp -m tcp --dport 8000:8010 -j DNAT --to-destination 10.88.0.7:9000-9010/8000");
	does("ip6tables -t nat -A PREROUTING -p tcp --dport 81 -j DNAT --to-destination '[fd00::5]:80'");
	/* these publish no port of a container */
	does("iptables -t nat -A PORTS -p tcp --dport 82 -j DNAT --to-destination 10.88.0.8");
	does("iptables -t nat -A POSTROUTING -s 10.88.0.0/16 -j MASQUERADE");
	does("iptables -t nat -A POSTROUTING -p tcp -j SNAT --to-source 10.1.1.1:99");
	assert_string_equal(text_of(0, &arena), "tcp 10.88.0.5 80-80\n"
						"udp 10.88.0.6 5353-5353\n"
						"tcp 10.88.0.7 9000-9010\n"
						"tcp fd00::5 80-80\n");
	does("iptables -t nat -F && ip6tables -t nat -F");
}

static void as_nft_has_set_them(void **state)
{
	autoarena arena = { 0 };

	(void)state;
	does("nft -f - <<'END'\n"
	     "table inet engine {\n"
	     "	chain ports {\n"
	     "		type nat hook prerouting priority -100;\n"
	     "		ip daddr 10.1.1.1 tcp dport 8080 dnat ip to 10.88.0.5:80\n"
	     "		meta l4proto udp udp dport 53 dnat ip to 10.88.0.6:5300-5353\n"
	     "		tcp dport 81 dnat ip6 to [fd00::5]:80\n"
	     "		tcp dport 82 dnat ip to 10.88.0.8\n"
	     "		tcp dport 83 redirect to :84\n"
	     "	}\n"
	     "}\n"
	     "END\n");
	assert_string_equal(text_of(0, &arena), "tcp 10.88.0.5 80-80\n"
						"udp 10.88.0.6 5300-5353\n"
						"tcp fd00::5 80-80\n");
	does("nft flush ruleset");
}

static void of_very_many_only_the_first_are_read(void **state)
{
	autoarena arena = { 0 };

	(void)state;
	does("{ echo 'table ip engine { chain ports { type nat hook prerouting priority 0;';\n"
	     "for i in $(seq 1000); do echo \"tcp dport 8080 dnat ip to 10.88.0.5:$i\"; done; echo '}; }'; } | nft -f -");
	assert_non_null(strstr(text_of(0, &arena), "tcp 10.88.0.5 1000-1000\n"));
	assert_non_null(strstr(text_of(64 * 1024, &arena), "tcp 10.88.0.5 1-1\n"));
	assert_null(strstr(text_of(64 * 1024, &arena), "tcp 10.88.0.5 1000-1000\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_there_are_none),
		cmocka_unit_test(as_iptables_has_set_them),
		cmocka_unit_test(as_nft_has_set_them),
		cmocka_unit_test(of_very_many_only_the_first_are_read),
	};

	return cmocka_run_group_tests_name("nat_targets", tests, setup, NULL);
}

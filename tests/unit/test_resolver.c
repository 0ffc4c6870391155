/* SPDX-License-Identifier: Apache-2.0 */
/* What of an engine's /etc/hosts and /etc/resolv.conf it was asked for, and what becomes of it. Runs anywhere. */
#include "policy/resolver.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#ifdef __SANITIZE_ADDRESS__
#define HAS_SANITIZER true
#else
#define HAS_SANITIZER false
#endif

#define OWN_HOSTS "127.0.0.1 localhost\n10.77.0.2 distros\n"
#define OWN_CONF "nameserver 10.77.0.1\nsearch of.network\n"

static const struct resolver_names box = { "box", "lan" };

static char *copy(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static void test_hosts_has_the_own_name_and_what_was_added(void **state)
{
	static const struct {
		const char *engine, *host, *expected; /* NULL: the network's */
	} cases[] = {
		{ NULL, NULL, OWN_HOSTS "127.0.1.1 box.lan box\n" },
		{ "", NULL, OWN_HOSTS "127.0.1.1 box.lan box\n" },
		{ "127.0.0.1 localhost\n::1 ip6-localhost\n10.88.0.5 box\n", NULL,
		  OWN_HOSTS "127.0.1.1 box.lan box\n" },
		{ "10.88.0.5 box.lan box one\nfd00::5 box one two", NULL,
		  OWN_HOSTS "127.0.1.1 box.lan box one two\n" },
		{ "10.9.8.7\tadded # box\n", NULL,
		  "10.9.8.7 added\n" OWN_HOSTS "127.0.1.1 box.lan box\n" },
		{ "127.0.1.1 here there\n", "127.0.1.1 here\n",
		  "127.0.1.1 there\n" OWN_HOSTS "127.0.1.1 box.lan box\n" },
		{ "10.77.0.2 distros\n10.9.8.7 distros\n", NULL,
		  "10.9.8.7 distros\n" OWN_HOSTS "127.0.1.1 box.lan box\n" },
		{ "not-a-line\n#10.9.8.7 no\n", NULL, OWN_HOSTS "127.0.1.1 box.lan box\n" },
	};
	static const struct resolver_names known = { "distros", NULL }, odd = { "a b", NULL },
					   none = { NULL, NULL };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct resolver_facts texts = { .own = arena_strdup(&arena, OWN_HOSTS),
						.engine = copy(&arena, cases[i].engine),
						.host = copy(&arena, cases[i].host) };
		struct resolver_result result = resolver_hosts(&texts, &box, &arena);

		assert_int_equal(result.choice, RESOLVER_MERGED);
		assert_string_equal(result.text, cases[i].expected);
	}
	/* a file without an end of line, and one that is not known */
	struct resolver_facts texts = { .own = arena_strdup(&arena, "1.2.3.4 x") };
	assert_string_equal(resolver_hosts(&texts, &box, &arena).text,
			    "1.2.3.4 x\n127.0.1.1 box.lan box\n");
	assert_int_equal(resolver_hosts(&(struct resolver_facts){ 0 }, &box, &arena).choice,
			 RESOLVER_NETWORK);
	/* a name that is there already, none, and one that would be two */
	texts.own = arena_strdup(&arena, OWN_HOSTS);
	assert_int_equal(resolver_hosts(&texts, &known, &arena).choice, RESOLVER_NETWORK);
	assert_int_equal(resolver_hosts(&texts, &none, &arena).choice, RESOLVER_NETWORK);
	assert_int_equal(resolver_hosts(&texts, &odd, &arena).choice, RESOLVER_NETWORK);
	arena_release(&arena);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		n++;
		text += strlen(part);
	}
	return n;
}

/* As many names as fit in what is read of an engine's file: each is asked for in the other two. */
static void test_a_long_hosts_is_merged_in_little_memory(void **state)
{
	const struct resolver_names names = { "box", "lan" };
	struct arena arena = { 0 };
	autostrbuf engine = { 0 }, own = { 0 };
	struct rlimit before, small;

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		strbuf_printf(&engine, "%s%03x", i % 100 ? " " : "\n10.9.8.7 ", i);
		strbuf_printf(&own, "10.9.8.%c %03x\n", i % 2 ? '7' : '6', i);
	}
	struct resolver_facts texts = { .own = arena_strdup(&arena, strbuf_text(&own)),
					.host = arena_strdup(&arena, strbuf_text(&own)),
					.engine = arena_strdup(&arena, strbuf_text(&engine)) };
	/* were the files taken apart for each name, it would be two gigabytes; a sanitizer has more of its own */
	assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
	small = (struct rlimit){ HAS_SANITIZER ? before.rlim_cur : 64 << 20, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_DATA, &small), 0);
	struct resolver_result result = resolver_hosts(&texts, &names, &arena);
	assert_int_equal(setrlimit(RLIMIT_DATA, &before), 0);
	assert_int_equal(result.choice, RESOLVER_MERGED);
	/* those of the network are half of them; 000 to f9f */
	assert_int_equal(count(result.text, " 000 002 004 006 "), 1);
	assert_int_equal(count(result.text, " 001"), 1);
	arena_release(&arena);
}

static void test_resolv_conf_is_the_networks_unless_it_was_chosen(void **state)
{
	static const struct {
		const char *engine;
		int choice;
		const char *text;
	} cases[] = {
		{ NULL, RESOLVER_NETWORK, NULL },
		/* the engine's own, the host's, those of user-mode networks */
		{ "nameserver 127.0.0.11\noptions ndots:0\n", RESOLVER_NETWORK, NULL },
		{ "nameserver 10.88.0.1\n", RESOLVER_NETWORK, NULL },
		{ "nameserver 192.0.2.9\n", RESOLVER_NETWORK, NULL },
		{ "nameserver 192.0.2.53\nsearch of.host\noptions edns0 trust-ad\n",
		  RESOLVER_NETWORK, NULL },
		{ "nameserver 10.0.2.3\nnameserver 169.254.1.1\n", RESOLVER_NETWORK, NULL },
		{ "search dns.podman\nnameserver 10.88.0.1\n", RESOLVER_NETWORK, NULL },
		/* asked for, wholly or in part */
		{ "nameserver 10.9.8.6\n", RESOLVER_ENGINE, NULL },
		{ "search by.user\nnameserver 10.9.8.6\nnameserver fd00::6\n", RESOLVER_ENGINE,
		  NULL },
		{ "nameserver 8.8.8.8\n", RESOLVER_ENGINE, NULL },
		{ "nameserver 127.0.0.11\nsearch by.user\n", RESOLVER_MERGED,
		  "nameserver 10.77.0.1\nsearch by.user\n" },
		{ "nameserver 10.88.0.1\nnameserver 10.9.8.6\n", RESOLVER_MERGED,
		  "nameserver 10.9.8.6\nsearch of.network\n" },
		{ "; nameserver 10.9.8.6\nnameserver\nnameserver 10.88.0.1\noptions rotate\n",
		  RESOLVER_MERGED, "nameserver 10.77.0.1\nsearch of.network\noptions rotate\n" },
	};
	struct arena arena = { 0 };
	char *local = arena_strdup(&arena, "192.0.2.9");
	struct resolver_facts texts = {
		.own = arena_strdup(&arena, OWN_CONF),
		.host = arena_strdup(&arena, "nameserver 192.0.2.53\nsearch of.host\n"),
		.local = { .n = 1, .v = &local },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		texts.engine = copy(&arena, cases[i].engine);
		struct resolver_result result =
			resolver_conf(&texts, "10.88.0.5 box\n", &box, &arena);

		assert_int_equal(result.choice, cases[i].choice);
		if (cases[i].text)
			assert_string_equal(result.text, cases[i].text);
	}
	/* what engines write where the host names no server that can be reached */
	texts.host = arena_strdup(&arena, "nameserver 127.0.0.53\n");
	texts.engine = arena_strdup(&arena, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
	assert_int_equal(resolver_conf(&texts, NULL, &box, &arena).choice, RESOLVER_NETWORK);
	arena_release(&arena);
}

static void the_engines_own_resolver_is_told_from_others(void **state)
{
	static char gateway[] = "10.89.0.1", *of_host[] = { gateway };
	static const struct {
		const char *text, *server, *asked; /* with another one in its place */
	} cases[] = {
		{ "nameserver 127.0.0.11\noptions ndots:0\n", "127.0.0.11",
		  "nameserver 1.2.3.4\noptions ndots:0\n" },
		{ "search team\nnameserver 10.89.0.1\nnameserver 9.9.9.9", "10.89.0.1",
		  "search team\nnameserver 1.2.3.4\nnameserver 9.9.9.9\n" },
		{ "nameserver 10.89.0.1\n\nnameserver 10.89.0.1\nsearch team\n", "10.89.0.1",
		  "nameserver 1.2.3.4\n\nsearch team\n" },
		{ "nameserver 9.9.9.9\nnameserver 10.0.2.3\n", "10.0.2.3",
		  "nameserver 9.9.9.9\nnameserver 1.2.3.4\n" },
		{ "nameserver 169.254.1.1\nnameserver 9.9.9.9\n", "169.254.1.1",
		  "nameserver 1.2.3.4\nnameserver 9.9.9.9\n" },
		/* the first address of the network in which the engine has put the container */
		{ "nameserver 10.88.0.1\n", "10.88.0.1", "nameserver 1.2.3.4\n" },
		{ "nameserver 9.9.9.9\n# nameserver 127.0.0.11\n", NULL, NULL },
		{ "", NULL, NULL },
	};
	struct resolver_facts texts = { .local = { .n = 1, .v = of_host } };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *rest = NULL;

		texts.engine = copy(&arena, cases[i].text);
		const char *server =
			resolver_of_engine(&texts, "10.88.0.5 box\n", &box, &arena, &rest);
		if (!cases[i].server) {
			assert_null(server);
			continue;
		}
		assert_string_equal(server, cases[i].server);
		assert_string_equal(resolver_with_server(rest, "1.2.3.4", &arena), cases[i].asked);
	}
	assert_string_equal(resolver_with_server("nameserver\nsearch team\n", NULL, &arena),
			    "search team\n");
	/* of a record that does not say where */
	assert_string_equal(resolver_with_server("search team\n", "1.2.3.4", &arena),
			    "nameserver 1.2.3.4\nsearch team\n");
	arena_release(&arena);
}

static void its_own_name_gets_its_own_address(void **state)
{
	static const char *const cases[][2] = {
		{ "127.0.1.1\tbox\n", "10.78.0.2\tbox\n" },
		{ "127.0.0.1 localhost\n127.0.1.1 box.example box",
		  "127.0.0.1 localhost\n10.78.0.2 box.example box" },
		{ "127.0.1.10 box\n#127.0.1.1 box\n", NULL },
		{ "", NULL },
	};
	autoarena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = resolver_with_own(cases[i][0], "10.78.0.2", &arena);

		assert_true(str_eq(text, cases[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts_has_the_own_name_and_what_was_added),
		cmocka_unit_test(test_a_long_hosts_is_merged_in_little_memory),
		cmocka_unit_test(test_resolv_conf_is_the_networks_unless_it_was_chosen),
		cmocka_unit_test(the_engines_own_resolver_is_told_from_others),
		cmocka_unit_test(its_own_name_gets_its_own_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

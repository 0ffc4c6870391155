/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address/pool: who gets which address, again, and when there are no others; and what stands for localhost.
 */
#include "address/place.h"
#include "address/pool.h"
#include "base/auto.h"
#include "base/cidr.h"
#include "files.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define NETWORK 0x1234u
#define ROOT "/run/distro-shim"

static const struct address_pool both = { "10.78.0.0/24", "fd78::/64" };
/* .2 to .6 */
static const struct address_pool small = { .v4 = "10.78.0.0/29" };

struct fixture {
	struct files files;
	struct arena arena;
	char *directory;
	struct err e;
};

/* Ids that begin with it do not live; how often that was asked. */
static const char *dead;
static unsigned asked;

static bool lives(const char *root, const char *id)
{
	(void)root;
	asked++;
	return !dead || !str_has_prefix(id, dead);
}

static int begin(void **state)
{
	static struct fixture f;

	f = (struct fixture){ 0 };
	if (files_begin(&f.files) < 0)
		return -1;
	f.directory = files_path(&f.files, "addresses");
	dead = NULL;
	asked = 0;
	*state = &f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	files_end(&f->files);
	arena_release(&f->arena);
	return 0;
}

static struct address_holder holder(const char *id)
{
	return (struct address_holder){ ROOT, id };
}

static int try(struct fixture *f, const struct address_pool *pool, const char *id,
	       struct address_taken *ret)
{
	const struct address_holder by = holder(id);

	return address_pool_take(f->directory, NETWORK, pool, &by, lives, &f->arena, ret, &f->e);
}

static struct address_taken take(struct fixture *f, const struct address_pool *pool, const char *id)
{
	struct address_taken ret;

	if (try(f, pool, id, &ret) < 0)
		STOP("%s: %s\n", id, f->e.text);
	return ret;
}

/* The one of IPv4. */
static const char *get(struct fixture *f, const struct address_pool *pool, const char *id)
{
	return take(f, pool, id).addresses.v[0];
}

static void leave(struct fixture *f, const char *id)
{
	const struct address_holder by = holder(id);

	if (address_pool_leave(f->directory, NETWORK, &by, -1, &f->e) < 0)
		STOP("%s: %s\n", id, f->e.text);
}

static struct address_taken share(struct fixture *f, const char *of, const char *id)
{
	const struct address_holder whose = holder(of), by = holder(id);
	struct address_taken ret;

	if (address_pool_share(f->directory, NETWORK, &whose, &by, &f->arena, &ret, &f->e) < 0)
		STOP("%s: %s\n", id, f->e.text);
	return ret;
}

static struct address_pool_entries list(struct fixture *f)
{
	struct address_pool_entries ret;

	assert_int_equal(address_pool_list(f->directory, NETWORK, &f->arena, &ret, &f->e), 0);
	return ret;
}

static void each_gets_one_of_both_families(void **state)
{
	struct fixture *f = *state;
	struct address_taken one = take(f, &both, "one"), two = take(f, &both, "two");

	/* neither the network nor the one that routers have */
	assert_int_equal(one.addresses.n, 2);
	assert_string_equal(one.addresses.v[0], "10.78.0.2");
	assert_string_equal(one.addresses.v[1], "fd78::2");
	assert_int_equal(one.index, 8192);
	assert_string_equal(two.addresses.v[0], "10.78.0.3");
	assert_string_equal(two.addresses.v[1], "fd78::3");
	assert_int_equal(two.index, 8193);
	/* again, as the same container asks again */
	assert_string_equal(get(f, &both, "one"), "10.78.0.2");
	assert_int_equal(asked, 0);
	assert_int_equal(list(f).n, 2);
}

static void a_pool_of_one_family_gives_that_one(void **state)
{
	struct fixture *f = *state;
	struct address_taken six = take(f, &(struct address_pool){ .v6 = "fd78:1::/48" }, "six");

	assert_int_equal(six.addresses.n, 1);
	assert_string_equal(six.addresses.v[0], "fd78:1::2");
	assert_string_equal(get(f, &(struct address_pool){ .v4 = "10.0.0.0/8" }, "four"),
			    "10.0.0.3");
}

/* A localhost of its own takes no more. */
static void without_a_pool_an_index_alone_is_given(void **state)
{
	struct fixture *f = *state;
	const struct address_pool none = { NULL, NULL }, pool = { "10.78.0.0/29", NULL };
	struct address_taken one = take(f, &none, "one"), two = take(f, &none, "two");

	assert_int_equal(one.addresses.n, 0);
	assert_int_not_equal(one.index, two.index);
	assert_int_not_equal(take(f, &pool, "three").index, one.index);
	assert_int_equal(take(f, &none, "one").index, one.index);
	leave(f, "one");
	assert_int_equal(list(f).n, 2);
}

static void the_same_container_gets_the_same_again(void **state)
{
	struct fixture *f = *state;
	struct address_holder elsewhere = { "/run/other", "one" };
	struct address_taken other;

	assert_string_equal(get(f, &both, "one"), "10.78.0.2");
	leave(f, "one");
	assert_int_equal(list(f).n, 0);
	assert_string_equal(get(f, &both, "two"), "10.78.0.3");
	/* of another root */
	assert_int_equal(address_pool_take(f->directory, NETWORK, &both, &elsewhere, lives,
					   &f->arena, &other, &f->e),
			 0);
	assert_string_equal(other.addresses.v[0], "10.78.0.4");
	assert_string_equal(get(f, &both, "one"), "10.78.0.2");
	assert_int_equal(asked, 0);
}

static void what_was_left_first_is_used_first_and_last_of_all(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(get(f, &small, "a"), "10.78.0.2");
	assert_string_equal(get(f, &small, "b"), "10.78.0.3");
	assert_string_equal(get(f, &small, "c"), "10.78.0.4");
	leave(f, "b");
	leave(f, "a");
	assert_string_equal(get(f, &small, "d"), "10.78.0.5");
	assert_string_equal(get(f, &small, "e"), "10.78.0.6");
	assert_string_equal(get(f, &small, "f"), "10.78.0.3");
	/* for whom it was kept */
	assert_string_equal(get(f, &small, "a"), "10.78.0.2");
	assert_int_equal(asked, 0);
}

static void a_full_pool_names_its_key_and_who_has_it(void **state)
{
	struct fixture *f = *state;
	struct address_taken ret;

	for (char id[] = "a"; id[0] <= 'e'; id[0]++)
		(void)get(f, &small, id);
	assert_int_equal(try(f, &small, "f", &ret), -1);
	assert_int_equal(f->e.kind, ERR_STATE);
	assert_string_equal(
		f->e.text,
		"no address of the network's pool 10.78.0.0/29 is free: containers 'a', 'b', 'c' and 2 more have them; end some, or give the key addressPool a larger network");
	assert_int_equal(asked, 5);
	/* an end makes room */
	leave(f, "d");
	assert_string_equal(get(f, &small, "f"), "10.78.0.5");
}

static void the_dead_lose_theirs_when_there_are_no_others(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(get(f, &small, "a"), "10.78.0.2");
	assert_string_equal(get(f, &small, "dead"), "10.78.0.3");
	assert_string_equal(get(f, &small, "b"), "10.78.0.4");
	(void)share(f, "b", "dead-too");
	dead = "dead";
	(void)get(f, &small, "c");
	(void)get(f, &small, "d");
	assert_int_equal(asked, 0);
	assert_int_equal(list(f).n, 5);
	assert_string_equal(get(f, &small, "e"), "10.78.0.3");
	assert_int_equal(list(f).n, 5);
	/* which it hears of as the end of nothing */
	leave(f, "dead");
	leave(f, "dead-too");
	assert_int_equal(list(f).n, 5);
	assert_string_equal(list(f).v[1].holders[0].id, "e");
}

static void a_pod_has_one_address(void **state)
{
	struct fixture *f = *state;
	struct address_taken pod = take(f, &both, "pod"), in = share(f, "pod", "in");
	struct address_holder of = holder("in"), by = holder("more");
	struct address_pool_entries entries;
	struct address_taken none;

	assert_string_equal(in.addresses.v[0], pod.addresses.v[0]);
	assert_int_equal(in.index, pod.index);
	(void)share(f, "in", "third");
	(void)share(f, "pod", "third");
	entries = list(f);
	assert_int_equal(entries.n, 1);
	assert_int_equal(entries.v[0].n_holders, 3);
	assert_string_equal(entries.v[0].holders[0].id, "pod");
	assert_string_equal(entries.v[0].holders[2].id, "third");
	/* in any order, and it is not free before */
	leave(f, "pod");
	leave(f, "third");
	entries = list(f);
	assert_int_equal(entries.v[0].n_holders, 1);
	assert_string_equal(entries.v[0].holders[0].id, "in");
	assert_string_equal(get(f, &both, "pod"), "10.78.0.3");
	leave(f, "pod");
	leave(f, "in");
	assert_int_equal(list(f).n, 0);
	assert_int_equal(
		address_pool_share(f->directory, NETWORK, &of, &by, &f->arena, &none, &f->e), -1);
	assert_int_equal(f->e.kind, ERR_STATE);
	assert_non_null(strstr(f->e.text, "'in'"));
	assert_int_equal(address_pool_share(f->directory, 99, &of, &by, &f->arena, &none, &f->e),
			 -1);
}

static void a_pod_that_was_killed_is_made_again(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(get(f, &both, "pod"), "10.78.0.2");
	(void)share(f, "pod", "dead");
	leave(f, "pod");
	dead = "dead";
	assert_string_equal(get(f, &both, "pod"), "10.78.0.2");
	assert_int_equal(asked, 1);
}

static void another_pool_gives_none_that_is_held(void **state)
{
	static const struct address_pool first = { .v4 = "10.78.1.0/24" },
					 around = { .v4 = "10.78.0.0/23" },
					 other = { .v4 = "10.78.0.8/29", .v6 = "fd78::/64" };
	struct fixture *f = *state;
	struct address_taken taken;

	assert_string_equal(get(f, &first, "old"), "10.78.1.2");
	assert_string_equal(get(f, &first, "gone"), "10.78.1.3");
	leave(f, "gone");
	assert_string_equal(get(f, &around, "new"), "10.78.0.4");
	/* what is not of this pool is not the own one */
	taken = take(f, &other, "new");
	assert_string_equal(taken.addresses.v[0], "10.78.0.13");
	assert_string_equal(taken.addresses.v[1], "fd78::5");
	leave(f, "new");
	assert_int_equal(list(f).n, 1);
	/* which are kept in mind all the same */
	assert_string_equal(get(f, &first, "gone"), "10.78.1.3");
}

/* One that has a localhost of its own and no address takes none from others. */
static void an_index_alone_is_no_address(void **state)
{
	static const struct address_pool none = { 0 };
	struct fixture *f = *state;
	struct address_taken alone[10], with;
	char id[] = "0";

	for (; id[0] <= '9'; id[0]++) {
		alone[id[0] - '0'] = take(f, &none, id);
		assert_int_equal(alone[id[0] - '0'].addresses.n, 0);
	}
	for (id[0] = 'a'; id[0] <= 'e'; id[0]++) {
		with = take(f, &small, id);
		assert_int_equal(with.addresses.n, 1);
		for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
			assert_int_not_equal(with.index, alone[i].index);
	}
	assert_int_equal(try(f, &small, "f", &with), -1);
	assert_non_null(strstr(f->e.text, "containers 'a', 'b', 'c' and 2 more"));
	/* an address that was left stays kept for its container */
	leave(f, "c");
	leave(f, "3");
	(void)take(f, &none, "x");
	assert_string_equal(get(f, &small, "c"), "10.78.0.4");
	assert_int_equal(take(f, &none, "3").index, alone[3].index);
}

static void there_are_no_more_than_there_are_indexes(void **state)
{
	static const struct address_pool none = { 0 }, wide = { .v4 = "10.0.0.0/8" };
	struct fixture *f = *state;
	struct strbuf text = { 0 };
	struct address_taken ret;

	(void)take(f, &none, "first");
	strbuf_puts(&text,
		    "{\"version\":1,\"network\":4660,\"next\":0,\"held\":[\"8192 - first /run\"");
	for (unsigned i = 1; i < ADDRESS_POOL_MAX; i++)
		strbuf_printf(&text, ",\"%u - c%u /run\"", ADDRESS_POOL_FIRST_INDEX + i, i);
	strbuf_puts(&text, "]}");
	files_put(&f->files, "addresses/0000000000001234/pool.json", strbuf_text(&text));
	strbuf_release(&text);
	assert_int_equal(try(f, &wide, "new", &ret), -1);
	assert_string_equal(
		f->e.text,
		"the network has 8192 containers with a localhost or addresses of their own already; end some, or give others another network");
	assert_int_equal(try(f, &none, "new", &ret), -1);
	dead = "c8000";
	assert_int_equal(take(f, &wide, "new").index, ADDRESS_POOL_FIRST_INDEX + 8000);
}

static void a_wide_pool_never_gives_what_is_held(void **state)
{
	static const struct address_pool inner = { .v4 = "10.78.0.0/29" },
					 outer = { .v4 = "10.78.0.0/28" };
	struct fixture *f = *state;

	for (char id[] = "a"; id[0] <= 'e'; id[0]++)
		(void)get(f, &inner, id);
	assert_string_equal(get(f, &outer, "f"), "10.78.0.7");
	assert_string_equal(get(f, &outer, "c"), "10.78.0.4");
}

static void what_a_killed_command_leaves_is_no_obstacle(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(get(f, &both, "one"), "10.78.0.2");
	files_put(&f->files, "addresses/0000000000001234/.pool.json", "{\"version\":1,\"net");
	assert_string_equal(get(f, &both, "two"), "10.78.0.3");
	/* between its directory and its record */
	files_make(&f->files, "addresses/0000000000000063");
	assert_int_equal(list(f).n, 2);
}

static void a_record_that_cannot_be_used_gives_nothing_out(void **state)
{
	static const char *const texts[] = {
		"",
		"{\"version\":1,\"network\":4660,\"next\":1,\"held\":[\"8192 10.78.0.2 one\"]}",
		"{\"version\":1,\"network\":4660,\"next\":1,\"held\":[\"x 10.78.0.2 one /run\"]}",
		"{\"version\":1,\"network\":4660,\"next\":1,\"held\":[\"8192 1,2,3 one /run\"]}",
		"{\"version\":1,\"network\":4660,\"next\":1,\"held\":[\"8192\"]}",
		"{\"version\":1,\"network\":4660,\"next\":1,\"shared\":[\"8192 one /run\"]}",
	};
	struct fixture *f = *state;
	struct address_taken ret;

	(void)get(f, &both, "one");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		files_put(&f->files, "addresses/0000000000001234/pool.json", texts[i]);
		assert_int_equal(try(f, &both, "two", &ret), -1);
		assert_non_null(strstr(f->e.text, "'0000000000001234'"));
	}
}

/* Names with blanks are those of directories alone. */
static void a_root_may_have_any_name(void **state)
{
	struct fixture *f = *state;
	const struct address_holder odd = { "/run/a b\n\"c ", "one" };
	struct address_taken one, again;

	assert_int_equal(address_pool_take(f->directory, NETWORK, &both, &odd, lives, &f->arena,
					   &one, &f->e),
			 0);
	(void)get(f, &both, "two");
	assert_int_equal(address_pool_take(f->directory, NETWORK, &both, &odd, lives, &f->arena,
					   &again, &f->e),
			 0);
	assert_string_equal(one.addresses.v[0], again.addresses.v[0]);
	assert_string_equal(list(f).v[0].holders[0].root, odd.root);
}

static void the_record_of_a_network_that_is_gone_goes(void **state)
{
	struct fixture *f = *state;
	const struct address_holder one = holder("one");
	struct address_taken ret;

	(void)get(f, &both, "one");
	/* held */
	assert_int_equal(
		address_pool_take(f->directory, 2, &both, &one, lives, &f->arena, &ret, &f->e), 0);
	assert_true(files_has(&f->files, "addresses/0000000000001234/pool.json"));
	leave(f, "one");
	/* of another pool */
	assert_int_equal(
		address_pool_take(f->directory, 3, &small, &one, lives, &f->arena, &ret, &f->e), 0);
	assert_true(files_has(&f->files, "addresses/0000000000001234/pool.json"));
	assert_int_equal(
		address_pool_take(f->directory, 4, &both, &one, lives, &f->arena, &ret, &f->e), 0);
	assert_false(files_has(&f->files, "addresses/0000000000001234"));
	assert_true(files_has(&f->files, "addresses/0000000000000002/pool.json"));
	assert_true(files_has(&f->files, "addresses/0000000000000003/pool.json"));
}

/* Commands of many containers at once, until they end or are killed. */
static void many_at_once(struct fixture *f, unsigned who, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		char id[32];

		snprintf(id, sizeof(id), "%u-%u", who, i % 7);
		(void)get(f, &both, id);
		if (i % 3 == 0)
			leave(f, id);
	}
}

static void whatever_is_killed_no_two_have_one_address(void **state)
{
	struct fixture *f = *state;

	for (unsigned round = 0; round < 8; round++) {
		struct address_pool_entries entries;
		pid_t children[4];

		for (unsigned i = 0; i < ARRAY_SIZE(children); i++) {
			children[i] = fork();
			if (children[i] == 0) {
				many_at_once(f, i, 40);
				_exit(0);
			}
			assert_true(children[i] > 0);
		}
		/* half of the rounds to their end */
		for (unsigned i = 0; i < ARRAY_SIZE(children); i++) {
			int status;

			if (round % 2 && i != 0)
				kill(children[i], SIGKILL);
			assert_int_equal(waitpid(children[i], &status, 0), children[i]);
			if (round % 2 == 0)
				assert_int_equal(status, 0);
		}
		entries = list(f);
		assert_true(entries.n > 0 && entries.n <= 28);
		for (size_t i = 0; i < entries.n; i++)
			for (size_t k = 0; k < i; k++) {
				assert_string_not_equal(entries.v[i].taken.addresses.v[0],
							entries.v[k].taken.addresses.v[0]);
				assert_string_not_equal(entries.v[i].holders[0].id,
							entries.v[k].holders[0].id);
				assert_int_not_equal(entries.v[i].taken.index,
						     entries.v[k].taken.index);
			}
	}
}

/* What is kept in mind of those that were there has an end. */
static void the_record_does_not_grow_for_ever(void **state)
{
	static const struct address_pool wide = { .v4 = "10.78.0.0/16" };
	struct fixture *f = *state;
	struct stat first, last;
	char id[32];

	for (unsigned i = 0; i < 700; i++) {
		snprintf(id, sizeof(id), "%08u", i);
		(void)get(f, &wide, id);
		leave(f, id);
		if (i == 300)
			assert_int_equal(
				stat(files_path(&f->files, "addresses/0000000000001234/pool.json"),
				     &first),
				0);
	}
	assert_int_equal(stat(files_path(&f->files, "addresses/0000000000001234/pool.json"), &last),
			 0);
	assert_in_range(last.st_size, first.st_size / 2, first.st_size * 3 / 2);
	/* one that was left is not used again before others, whether it is kept in mind or not */
	assert_string_equal(get(f, &wide, "new"), "10.78.2.190");
}

static void thousand_have_thousand(void **state)
{
	static const struct address_pool wide = { .v4 = "10.78.0.0/16", .v6 = "fd78::/64" };
	struct fixture *f = *state;
	struct address_pool_entries entries;
	char id[80];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "%064x", i);
		(void)take(f, &wide, id);
	}
	entries = list(f);
	assert_int_equal(entries.n, 1000);
	assert_string_equal(entries.v[999].taken.addresses.v[0], "10.78.3.233");
	assert_string_equal(entries.v[999].taken.addresses.v[1], "fd78::3e9");
	assert_int_equal(entries.v[999].taken.index, 8192 + 999);
	assert_int_equal(asked, 0);
}

static void localhost_has_a_place_for_each(void **state)
{
	struct address_loopback first = address_loopback(0), one = address_loopback(8192 + 300),
				last = address_loopback(ADDRESS_INDEXES - 1);
	struct cidr reserved, own;
	uint8_t bytes[16];

	(void)state;
	assert_int_equal(first.v4, inet_addr("127.64.0.0"));
	assert_int_equal(one.v4, inet_addr("127.97.44.0"));
	assert_int_equal(last.v4, inet_addr("127.127.255.0"));
	assert_string_equal(first.text6, "fd64:7368:696d::1");
	assert_string_equal(one.text6, "fd64:7368:696d:212c::1");
	assert_string_equal(last.text6, "fd64:7368:696d:3fff::1");
	assert_int_equal(inet_pton(AF_INET6, one.text6, bytes), 1);
	assert_memory_equal(bytes, one.v6, sizeof(bytes));
	assert_true(cidr_parse(CIDR_LOOPBACK6, &reserved) &&
		    cidr_parse("fd64:7368:696d:212c::1/128", &own));
	assert_true(cidr_overlaps(&reserved, &own));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(each_gets_one_of_both_families),
		TEST(a_pool_of_one_family_gives_that_one),
		TEST(without_a_pool_an_index_alone_is_given),
		TEST(the_same_container_gets_the_same_again),
		TEST(what_was_left_first_is_used_first_and_last_of_all),
		TEST(a_full_pool_names_its_key_and_who_has_it),
		TEST(the_dead_lose_theirs_when_there_are_no_others),
		TEST(a_pod_has_one_address),
		TEST(a_pod_that_was_killed_is_made_again),
		TEST(another_pool_gives_none_that_is_held),
		TEST(an_index_alone_is_no_address),
		TEST(there_are_no_more_than_there_are_indexes),
		TEST(a_wide_pool_never_gives_what_is_held),
		TEST(what_a_killed_command_leaves_is_no_obstacle),
		TEST(a_record_that_cannot_be_used_gives_nothing_out),
		TEST(a_root_may_have_any_name),
		TEST(the_record_of_a_network_that_is_gone_goes),
		TEST(whatever_is_killed_no_two_have_one_address),
		TEST(the_record_does_not_grow_for_ever),
		TEST(localhost_has_a_place_for_each),
		TEST(thousand_have_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

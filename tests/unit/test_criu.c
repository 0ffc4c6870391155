/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to criu, byte by byte; and what it might say, which must be an answer or an error whatever it
 * is. Needs no root.
 */
#include "base/auto.h"
#include "criu/criu.h"
#include "criu/wire.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES(text) text, sizeof(text) - 1

static void assert_bytes(const struct strbuf *found, const char *expected, size_t length)
{
	assert_int_equal(found->length, length);
	assert_memory_equal(strbuf_text(found), expected, length);
}

static void numbers_and_texts_are_written_as_the_format_has_them(void **state)
{
	(void)state;
	autostrbuf out = { 0 }, inner = { 0 };

	wire_put_number(&out, 1, 150); /* the example of "Encoding" */
	wire_put_text(&out, 2, "testing");
	wire_put_signed(&out, 3, -1);
	wire_put_number(&out, 2047, UINT64_MAX);
	wire_put_text(&inner, 1, "");
	wire_put_message(&out, 4, &inner);
	assert_bytes(&out, BYTES("\x08\x96\x01"
				 "\x12\x07testing"
				 "\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
				 "\xf8\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
				 "\x22\x02\x0a\x00"));
}

static void a_request_is_what_was_asked_for_and_nothing_more(void **state)
{
	(void)state;
	autostrbuf out = { 0 };
	struct criu_request request = { .type = CRIU_VERSION };

	criu_request_encode(&request, &out);
	assert_bytes(&out, BYTES("\x08\x0a"));
	strbuf_release(&out);
	out = (struct strbuf){ 0 };
	request = (struct criu_request){
		.type = CRIU_RESTORE,
		.images = 4,
		.work = -1,
		.log_file = "l",
		.rst_sibling = true,
		.n_descriptors = 1,
		.descriptors = { { .key = "k", .fd = 6 } },
	};
	criu_request_encode(&request, &out);
	assert_bytes(&out, BYTES("\x08\x02\x12\x12"
				 "\x08\x04" /* images */
				 "\x48\x04" /* log level */
				 "\x52\x01l"
				 "\xd0\x01\x01" /* as siblings */
				 "\xda\x01\x05\x0a\x01k\x10\x06"));
	strbuf_release(&out);
	out = (struct strbuf){ 0 };
	criu_notified_encode(true, &out);
	assert_bytes(&out, BYTES("\x08\x06\x18\x01"));
}

static const char notification[] = "\x08\x06\x10\x01\x2a\x0a\x0a\x05hello\x10\xd2\x09";

static void an_answer_is_understood(void **state)
{
	(void)state;
	struct criu_answer answer;
	struct err e;

	assert_int_equal(criu_answer_decode(BYTES(notification), &answer, &e), 0);
	assert_int_equal(answer.type, CRIU_NOTIFY);
	assert_true(answer.success);
	assert_string_equal(answer.script, "hello");
	assert_int_equal(answer.pid, 1234);
	assert_int_equal(
		criu_answer_decode(BYTES("\x08\x0a\x10\x01\x52\x06\x08\x03\x10\x11\x20\x01"),
				   &answer, &e),
		0);
	assert_int_equal(answer.version, 31701);
	/* fields that a later version may have */
	assert_int_equal(criu_answer_decode(BYTES("\x08\x02\x10\x00\x38\x0d\xf8\x7f\x01\xf9\x7f"
						  "12345678\xfd\x7f"
						  "1234"),
					    &answer, &e),
			 0);
	assert_false(answer.success);
	assert_int_equal(answer.error, 13);
}

static void a_text_of_any_length_is_cut_to_what_fits(void **state)
{
	(void)state;
	struct criu_answer answer;
	struct err e;

	for (size_t length = 0; length < 600; length++) {
		autostrbuf out = { 0 }, text = { 0 }, inner = { 0 };
		for (size_t i = 0; i < length; i++)
			strbuf_putc(&text, 'x');
		wire_put_number(&out, 1, CRIU_NOTIFY);
		wire_put_text(&inner, 1, strbuf_text(&text));
		wire_put_message(&out, 5, &inner);
		wire_put_text(&out, 9, strbuf_text(&text));
		assert_int_equal(criu_answer_decode(out.text, out.length, &answer, &e), 0);
		assert_int_equal(strlen(answer.script), length < sizeof(answer.script)
								? length
								: sizeof(answer.script) - 1);
		assert_int_equal(strlen(answer.message), length < sizeof(answer.message)
								 ? length
								 : sizeof(answer.message) - 1);
	}
}

static void what_is_not_an_answer_is_an_error(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t length;
	} rows[] = {
		{ BYTES("") },
		{ BYTES("\x10\x01") },                                         /* no type */
		{ BYTES("\x08") },                                             /* no value */
		{ BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") }, /* too long a number */
		{ BYTES("\x08\x06\x2a\x05") }, /* more than there is */
		{ BYTES("\x08\x06\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
		{ BYTES("\x08\x06\x2a\x02\x0a\x7f") }, /* in a message in it */
		{ BYTES("\x08\x06\x0b") },             /* groups, which no version has any more */
		{ BYTES("\x08\x06\x0f") },
		{ BYTES("\x08\x06\x00\x01") },                     /* field 0 */
		{ BYTES("\x08\x06\xf8\xff\xff\xff\xff\x01\x01") }, /* a field above all numbers */
		{ BYTES("\x08\x06\xf9\x7f"
			"1234567") },
		{ BYTES("\xff\xff\xff") },
	};
	struct criu_answer answer;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(criu_answer_decode(rows[i].bytes, rows[i].length, &answer, &e),
				 -1);
		assert_int_equal(e.kind, ERR_SYSTEM);
	}
}

/* In memory of exactly its size, so that a sanitizer sees what is read behind it. */
static void any_bytes_are_an_answer_or_an_error(void **state)
{
	(void)state;
	struct criu_answer answer;
	struct err e;

	srand(1);
	for (unsigned i = 0; i < 50000; i++) {
		size_t length = (size_t)rand() % 40;
		autofree char *bytes = xmalloc(length + 1);
		for (size_t k = 0; k < length; k++)
			bytes[k] = (char)(k < sizeof(notification) && rand() % 8 ? notification[k]
										 : rand());
		autofree char *exact = length ? xrealloc(take_ptr(&bytes), length) : NULL;
		(void)!criu_answer_decode(exact ? exact : "", length, &answer, &e);
	}
}

/* A process that holds the other end of the line and does nothing. */
static pid_t start_holder(int theirs)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (fcntl(theirs, F_GETFD) >= 0)
			pause();
		_exit(0);
	}
	return pid;
}

static void its_end_is_the_end_of_every_wait(void **state)
{
	(void)state;
	autochild criu = CHILD_INIT;
	struct criu_answer answer;
	struct err e;
	int pair[2], status;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid_t holder = start_holder(pair[1]);
	assert_true(holder > 0);
	int rc = child_clone(0, -1, &criu, &e);
	if (rc == 0) {
		(void)!send(pair[1], BYTES(notification), 0);
		_exit(0);
	}
	assert_int_equal(rc, 1);
	assert_true(pidfd_ended(criu.pidfd, 10000));
	const struct peer peer = { .name = "criu", .pid = criu.pid, .pidfd = criu.pidfd };
	/* what it has said is heard; then it is gone, also if another process holds its socket */
	assert_int_equal(criu_receive(pair[0], &peer, &answer, NULL, &e), 1);
	assert_int_equal(criu_receive(pair[0], &peer, &answer, NULL, &e), 0);
	kill(holder, SIGKILL);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_texts_are_written_as_the_format_has_them),
		cmocka_unit_test(a_request_is_what_was_asked_for_and_nothing_more),
		cmocka_unit_test(an_answer_is_understood),
		cmocka_unit_test(a_text_of_any_length_is_cut_to_what_fits),
		cmocka_unit_test(what_is_not_an_answer_is_an_error),
		cmocka_unit_test(any_bytes_are_an_answer_or_an_error),
		cmocka_unit_test(its_end_is_the_end_of_every_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

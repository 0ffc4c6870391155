/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the command line share: one that is parsed.
 */
#ifndef TESTS_UNIT_PARSED_H
#define TESTS_UNIT_PARSED_H

#include "base/auto.h"
#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct parsed {
	struct arena arena;
	struct cli_call call;
	struct err error;
	int rc;
};

static inline void parsed_release(struct parsed *p)
{
	arena_release(&p->arena);
}

#define autoparsed __attribute__((cleanup(parsed_release))) struct parsed

static inline void parse(struct parsed *p, char *const *argv)
{
	memset(p, 0, sizeof(*p));
	p->rc = cli_parse(argv, &p->arena, &p->call, &p->error);
}

#define PARSE(p, ...) parse((p), (char *[]){ (char[]){ "distro-shim" }, __VA_ARGS__, NULL })
/* A word of argv, which is not const. */
#define W(text) ((char[]){ text })

#endif

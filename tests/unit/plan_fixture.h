/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of plan/ share: a plan made of a few members of a config, on a host that is written
 * down here. Single quotes stand for double ones, so that JSON can be read in C.
 */
#ifndef TESTS_PLAN_FIXTURE_H
#define TESTS_PLAN_FIXTURE_H

#include "base/auto.h"
#include "plan/make.h"
#include "plan/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#define MOUNT_NS "'namespaces':[{'type':'mount'}]"
#define NAMESPACES(others) "'namespaces':[{'type':'mount'}," others "]"

/* Memory controllers and pids in v2; all capabilities; paths of every kind that a config may name. */
#define HOST_FACTS                                                                                 \
	"{'uid':0,'effective':2199023255551,'bounding':2199023255551,'lastCap':40,"                \
	"'rootfs':'/bundle/rootfs',"                                                               \
	"'network':{'path':'/run/netns/distros','type':'network','cookie':4242,'owned':true},"     \
	"'requested':["                                                                            \
	"{'path':'/ns/ipc','type':'ipc','inode':1},{'path':'/ns/pid','type':'pid','inode':2},"     \
	"{'path':'/ns/user','type':'user','inode':3},{'path':'/ns/mnt','type':'mount','inode':4}," \
	"{'path':'/ns/net','type':'network','inode':5,'cookie':77},"                               \
	"{'path':'/ns/uts','type':'uts','inode':6},{'path':'/ns/time','type':'time','inode':7},"   \
	"{'path':'/ns/cgroup','type':'cgroup','inode':8},"                                         \
	"{'path':'/host/uts','type':'uts','inode':9,'isHost':true},"                               \
	"{'path':'/host/net','type':'network','inode':10,'isSelf':true},"                          \
	"{'path':'/ns/fifo','problem':'is a FIFO, not a namespace file'}],"                        \
	"'cgroup':{'layout':'v2','hierarchies':[{'v2':true,'controllers':['memory','pids'],"       \
	"'mountPoint':'/sys/fs/cgroup','ownPath':'/'}]}}"

struct fixture {
	struct arena arena;
	struct facts *facts;
	struct verdict verdict;
	struct plan_options options;
	struct plan *plan;
	struct err e;
};

static inline char *fixture_json(struct fixture *f, const char *text)
{
	char *json = arena_strdup(&f->arena, text);

	for (char *p = json; *p; p++) {
		if (*p == '\'')
			*p = '"';
	}
	return json;
}

static inline void fixture_facts(struct fixture *f, const char *text)
{
	char *json = fixture_json(f, text);

	f->facts = arena_new(&f->arena, struct facts);
	if (fields_decode_text(&facts_fields, "facts", json, strlen(json), &f->arena, f->facts,
			       &f->e) < 0)
		fail_msg("%s", f->e.text);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	fixture_facts(f, HOST_FACTS);
	f->verdict.path = PATH_CREATE;
	f->verdict.network.join = NETWORK_NONE;
	f->options = (struct plan_options){ .id = "web", .bundle = "/bundle" };
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->arena);
	test_free(f);
	return 0;
}

/* The result of plan_make(); `top` and `linux_` are members of the config's object and of "linux". */
static inline int fixture_try(struct fixture *f, const char *top, const char *linux_)
{
	char *json =
		fixture_json(f, arena_printf(&f->arena,
					     "{'ociVersion':'1.3.0','root':{'path':'rootfs'}%s%s,"
					     "'linux':{%s}}",
					     *top ? "," : "", top, linux_));

	f->plan = NULL;
	f->e = (struct err){ 0 };
	if (spec_decode_text(json, strlen(json), "config.json", &f->arena, &f->verdict.spec,
			     &f->e) < 0)
		fail_msg("%s\n%s", f->e.text, json);
	return plan_make(&f->verdict, f->facts, &f->options, &f->arena, &f->plan, &f->e);
}

static inline struct plan *fixture_plan(struct fixture *f, const char *top, const char *linux_)
{
	if (fixture_try(f, top, linux_) < 0)
		fail_msg("%s", f->e.text);
	return f->plan;
}

/* It is refused with this text, and nothing is returned. */
static inline void fixture_refused(struct fixture *f, const char *top, const char *linux_,
				   const char *text)
{
	if (fixture_try(f, top, linux_) >= 0)
		fail_msg("not refused: %s", text);
	assert_int_equal(f->e.kind, ERR_CONFIG);
	assert_string_equal(f->e.text, text);
	assert_null(f->plan);
}

/* A plan with these mounts and a mount namespace. */
static inline struct plan *fixture_mounts(struct fixture *f, const char *mounts)
{
	return fixture_plan(f, arena_printf(&f->arena, "'mounts':[%s]", mounts), MOUNT_NS);
}

static inline void fixture_mounts_refused(struct fixture *f, const char *mounts, const char *text)
{
	fixture_refused(f, arena_printf(&f->arena, "'mounts':[%s]", mounts), MOUNT_NS, text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif

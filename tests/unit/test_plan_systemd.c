/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's unit of systemd: names out of linux.cgroupsPath, limits as properties, annotations in
 * GVariant's text format. Needs no root and no systemd.
 */
#include "plan_fixture.h"

#include "plan/systemd.h"

#define ALL_CONTROLLERS                                                                   \
	"{'lastCap':40,'cgroup':{'layout':'v2','hierarchies':[{'v2':true,'controllers':[" \
	"'memory','cpu','cpuset','pids','io'],'mountPoint':'/u'}]}}"

/* "type value value" or "!error" */
static const char *parsed(struct fixture *f, const char *text)
{
	struct plan_property property = { 0 };
	autostrbuf out = { 0 };

	if (plan_gvariant(text, &f->arena, &property, &f->e) < 0)
		return arena_printf(&f->arena, "!%s", f->e.text);
	strbuf_puts(&out, property.type);
	for (size_t i = 0; i < property.values.n; i++)
		strbuf_printf(&out, " %s", property.values.v[i]);
	return arena_strdup(&f->arena, strbuf_text(&out));
}

static void refused_with(struct fixture *f, const char *top, const char *linux_, const char *part)
{
	if (fixture_try(f, top, linux_) >= 0)
		fail_msg("not refused: %s", part);
	assert_int_equal(f->e.kind, ERR_CONFIG);
	if (!strstr(f->e.text, part))
		fail_msg("'%s' is not in: %s", part, f->e.text);
}

static void gvariant_texts_become_values(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{ "15", "i 15" },
		{ "-15", "i -15" },
		{ "0x1F", "i 31" },
		{ " uint64 18446744073709551615 ", "t 18446744073709551615" },
		{ "@t 5", "t 5" },
		{ "byte 255", "y 255" },
		{ "int64 -9223372036854775808", "x -9223372036854775808" },
		{ "true", "b true" },
		{ "boolean false", "b false" },
		{ "1.5", "d 1.5" },
		{ "double 2", "d 2" },
		{ "'a b'", "s a b" },
		{ "\"it's\"", "s it's" },
		{ "'a\\'b\\\\'", "s a'b\\" },
		{ "objectpath '/a'", "o /a" },
		{ "['a', 'b']", "as a b" },
		{ "[1,2]", "ai 1 2" },
		{ "[uint64 1, 2]", "at 1 2" },
		{ "@as []", "as" },
		{ "@ay [1, 255]", "ay 1 255" },
	};
	static const char *const bad[] = {
		"",      "abc",        "'a",       "[1",        "[1,'a']",         "[]",
		"1 2",   "2147483648", "byte 256", "uint64 -1", "@(ss) ('a','b')", "{'a': 1}",
		"@as 5", "@s 5",       "'a\\q'",   "0x",        "1.2.3",           "uint32 tr",
		"<5>",   "[['a']]",    "nothing",  "--5",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(parsed(f, rows[i].text), rows[i].wanted);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (parsed(f, bad[i])[0] != '!')
			fail_msg("'%s' was taken as %s", bad[i], parsed(f, bad[i]));
}

static void assert_place(struct fixture *f, const char *path, const char *unit, const char *place)
{
	f->options.systemd_cgroup = true;
	fixture_plan(f, "", arena_printf(&f->arena, MOUNT_NS ",'cgroupsPath':'%s'", path));
	assert_string_equal(f->plan->cgroup.scope->unit, unit);
	assert_string_equal(f->plan->cgroup.path, place);
}

static void names_of_units_and_slices(void **state)
{
	struct fixture *f = *state;

	assert_place(f, "system.slice:pre:name", "pre-name.scope", "/system.slice/pre-name.scope");
	assert_place(f, "::name", "name.scope", "/system.slice/name.scope");
	assert_place(f, "a-b-c.slice:p:n", "p-n.scope", "/a.slice/a-b.slice/a-b-c.slice/p-n.scope");
	assert_place(f, "-.slice:p:n", "p-n.scope", "/p-n.scope");
	assert_place(f, ":p:n.scope", "p-n.scope", "/system.slice/p-n.scope");
	assert_place(f, ":p:a+b", "p-a\\x2bb.scope", "/system.slice/p-a\\x2bb.scope");
}

static void places_that_are_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "/system.slice/x", "takes 'SLICE:PREFIX:NAME', not '/system.slice/x'" },
		{ "a:b", "takes 'SLICE:PREFIX:NAME'" },
		{ "a:b:c:d", "takes 'SLICE:PREFIX:NAME'" },
		{ "a.slice:b:c/d", "takes 'SLICE:PREFIX:NAME'" },
		{ "system:p:n", "does not end in '.slice'" },
		{ ".slice:p:n", "does not end in '.slice'" },
		{ "a--b.slice:p:n", "a part between two '-' is empty" },
		{ "-a.slice:p:n", "a part between two '-' is empty" },
		{ "a-.slice:p:n", "a part between two '-' is empty" },
		{ "a b.slice:p:n", "a character is not allowed" },
		{ "a.slice:p:", "has no name" },
		{ "a.slice:p:x.slice", "is a slice, which holds no processes" },
	};
	struct fixture *f = *state;

	f->options.systemd_cgroup = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused_with(f, "",
			     arena_printf(&f->arena, MOUNT_NS ",'cgroupsPath':'%s'", rows[i][0]),
			     rows[i][1]);
}

/* "NAME=TYPE VALUE..." of a property; NULL where there is none. The last one counts. */
static const char *property(struct fixture *f, const char *name)
{
	const struct plan_properties *properties = &f->plan->cgroup.scope->properties;
	const char *found = NULL;

	for (size_t i = 0; i < properties->n; i++) {
		autostrbuf out = { 0 };
		if (!str_eq(properties->v[i].name, name))
			continue;
		strbuf_puts(&out, properties->v[i].type);
		for (size_t k = 0; k < properties->v[i].values.n; k++)
			strbuf_printf(&out, " %s", properties->v[i].values.v[k]);
		found = arena_strdup(&f->arena, strbuf_text(&out));
	}
	return found;
}

static void limits_become_properties(void **state)
{
	static const struct {
		const char *resources, *name, *wanted;
	} rows[] = {
		{ "", "TasksMax", "t 18446744073709551615" },
		{ "'pids':{'limit':7}", "TasksMax", "t 7" },
		{ "'pids':{'limit':-1}", "TasksMax", "t 18446744073709551615" },
		{ "'memory':{'limit':9}", "MemoryMax", "t 9" },
		{ "'memory':{'limit':-1}", "MemoryMax", "t 18446744073709551615" },
		{ "'memory':{'limit':9,'swap':12}", "MemorySwapMax", "t 3" },
		{ "'memory':{'reservation':5}", "MemoryLow", "t 5" },
		{ "'cpu':{'shares':1024}", "CPUWeight", "t 100" },
		/* up to the next hundredth of a CPU: systemd cuts off the rest */
		{ "'cpu':{'quota':33333,'period':100000}", "CPUQuotaPerSecUSec", "t 340000" },
		{ "'cpu':{'quota':50000,'period':20000}", "CPUQuotaPerSecUSec", "t 2500000" },
		{ "'cpu':{'quota':50000,'period':20000}", "CPUQuotaPeriodUSec", "t 20000" },
		{ "'cpu':{'quota':-1}", "CPUQuotaPerSecUSec", "t 18446744073709551615" },
		{ "'cpu':{'cpus':'0-2,9'}", "AllowedCPUs", "ay 7 2" },
		{ "'cpu':{'mems':'1'}", "AllowedMemoryNodes", "ay 2" },
		{ "'unified':{'memory.high':'77'}", "MemoryHigh", "t 77" },
	};
	struct fixture *f = *state;

	fixture_facts(f, ALL_CONTROLLERS);
	f->options.systemd_cgroup = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *found;
		fixture_plan(
			f, "",
			arena_printf(&f->arena, MOUNT_NS ",'resources':{%s}", rows[i].resources));
		found = property(f, rows[i].name);
		if (!str_eq(found, rows[i].wanted))
			fail_msg("%s: %s is '%s', not '%s'", rows[i].resources, rows[i].name,
				 found ? found : "not there", rows[i].wanted);
	}
}

static void annotations_are_properties(void **state)
{
	static const char *const rows[][2] = {
		{ "PIDs':'[1]", "it makes the unit the container's" },
		{ "Slice':'\\\"x.slice\\\"", "it makes the unit the container's" },
		{ "Delegate':'false", "it makes the unit the container's" },
		{ "':'1", "does not name a property" },
		{ "a.b':'1", "does not name a property" },
		{ "KillSignal':'SIGTERM", "org.systemd.property.KillSignal: \"SIGTERM\" is not" },
		{ "TimeoutStopSec':'-1", "is not a number of seconds" },
		{ "TimeoutStopSec':'true", "is not a number of seconds" },
	};
	struct fixture *f = *state;

	f->options.systemd_cgroup = true;
	fixture_plan(f,
		     "'annotations':{'org.systemd.property.TimeoutStopSec':'1.25',"
		     "'org.systemd.property.KillSignal':'15',"
		     "'org.systemd.property.TimeoutStopUSec':'uint64 3'}",
		     MOUNT_NS);
	assert_string_equal(property(f, "KillSignal"), "i 15");
	assert_string_equal(property(f, "TimeoutStopUSec"), "t 3");
	assert_null(property(f, "TimeoutStopSec"));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused_with(f,
			     arena_printf(&f->arena, "'annotations':{'org.systemd.property.%s'}",
					  rows[i][0]),
			     MOUNT_NS, rows[i][1]);
	/* without the systemd manager they mean nothing */
	f->options.systemd_cgroup = false;
	fixture_plan(f, "'annotations':{'org.systemd.property.PIDs':'[1]'}", MOUNT_NS);
	assert_null(f->plan->cgroup.scope);
}

static void a_cgroup_inside_of_the_units(void **state)
{
	static const char *const bad[] = { ".", "..", "a/b", "/a", "a\\u0001" };
	struct fixture *f = *state;

	f->options.systemd_cgroup = true;
	fixture_plan(f, "'annotations':{'run.oci.systemd.subgroup':'inner'}", MOUNT_NS);
	assert_string_equal(f->plan->cgroup.path, "/system.slice/distro-shim-web.scope/inner");
	fixture_plan(f, "'annotations':{'run.oci.systemd.subgroup':''}", MOUNT_NS);
	assert_string_equal(f->plan->cgroup.path, "/system.slice/distro-shim-web.scope");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refused_with(f,
			     arena_printf(&f->arena,
					  "'annotations':{'run.oci.systemd.subgroup':'%s'}",
					  bad[i]),
			     MOUNT_NS, "run.oci.systemd.subgroup: not the name of one cgroup");
	f->options.systemd_cgroup = false;
	fixture_plan(f, "'annotations':{'run.oci.systemd.subgroup':'inner'}", MOUNT_NS);
	assert_string_equal(f->plan->cgroup.path, "/distro-shim/web");
}

static void a_cgroup_that_is_the_containers(void **state)
{
	static const char *const rows[][2] = {
		{ "..", "\"..\" is not allowed" },
		{ "a/../b", "\"..\" is not allowed" },
		{ "a\\nb", "has a control character" },
		{ "/", "not a path of 1 to 16 cgroups" },
		{ "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", "not a path of 1 to 16 cgroups" },
	};
	struct fixture *f = *state;

	fixture_plan(f, "'annotations':{'run.oci.delegate-cgroup':'/own//deep/'}", MOUNT_NS);
	assert_string_equal(f->plan->cgroup.delegated, "own/deep");
	fixture_plan(f, "'annotations':{'run.oci.delegate-cgroup':''}", MOUNT_NS);
	assert_null(f->plan->cgroup.delegated);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused_with(f,
			     arena_printf(&f->arena,
					  "'annotations':{'run.oci.delegate-cgroup':'%s'}",
					  rows[i][0]),
			     MOUNT_NS, rows[i][1]);
	f->options.cgroup_disabled = true;
	refused_with(f, "'annotations':{'run.oci.delegate-cgroup':'own'}", MOUNT_NS,
		     "run.oci.delegate-cgroup: the cgroup manager is disabled");
	f->options.cgroup_disabled = false;
	f->facts->cgroup->layout = CGROUP_HYBRID;
	refused_with(f, "'annotations':{'run.oci.delegate-cgroup':'own'}", MOUNT_NS,
		     "version 1 cannot be delegated");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gvariant_texts_become_values),    TEST(names_of_units_and_slices),
		TEST(places_that_are_refused),         TEST(limits_become_properties),
		TEST(annotations_are_properties),      TEST(a_cgroup_inside_of_the_units),
		TEST(a_cgroup_that_is_the_containers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

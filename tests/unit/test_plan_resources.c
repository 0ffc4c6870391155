/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources as writes, in the form of each version of cgroups, and what becomes of them by an update.
 * Controllers that a machine for tests need not have are shown here. Needs no root.
 */
#include "plan_fixture.h"

#include "plan/resources.h"

#define RESOURCES(members) MOUNT_NS ",'resources':{" members "}"
#define EVERY_V1 \
	"'devices','memory','cpu','cpuset','pids','blkio','hugetlb','net_cls','net_prio','rdma'"
#define V1_FACTS                                                                         \
	"{'lastCap':40,'cgroup':{'layout':'v1','hierarchies':[{'controllers':[" EVERY_V1 \
	"],'mountPoint':'/m'}]}}"
#define V2_FACTS                                                                          \
	"{'lastCap':40,'cgroup':{'layout':'v2','hierarchies':[{'v2':true,'controllers':[" \
	"'memory','cpu','cpuset','pids','io','hugetlb','rdma','misc'],'mountPoint':'/u'}]}}"
#define NO_CONTROLLER_FACTS \
	"{'lastCap':40,'cgroup':{'layout':'v2','hierarchies':[{'v2':true,'mountPoint':'/u'}]}}"

/* --- the writes as one text: "file=value;..." --- */

static const char *written(struct fixture *f, const struct plan_cgroup *cgroup, bool devices)
{
	autostrbuf text = { 0 };

	for (size_t i = 0; i < cgroup->writes.n; i++) {
		const struct plan_cgroup_write *write = &cgroup->writes.v[i];
		if (str_eq(write->controller, "devices") != devices)
			continue;
		strbuf_printf(&text, "%s=%s", write->file, write->value);
		if (write->other_file)
			strbuf_printf(&text, "|%s=%s", write->other_file, write->other_value);
		strbuf_putc(&text, ';');
	}
	return arena_strdup(&f->arena, strbuf_text(&text));
}

struct row {
	const char *members, *v1, *v2; /* beginning with '!': the error */
};

static void assert_row(struct fixture *f, const char *members, const char *expected)
{
	const char *config = arena_printf(&f->arena, RESOURCES("%s"), members);

	if (*expected == '!')
		fixture_refused(f, "", config, expected + 1);
	else
		assert_string_equal(written(f, &fixture_plan(f, "", config)->cgroup, false),
				    expected);
}

static void assert_rows(struct fixture *f, size_t n, const struct row *rows)
{
	for (size_t i = 0; i < n; i++) {
		fixture_facts(f, V1_FACTS);
		assert_row(f, rows[i].members, rows[i].v1);
		fixture_facts(f, V2_FACTS);
		assert_row(f, rows[i].members, rows[i].v2);
	}
}

#define NO_SUCH(field, version) "!linux.resources." field ": cgroup " version " has no such setting"

static void memory_limits_become_writes(void **state)
{
	static const struct row rows[] = {
		{ "'memory':{'limit':9,'swap':12,'reservation':5}",
		  "memory.limit_in_bytes=9;memory.memsw.limit_in_bytes=12;"
		  "memory.soft_limit_in_bytes=5;",
		  "memory.max=9;memory.swap.max=3;memory.low=5;" },
		{ "'memory':{'limit':9,'swap':-1}",
		  "memory.limit_in_bytes=9;memory.memsw.limit_in_bytes=-1;",
		  "memory.max=9;memory.swap.max=max;" },
		{ "'memory':{'limit':9,'swap':9}",
		  "memory.limit_in_bytes=9;memory.memsw.limit_in_bytes=9;",
		  "memory.max=9;memory.swap.max=0;" },
		{ "'memory':{'kernel':7}", "memory.kmem.limit_in_bytes=7;",
		  NO_SUCH("memory.kernel", "v2") },
		{ "'memory':{'kernel':0,'kernelTCP':-1}", "memory.kmem.tcp.limit_in_bytes=-1;",
		  "" },
		{ "'memory':{'kernelTCP':7}", "memory.kmem.tcp.limit_in_bytes=7;",
		  NO_SUCH("memory.kernelTCP", "v2") },
		{ "'memory':{'swappiness':0}", "memory.swappiness=0;",
		  NO_SUCH("memory.swappiness", "v2") },
		{ "'memory':{'swappiness':18446744073709551615}", "", "" },
		{ "'memory':{'disableOOMKiller':true}", "memory.oom_control=1;",
		  NO_SUCH("memory.disableOOMKiller", "v2") },
		{ "'memory':{'disableOOMKiller':false,'useHierarchy':true}",
		  "memory.use_hierarchy=1;", "" },
		{ "'memory':{'useHierarchy':false}", "memory.use_hierarchy=0;",
		  NO_SUCH("memory.useHierarchy", "v2") },
	};
	struct fixture *f = *state;
	struct plan *plan;

	assert_rows(f, ARRAY_SIZE(rows), rows);
	plan = fixture_plan(f, "", RESOURCES("'memory':{'limit':9,'checkBeforeUpdate':true}"));
	assert_int_equal(plan->cgroup.memory_check, 9);
	plan = fixture_plan(f, "", RESOURCES("'memory':{'limit':9}"));
	assert_int_equal(plan->cgroup.memory_check, 0);
}

static void cpu_limits_become_writes(void **state)
{
	static const struct row rows[] = {
		{ "'cpu':{'shares':0,'quota':0,'period':0,'cpus':'','mems':''}", "", "" },
		{ "'cpu':{'shares':1024}", "cpu.shares=1024;", "cpu.weight=100;" },
		{ "'cpu':{'shares':1024,'idle':1}", "cpu.idle=1;", "cpu.idle=1;" },
		{ "'cpu':{'shares':512,'idle':0}", "cpu.shares=512;", "cpu.weight=59;" },
		{ "'cpu':{'quota':5000}", "cpu.cfs_quota_us=5000;", "cpu.max=5000 100000;" },
		{ "'cpu':{'quota':-1,'period':50000}",
		  "cpu.cfs_period_us=50000;cpu.cfs_quota_us=-1;", "cpu.max=max 50000;" },
		{ "'cpu':{'period':50000}", "cpu.cfs_period_us=50000;", "cpu.max=max 50000;" },
		{ "'cpu':{'quota':5000,'period':50000,'burst':1000}",
		  "cpu.cfs_period_us=50000;cpu.cfs_quota_us=5000;cpu.cfs_burst_us=1000;",
		  "cpu.max=5000 50000;cpu.max.burst=1000;" },
		{ "'cpu':{'burst':0}", "", "" },
		{ "'cpu':{'cpus':'0-1','mems':'0'}", "cpuset.cpus=0-1;cpuset.mems=0;",
		  "cpuset.cpus=0-1;cpuset.mems=0;" },
		{ "'cpu':{'realtimePeriod':9,'realtimeRuntime':5}",
		  "cpu.rt_period_us=9;cpu.rt_runtime_us=5;", NO_SUCH("cpu.realtimePeriod", "v2") },
		{ "'cpu':{'realtimeRuntime':5}", "cpu.rt_runtime_us=5;",
		  NO_SUCH("cpu.realtimeRuntime", "v2") },
	};

	assert_rows(*state, ARRAY_SIZE(rows), rows);
}

/* The values that runc 1.3 and crun 1.22 give. */
static void shares_become_weights_by_the_curve(void **state)
{
	static const unsigned rows[][2] = {
		{ 0, 1 },       { 2, 1 },          { 3, 2 },          { 100, 17 },
		{ 512, 59 },    { 1024, 100 },     { 1025, 101 },     { 2048, 174 },
		{ 10000, 627 }, { 262143, 10000 }, { 262144, 10000 },
	};
	unsigned last = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(plan_cpu_weight(rows[i][0]), rows[i][1]);
	for (unsigned shares = 2; shares < 300000; shares += 37) {
		unsigned weight = plan_cpu_weight(shares);
		assert_true(weight >= last && weight >= 1 && weight <= 10000);
		last = weight;
	}
}

static void limits_of_pids_and_huge_pages_become_writes(void **state)
{
	static const struct row rows[] = {
		{ "'pids':{'limit':0}", "pids.max=0;", "pids.max=0;" },
		{ "'pids':{'limit':-1}", "pids.max=max;", "pids.max=max;" },
		{ "'hugepageLimits':[{'pageSize':'2MB','limit':4}]",
		  "hugetlb.2MB.limit_in_bytes=4;hugetlb.2MB.rsvd.limit_in_bytes=4;",
		  "hugetlb.2MB.max=4;hugetlb.2MB.rsvd.max=4;" },
	};

	assert_rows(*state, ARRAY_SIZE(rows), rows);
}

static void limits_of_block_devices_become_writes(void **state)
{
	static const struct row rows[] = {
		{ "'blockIO':{'weight':0}", "", "" },
		{ "'blockIO':{'weight':10}", "blkio.weight=10|blkio.bfq.weight=10;",
		  "io.bfq.weight=10|io.weight=1;" },
		{ "'blockIO':{'weight':1000}", "blkio.weight=1000|blkio.bfq.weight=1000;",
		  "io.bfq.weight=1000|io.weight=10000;" },
		{ "'blockIO':{'leafWeight':10}", "blkio.leaf_weight=10;",
		  NO_SUCH("blockIO.leafWeight", "v2") },
		{ "'blockIO':{'weightDevice':[{'major':8,'minor':0,'weight':100}]}",
		  "blkio.weight_device=8:0 100|blkio.bfq.weight_device=8:0 100;",
		  "io.bfq.weight=8:0 100|io.weight=8:0 910;" },
		{ "'blockIO':{'weightDevice':[{'major':8,'minor':0,'leafWeight':100}]}",
		  "blkio.leaf_weight_device=8:0 100;", NO_SUCH("blockIO.weightDevice[0]", "v2") },
		{ "'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':5},"
		  "{'major':8,'minor':16,'rate':0}],"
		  "'throttleWriteBpsDevice':[{'major':8,'minor':0,'rate':6}],"
		  "'throttleReadIOPSDevice':[{'major':8,'minor':0,'rate':7}],"
		  "'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':8}]}",
		  "blkio.throttle.read_bps_device=8:0 5;blkio.throttle.read_bps_device=8:16 0;"
		  "blkio.throttle.write_bps_device=8:0 6;blkio.throttle.read_iops_device=8:0 7;"
		  "blkio.throttle.write_iops_device=8:0 8;",
		  "io.max=8:0 rbps=5;io.max=8:16 rbps=max;io.max=8:0 wbps=6;io.max=8:0 riops=7;"
		  "io.max=8:0 wiops=8;" },
	};

	assert_rows(*state, ARRAY_SIZE(rows), rows);
}

static void limits_of_network_and_rdma_become_writes(void **state)
{
	static const struct row rows[] = {
		{ "'network':{'classID':0}", "", "" },
		{ "'network':{'classID':1048577}", "net_cls.classid=1048577;",
		  "!linux.resources.network.classID: the cgroup controller 'net_cls' is not "
		  "available to write net_cls.classid" },
		{ "'network':{'priorities':[{'name':'lo','priority':5}]}",
		  "net_prio.ifpriomap=lo 5;",
		  "!linux.resources.network.priorities: the cgroup controller 'net_prio' is not "
		  "available to write net_prio.ifpriomap" },
		{ "'rdma':{'mlx':{'hcaHandles':3,'hcaObjects':4}}",
		  "rdma.max=mlx hca_handle=3 hca_object=4;",
		  "rdma.max=mlx hca_handle=3 hca_object=4;" },
	};

	assert_rows(*state, ARRAY_SIZE(rows), rows);
}

static void unified_is_written_last_and_needs_v2(void **state)
{
	static const struct row rows[] = {
		{ "'memory':{'limit':5},'unified':{'memory.max':'7'}",
		  "!linux.resources.unified.memory.max: needs cgroup v2",
		  "memory.max=5;memory.max=7;" },
		{ "'unified':{'io.max':'8:0 rbps=1\\n8:16 rbps=2\\n'}",
		  "!linux.resources.unified.io.max: needs cgroup v2",
		  "io.max=8:0 rbps=1;io.max=8:16 rbps=2;" },
		{ "'unified':{'misc.max':'x 1','cgroup.max.depth':'3'}",
		  "!linux.resources.unified.misc.max: needs cgroup v2",
		  "misc.max=x 1;cgroup.max.depth=3;" },
		{ "'unified':{'net.x':'1'}", "!linux.resources.unified.net.x: needs cgroup v2",
		  "!linux.resources.unified.net.x: the cgroup controller 'net' is not available on "
		  "cgroup v2" },
		{ "'unified':{'cgroup.procs':'1'}",
		  "!linux.resources.unified.cgroup.procs: is not a limit",
		  "!linux.resources.unified.cgroup.procs: is not a limit" },
		{ "'unified':{'memory':'1'}",
		  "!linux.resources.unified.memory: is not the name of a controller's file",
		  "!linux.resources.unified.memory: is not the name of a controller's file" },
	};

	assert_rows(*state, ARRAY_SIZE(rows), rows);
}

static void what_asks_for_nothing_needs_no_controller(void **state)
{
	struct fixture *f = *state;

	fixture_facts(f, NO_CONTROLLER_FACTS);
	assert_row(f,
		   "'memory':{'limit':-1,'swap':-1,'reservation':-1,'disableOOMKiller':false},"
		   "'cpu':{'quota':0,'shares':0},'pids':{'limit':-1},'blockIO':{'weight':0}",
		   "");
	assert_row(f, "'cpu':{'shares':2}",
		   "!linux.resources.cpu.shares: the cgroup controller 'cpu' is not available to "
		   "write cpu.shares");
	f->options.cgroup_disabled = true;
	assert_int_equal(fixture_try(f, "", RESOURCES("'unified':{'memory.max':'1'}")), -1);
	assert_string_equal(f->e.text, "linux.resources.unified.memory.max: cannot be applied: the "
				       "cgroup manager is disabled");
}

/* --- devices --- */

#define DEFAULTS_V1                                                                \
	"devices.allow=c *:* m;devices.allow=b *:* m;devices.allow=c 1:3 rwm;"     \
	"devices.allow=c 1:5 rwm;devices.allow=c 1:7 rwm;devices.allow=c 1:8 rwm;" \
	"devices.allow=c 1:9 rwm;devices.allow=c 5:0 rwm;devices.allow=c 5:1 rwm;" \
	"devices.allow=c 5:2 rwm;devices.allow=c 136:* rwm;devices.allow=c 10:200 rwm;"

static void assert_v1_devices(struct fixture *f, const char *rules, const char *expected)
{
	const char *config = arena_printf(&f->arena, RESOURCES("'devices':[%s]"), rules);

	if (*expected == '!')
		fixture_refused(f, "", config, expected + 1);
	else
		assert_string_equal(written(f, &fixture_plan(f, "", config)->cgroup, true),
				    expected);
}

static void devices_on_v1_become_lines(void **state)
{
	struct fixture *f = *state;
	struct plan *plan;

	fixture_facts(f, V1_FACTS);
	assert_v1_devices(f, "", "devices.deny=a;" DEFAULTS_V1);
	assert_v1_devices(f, "{'allow':true,'type':'c','major':7},{'allow':false}",
			  "devices.deny=a;" DEFAULTS_V1);
	assert_v1_devices(f, "{'allow':false,'access':'rwm'},{'allow':true}", "devices.allow=a;");
	/* as it was asked for: 'm' for all is an exception of its own */
	assert_v1_devices(
		f, "{'allow':false},{'allow':true,'type':'c','major':10,'minor':229,'access':'r'}",
		"devices.deny=a;devices.allow=c 10:229 r;" DEFAULTS_V1);
	/* both types, because 'a' is everything to the kernel */
	assert_v1_devices(
		f, "{'allow':true,'major':99,'access':'w'}",
		"devices.deny=a;devices.allow=b 99:* w;devices.allow=c 99:* w;" DEFAULTS_V1);
	/* a later rule ends what an earlier one gave */
	assert_v1_devices(f,
			  "{'allow':true,'type':'b','major':8,'minor':1},"
			  "{'allow':false,'type':'b','major':8,'access':'rw'}",
			  "devices.deny=a;devices.allow=b 8:1 m;" DEFAULTS_V1);
	assert_v1_devices(f,
			  "{'allow':true,'type':'b','major':8},"
			  "{'allow':false,'type':'b','major':8,'minor':1}",
			  "!linux.resources.devices[0]: cgroup v1 cannot express it: a later rule "
			  "denies a part of what allows it for");
	plan = f->plan = fixture_plan(f, "", RESOURCES("'devices':[{'allow':false}]"));
	assert_false(plan->cgroup.devices.by_program);
}

static void devices_on_v2_become_rules(void **state)
{
	struct fixture *f = *state;
	const struct plan_device_rules *rules;

	fixture_facts(f, V2_FACTS);
	rules = &fixture_plan(f, "", MOUNT_NS)->cgroup.devices;
	assert_true(rules->by_program);
	assert_false(rules->others);
	assert_int_equal(rules->n, 12);
	rules = &fixture_plan(f, "",
			      RESOURCES("'devices':[{'allow':true,'type':'c','major':7},"
					"{'allow':false},{'allow':true,'type':'b','major':8,"
					"'minor':3,'access':'rw'}]"))
			 ->cgroup.devices;
	assert_int_equal(rules->n, 13);
	assert_int_equal(rules->v[0].type, 'b');
	assert_int_equal(rules->v[0].major, 8);
	assert_int_equal(rules->v[0].access, DEVICE_READ | DEVICE_WRITE);
	assert_true(rules->v[12].is_default);
	/* everything: nothing is left to say */
	rules = &fixture_plan(f, "", RESOURCES("'devices':[{'allow':false},{'allow':true}]"))
			 ->cgroup.devices;
	assert_true(rules->by_program && rules->others);
	assert_int_equal(rules->n, 0);
	/* but for one: the default devices stay usable whatever it says */
	rules = &fixture_plan(f, "",
			      RESOURCES("'devices':[{'allow':true},"
					"{'allow':false,'type':'c','major':1}]"))
			 ->cgroup.devices;
	assert_true(rules->others);
	assert_int_equal(rules->n, 13);
}

static void devices_that_cannot_be_are_refused(void **state)
{
	struct fixture *f = *state;

	fixture_refused(f, "", RESOURCES("'devices':[{'allow':true,'major':4096}]"),
			"linux.resources.devices[0].major: must be from -1 to 4095");
	fixture_refused(f, "", RESOURCES("'devices':[{'allow':true,'minor':1048576}]"),
			"linux.resources.devices[0].minor: must be from -1 to 1048575");
	fixture_facts(f, "{'lastCap':40,'cgroup':{'layout':'v1','hierarchies':["
			 "{'controllers':['pids'],'mountPoint':'/p'}]}}");
	fixture_refused(f, "", RESOURCES("'devices':[{'allow':false}]"),
			"linux.resources.devices: the cgroup controller 'devices' is not "
			"available");
	assert_int_equal(fixture_plan(f, "", MOUNT_NS)->cgroup.writes.n, 0);
	f->options.cgroup_disabled = true;
	assert_int_equal(fixture_plan(f, "", RESOURCES("'devices':[{'allow':false}]"))->warnings.n,
			 1);
}

/* --- delegation --- */

#define MAPPED(namespaces)                                            \
	"'namespaces':[{'type':'mount'},{'type':'user'}" namespaces   \
	"],'uidMappings':[{'containerID':0,'hostID':1000,'size':9}]," \
	"'gidMappings':[{'containerID':0,'hostID':2000,'size':9}]"
#define CGROUP_MOUNT(options) \
	"'mounts':[{'destination':'/sys/fs/cgroup','type':'cgroup','options':[" options "]}]"

#define PROCESS_OF(uid, gid) \
	"'process':{'cwd':'/','args':['a'],'user':{'uid':" #uid ",'gid':" #gid "}}"

static void the_group_is_given_to_the_user_of_the_container(void **state)
{
	struct fixture *f = *state;
	const struct plan_cgroup *cgroup;

	fixture_facts(f, V2_FACTS);
	cgroup = &fixture_plan(f, CGROUP_MOUNT("'rw'"), MAPPED(",{'type':'cgroup'}"))->cgroup;
	assert_true(cgroup->delegate);
	assert_int_equal(cgroup->delegate_uid, 1000);
	assert_int_equal(cgroup->delegate_gid, 2000);
	cgroup = &fixture_plan(f, CGROUP_MOUNT("'rw'") "," PROCESS_OF(5, 6),
			       MAPPED(",{'type':'cgroup'}"))
			  ->cgroup;
	assert_true(cgroup->delegate);
	assert_int_equal(cgroup->delegate_uid, 1005);
	assert_int_equal(cgroup->delegate_gid, 2006);
	cgroup = &fixture_plan(f, CGROUP_MOUNT("'rw'") "," PROCESS_OF(5, 6),
			       NAMESPACES("{'type':'cgroup'}"))
			  ->cgroup;
	assert_true(cgroup->delegate);
	assert_int_equal(cgroup->delegate_uid, 5);
	assert_int_equal(cgroup->delegate_gid, 6);
	assert_false(fixture_plan(f, CGROUP_MOUNT("'ro'"), MAPPED(",{'type':'cgroup'}"))
			     ->cgroup.delegate);
	assert_false(fixture_plan(f, CGROUP_MOUNT("'rw'"), MAPPED(""))->cgroup.delegate);
	assert_false(fixture_plan(f, "'mounts':[]", MAPPED(",{'type':'cgroup'}"))->cgroup.delegate);
	assert_false(fixture_plan(f, CGROUP_MOUNT("'rw'"), NAMESPACES("{'type':'cgroup'}"))
			     ->cgroup.delegate);
	fixture_facts(f, V1_FACTS);
	assert_false(fixture_plan(f, CGROUP_MOUNT("'rw'"), MAPPED(",{'type':'cgroup'}"))
			     ->cgroup.delegate);
}

/* --- update --- */

static struct spec_resources *resources(struct fixture *f, const char *text)
{
	struct spec_resources *r = arena_new(&f->arena, struct spec_resources);
	char *json = fixture_json(f, text);

	if (fields_decode_text(&spec_resources_fields, "resources", json, strlen(json), &f->arena,
			       r, &f->e) < 0)
		fail_msg("%s", f->e.text);
	return r;
}

static const char *merged(struct fixture *f, const char *now, const char *asked)
{
	struct spec_resources to;
	size_t length;
	char *text;

	plan_resources_merge(resources(f, now), resources(f, asked), &f->arena, &to);
	assert_int_equal(fields_encode_text(&spec_resources_fields, &to, false, &f->arena, &text,
					    &length, &f->e),
			 0);
	for (char *p = text; *p; p++)
		if (*p == '"')
			*p = '\'';
	return text;
}

static void an_update_leaves_what_it_does_not_name(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(
		merged(f, "{'memory':{'limit':5},'pids':{'limit':3}}", "{'cpu':{'shares':9}}"),
		"{'memory':{'limit':5},'cpu':{'shares':9},'pids':{'limit':3}}");
	/* as Docker sends it */
	assert_string_equal(
		merged(f,
		       "{'memory':{'limit':5,'reservation':2,'swap':8},'cpu':{'shares':9,"
		       "'quota':7,'cpus':'0'},'blockIO':{'weight':10}}",
		       "{'memory':{'limit':6,'reservation':0,'swap':0,'kernel':0},"
		       "'cpu':{'shares':0,'quota':0,'period':0,'cpus':''},'blockIO':{'weight':0}}"),
		"{'memory':{'limit':6,'reservation':2,'swap':8},'cpu':{'shares':9,'quota':7,"
		"'cpus':'0'},'blockIO':{'weight':10}}");
	assert_string_equal(merged(f, "{'memory':{'limit':5,'swap':8}}", "{'memory':{'limit':-1}}"),
			    "{'memory':{'limit':-1,'swap':-1}}");
	assert_string_equal(
		merged(f, "{'cpu':{'burst':5,'idle':1}}", "{'cpu':{'burst':0,'idle':0}}"),
		"{'cpu':{'burst':0,'idle':0}}");
	assert_string_equal(merged(f, "{'memory':{'limit':5,'checkBeforeUpdate':false}}",
				   "{'memory':{'checkBeforeUpdate':true,'swappiness':7,"
				   "'disableOOMKiller':true,'useHierarchy':true}}"),
			    "{'memory':{'limit':5,'swappiness':7,'disableOOMKiller':true,"
			    "'useHierarchy':true,'checkBeforeUpdate':true}}");
	assert_string_equal(
		merged(f, "{'devices':[{'allow':false}],'unified':{'a.b':'1','c.d':'2'}}",
		       "{'devices':[{'allow':true}],'unified':{'c.d':'3','e.f':'4'}}"),
		"{'devices':[{'allow':false}],'unified':{'a.b':'1','c.d':'3','e.f':'4'}}");
	assert_string_equal(
		merged(f, "{'hugepageLimits':[{'pageSize':'2MB','limit':1}]}",
		       "{'hugepageLimits':[{'pageSize':'1GB','limit':2},"
		       "{'pageSize':'2MB','limit':3}]}"),
		"{'hugepageLimits':[{'pageSize':'2MB','limit':3},{'pageSize':'1GB','limit':2}]}");
}

static const char *updated(struct fixture *f, const char *now, const char *asked)
{
	struct plan_cgroup cgroup = { 0 };
	struct spec_resources effective;
	struct resources_request request = { .asked = resources(f, asked),
					     .effective = &effective,
					     .update = true,
					     .prefix = "",
					     .facts = f->facts->cgroup };

	plan_resources_merge(resources(f, now), request.asked, &f->arena, &effective);
	if (plan_resources(&request, &f->arena, &cgroup, &f->e) < 0)
		return f->e.text;
	return written(f, &cgroup, false);
}

static void what_belongs_together_is_completed_from_what_holds(void **state)
{
	struct fixture *f = *state;

	fixture_facts(f, V2_FACTS);
	assert_string_equal(updated(f, "{'cpu':{'quota':7000}}", "{'cpu':{'period':50000}}"),
			    "cpu.max=7000 50000;");
	assert_string_equal(updated(f, "{'cpu':{'period':50000}}", "{'cpu':{'quota':7000}}"),
			    "cpu.max=7000 50000;");
	assert_string_equal(updated(f, "{'memory':{'limit':5,'swap':8}}", "{'memory':{'limit':6}}"),
			    "memory.max=6;memory.swap.max=2;");
	assert_string_equal(updated(f, "{'memory':{'limit':5}}", "{'memory':{'swap':9}}"),
			    "memory.swap.max=4;");
	assert_string_equal(updated(f, "{}", "{'memory':{'swap':9}}"),
			    "memory.swap: needs memory.limit");
	assert_string_equal(updated(f, "{'memory':{'limit':5,'swap':8}}", "{'memory':{'limit':9}}"),
			    "memory.swap: must not be less than memory.limit, it includes that");
	assert_string_equal(updated(f, "{'cpu':{'burst':9,'idle':1}}",
				    "{'cpu':{'burst':0,'idle':0,'shares':1024}}"),
			    "cpu.idle=0;cpu.weight=100;cpu.max.burst=0;");
	fixture_facts(f, V1_FACTS);
	assert_string_equal(updated(f, "{'memory':{'limit':5,'swap':8}}",
				    "{'memory':{'limit':-1,'disableOOMKiller':false}}"),
			    "memory.limit_in_bytes=-1;memory.memsw.limit_in_bytes=-1;"
			    "memory.oom_control=0;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_limits_become_writes),
		TEST(cpu_limits_become_writes),
		cmocka_unit_test(shares_become_weights_by_the_curve),
		TEST(limits_of_pids_and_huge_pages_become_writes),
		TEST(limits_of_block_devices_become_writes),
		TEST(limits_of_network_and_rdma_become_writes),
		TEST(unified_is_written_last_and_needs_v2),
		TEST(what_asks_for_nothing_needs_no_controller),
		TEST(devices_on_v1_become_lines),
		TEST(devices_on_v2_become_rules),
		TEST(devices_that_cannot_be_are_refused),
		TEST(the_group_is_given_to_the_user_of_the_container),
		TEST(an_update_leaves_what_it_does_not_name),
		TEST(what_belongs_together_is_completed_from_what_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

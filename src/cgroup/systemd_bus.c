/* SPDX-License-Identifier: Apache-2.0 */
/* See systemd_bus.h. Runs in the runtime, which is connected for one command only. */
#include "cgroup/systemd_bus.h"

#include "base/auto.h"
#include "cgroup/tree.h"
#include "os/clock.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/caller.h"
#include "sys/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

/* A loaded machine answers late; an engine that waits for us has no deadline of its own. */
#define CALL_MS 30000
#define JOB_MS 30000
/* To be let in takes no work. */
#define CONNECT_MS 10000

static const char destination[] = "org.freedesktop.systemd1";
static const char object[] = "/org/freedesktop/systemd1";
static const char interface[] = "org.freedesktop.systemd1.Manager";

/* --- the connection --- */

/* Without flushing, which waits for a peer that does not answer: what was sent was answered, or is given up. */
static void disconnect(struct systemd_bus *bus)
{
	if (!bus->connection)
		return;
	bus->library->bus_close(bus->connection);
	bus->connection = bus->library->bus_unref(bus->connection);
}

void systemd_bus_release(struct systemd_bus *bus)
{
	int saved = errno;

	disconnect(bus);
	free(bus->awaited);
	*bus = (struct systemd_bus)SYSTEMD_BUS_INIT;
	errno = saved;
}

/* D-Bus specification, "Server Addresses". */
static void add_escaped(struct strbuf *address, const char *path)
{
	for (; *path; path++) {
		char c = *path;
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    strchr("-_/.", c))
			strbuf_putc(address, c);
		else
			strbuf_printf(address, "%%%02x", (unsigned char)c);
	}
}

/* Engines run some commands with next to no environment. */
static void user_address(struct strbuf *ret)
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *directory = getenv("XDG_RUNTIME_DIR");

	if (!str_empty(address)) {
		strbuf_puts(ret, address);
		return;
	}
	strbuf_puts(ret, "unix:path=");
	if (!str_empty(directory))
		add_escaped(ret, directory);
	else
		strbuf_printf(ret, "/run/user/%u", (unsigned)caller_outer_uid());
	strbuf_puts(ret, "/bus");
}

static int job_removed(struct sd_bus_message *message, void *context, struct systemd_error *error)
{
	struct systemd_bus *bus = context;
	const struct systemd_library *library = bus->library;
	const char *job, *unit, *result;
	uint32_t number;

	(void)error;
	if (library->bus_message_read_basic(message, 'u', &number) <= 0 ||
	    library->bus_message_read_basic(message, 'o', &job) <= 0 ||
	    library->bus_message_read_basic(message, 's', &unit) <= 0 ||
	    library->bus_message_read_basic(message, 's', &result) <= 0)
		return 0;
	if (!str_eq(job, bus->awaited))
		return 0;
	bus->ended = true;
	snprintf(bus->result, sizeof(bus->result), "%s", result);
	return 0;
}

/* 0, or -errno. Else the first call would wait for it, for as long as the library likes. */
static int wait_until_ready(const struct systemd_bus *bus)
{
	const struct systemd_library *library = bus->library;
	int64_t deadline = clock_ms() + CONNECT_MS;
	int rc;

	while ((rc = library->bus_is_ready(bus->connection)) == 0) {
		int64_t left = deadline - clock_ms();
		rc = library->bus_process(bus->connection, NULL);
		if (left <= 0)
			return -ETIMEDOUT;
		if (rc == 0)
			rc = library->bus_wait(bus->connection, (uint64_t)left * 1000);
		if (rc < 0 && rc != -EINTR)
			return rc;
	}
	return rc < 0 ? rc : 0;
}

/* Daemon or systemd itself, which listens for root in case the daemon does not run. */
static int connect_to(struct systemd_bus *bus, const char *address, bool daemon)
{
	const struct systemd_library *library = bus->library;
	int rc = library->bus_new(&bus->connection);

	if (rc >= 0)
		rc = library->bus_set_address(bus->connection, address);
	if (rc >= 0)
		rc = library->bus_set_bus_client(bus->connection, daemon);
	if (rc >= 0)
		rc = library->bus_start(bus->connection);
	if (rc >= 0)
		rc = wait_until_ready(bus);
	bus->daemon = daemon;
	if (rc >= 0)
		return 0;
	disconnect(bus);
	errno = -rc;
	return -1;
}

int systemd_bus_open(bool user, struct systemd_bus *ret, struct err *e)
{
	static const char system_bus[] = "unix:path=/run/dbus/system_bus_socket";
	static const char private_bus[] = "unix:path=/run/systemd/private";
	autostrbuf address = { 0 };
	struct stat st;

	*ret = (struct systemd_bus)SYSTEMD_BUS_INIT;
	/* sd_booted(3) */
	if (!user && lstat("/run/systemd/system", &st) < 0)
		return fail(
			e, ERR_CONFIG,
			"the systemd cgroup manager cannot be used: systemd does not run here (/run/systemd/system is missing)");
	if (systemd_library(&ret->library, e) < 0)
		return -1;
	if (user)
		user_address(&address);
	else
		strbuf_puts(&address, system_bus);
	if (connect_to(ret, strbuf_text(&address), true) == 0)
		return 0;
	if (!user && connect_to(ret, private_bus, false) == 0)
		return 0;
	fail_sys(e, "the systemd cgroup manager cannot be used: connect to systemd at '%s'",
		 strbuf_text(&address));
	e->kind = ERR_CONFIG;
	return -1;
}

/* --- calls --- */

void systemd_call_release(struct systemd_call *call)
{
	const struct systemd_library *library = call->bus ? call->bus->library : NULL;

	if (!library)
		return;
	library->bus_message_unref(call->message);
	library->bus_message_unref(call->reply);
	library->bus_error_free(&call->error);
}

/* The first failure counts; what follows it does nothing. */
static void keep(struct systemd_call *call, int code)
{
	if (call->code >= 0)
		call->code = code;
}

static void append(struct systemd_call *call, char type, const void *value)
{
	if (call->code >= 0)
		keep(call,
		     call->bus->library->bus_message_append_basic(call->message, type, value));
}

static void open_container(struct systemd_call *call, char type, const char *contents)
{
	if (call->code >= 0)
		keep(call,
		     call->bus->library->bus_message_open_container(call->message, type, contents));
}

static void close_container(struct systemd_call *call)
{
	if (call->code >= 0)
		keep(call, call->bus->library->bus_message_close_container(call->message));
}

static void start_call(struct systemd_bus *bus, const char *path, const char *of,
		       const char *method, struct systemd_call *ret)
{
	*ret = (struct systemd_call){ .bus = bus, .method = method };
	ret->code = bus->library->bus_message_new_method_call(bus->connection, &ret->message,
							      destination, path, of, method);
}

void systemd_call_start(struct systemd_bus *bus, const char *method, struct systemd_call *ret)
{
	start_call(bus, object, interface, method, ret);
}

void systemd_call_text(struct systemd_call *call, const char *text)
{
	append(call, 's', text);
}

void systemd_call_number(struct systemd_call *call, int32_t number)
{
	append(call, 'i', &number);
}

void systemd_call_flag(struct systemd_call *call, bool flag)
{
	int value = flag;

	append(call, 'b', &value);
}

/* Texts of the plan, which has checked them, as what D-Bus takes for the type. */
static void append_value(struct systemd_call *call, char type, const char *text)
{
	union {
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		int b;
	} value = { .t = 0 };
	uint64_t number = 0;
	int64_t negative = 0;

	if (strchr("sog", type)) {
		append(call, type, text);
		return;
	}
	if (type == 'b')
		value.b = str_eq(text, "true");
	else if (type == 'd')
		value.d = strtod(text, NULL);
	else if (parse_i64(text, &negative))
		number = (uint64_t)negative;
	else if (!parse_u64(text, &number))
		keep(call, -EINVAL);
	switch (type) {
	case 'y':
		value.y = (uint8_t)number;
		break;
	case 'n':
	case 'q':
		value.q = (uint16_t)number;
		break;
	case 'i':
	case 'u':
		value.u = (uint32_t)number;
		break;
	case 'x':
	case 't':
		value.t = number;
		break;
	default:
		break;
	}
	append(call, type, &value);
}

static void append_values(struct systemd_call *call, const struct plan_property *property)
{
	const char *type = property->type + 1;
	bool pairs = type[0] == '(';
	char contents[3] = { type[pairs], pairs ? type[2] : '\0' };

	open_container(call, 'a', type);
	for (size_t i = 0; i < property->values.n; i += pairs ? 2 : 1) {
		if (pairs)
			open_container(call, 'r', contents);
		append_value(call, contents[0], property->values.v[i]);
		if (!pairs)
			continue;
		append_value(call, contents[1], property->values.v[i + 1]);
		close_container(call);
	}
	close_container(call);
}

static void append_property(struct systemd_call *call, const struct plan_property *property)
{
	open_container(call, 'r', "sv");
	append(call, 's', property->name);
	open_container(call, 'v', property->type);
	if (property->type[0] == 'a')
		append_values(call, property);
	else
		append_value(call, property->type[0], property->values.v[0]);
	close_container(call);
	close_container(call);
}

void systemd_call_properties(struct systemd_call *call, const struct plan_properties *properties,
			     const bool *left_out, pid_t pid)
{
	char number[16], *values[] = { number };
	struct plan_property pids = { .name = "PIDs", .type = "au", .values = { 1, values } };

	open_container(call, 'a', "(sv)");
	for (size_t i = 0; i < properties->n; i++)
		if (!left_out || !left_out[i])
			append_property(call, &properties->v[i]);
	if (pid > 0) {
		snprintf(number, sizeof(number), "%d", (int)pid);
		append_property(call, &pids);
	}
	close_container(call);
}

void systemd_call_no_units(struct systemd_call *call)
{
	open_container(call, 'a', "(sa(sv))");
	close_container(call);
}

int systemd_call_send(struct systemd_call *call, struct err *e)
{
	const struct systemd_library *library = call->bus->library;
	int rc = call->code;

	if (rc >= 0)
		rc = library->bus_call(call->bus->connection, call->message,
				       (uint64_t)CALL_MS * 1000, &call->error, &call->reply);
	if (rc >= 0)
		return 0;
	if (call->error.message)
		return fail(e, ERR_SYSTEM, "systemd: %s: %s", call->method, call->error.message);
	return fail_errno(e, -rc, "systemd: %s", call->method);
}

static int wait_for_job(struct systemd_bus *bus, const char *method, struct err *e)
{
	const struct systemd_library *library = bus->library;
	int64_t deadline = clock_ms() + JOB_MS;

	while (!bus->ended) {
		int64_t left = deadline - clock_ms();
		int rc = library->bus_process(bus->connection, NULL);
		if (bus->ended)
			break;
		/* also if others say one thing after the other */
		if (rc >= 0 && left <= 0)
			return fail(e, ERR_SYSTEM, "systemd: %s: not done after %d ms", method,
				    JOB_MS);
		if (rc == 0)
			rc = library->bus_wait(bus->connection, (uint64_t)left * 1000);
		if (rc < 0 && rc != -EINTR)
			return fail_errno(e, -rc, "systemd: %s: wait for its end", method);
	}
	if (str_eq(bus->result, "done"))
		return 0;
	return fail(e, ERR_SYSTEM, "systemd: %s: its job has ended as '%s'", method, bus->result);
}

/* Before the call: the end of a job is told to those who listen then. On a bus any peer can send it. */
static int listen_for_jobs(struct systemd_bus *bus, struct err *e)
{
	static const char match[] = "type='signal',path='/org/freedesktop/systemd1',"
				    "interface='org.freedesktop.systemd1.Manager',"
				    "member='JobRemoved'";
	static const char sender[] = ",sender='org.freedesktop.systemd1'";
	autostrbuf text = { 0 };
	int rc;

	if (bus->listens)
		return 0;
	strbuf_printf(&text, "%s%s", match, bus->daemon ? sender : "");
	rc = bus->library->bus_add_match(bus->connection, NULL, strbuf_text(&text), job_removed,
					 bus);
	if (rc < 0)
		return fail_errno(e, -rc, "systemd: listen for the end of jobs");
	bus->listens = true;
	return 0;
}

int systemd_call_send_job(struct systemd_call *call, struct err *e)
{
	struct systemd_bus *bus = call->bus;
	const char *job;
	int rc;

	if (listen_for_jobs(bus, e) < 0 || systemd_call_send(call, e) < 0)
		return -1;
	rc = bus->library->bus_message_read_basic(call->reply, 'o', &job);
	if (rc <= 0)
		return fail_errno(e, -rc, "systemd: %s: an answer without a job", call->method);
	free(bus->awaited);
	bus->awaited = xstrdup(job);
	bus->ended = false;
	return wait_for_job(bus, call->method, e);
}

bool systemd_call_failed_with(const struct systemd_call *call, const char *name)
{
	const char *error = call->error.name;

	return error && str_has_prefix(error, destination) && error[strlen(destination)] == '.' &&
	       str_eq(error + strlen(destination) + 1, name);
}

int systemd_unit_text(struct systemd_bus *bus, const char *unit, const char *property,
		      struct arena *arena, const char **ret, struct err *e)
{
	const struct systemd_library *library = bus->library;
	autocall find = { .bus = NULL };
	autocall get = { .bus = NULL };
	const char *path, *text;
	int rc;

	systemd_call_start(bus, "GetUnit", &find);
	systemd_call_text(&find, unit);
	if (systemd_call_send(&find, e) < 0) {
		if (systemd_call_failed_with(&find, "NoSuchUnit"))
			e->kind = ERR_NOT_FOUND;
		return -1;
	}
	rc = library->bus_message_read_basic(find.reply, 'o', &path);
	if (rc <= 0)
		return fail_errno(e, -rc, "systemd: GetUnit: an answer without a unit");
	start_call(bus, path, "org.freedesktop.DBus.Properties", "Get", &get);
	systemd_call_text(&get, "org.freedesktop.systemd1.Unit");
	systemd_call_text(&get, property);
	if (systemd_call_send(&get, e) < 0)
		return -1;
	rc = library->bus_message_enter_container(get.reply, 'v', "s");
	if (rc > 0)
		rc = library->bus_message_read_basic(get.reply, 's', &text);
	if (rc <= 0)
		return fail_errno(e, -rc, "systemd: '%s' of unit '%s' is not text", property, unit);
	*ret = arena_strdup(arena, text);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations by which crun runs something else than a process of the host's kernel: a virtual machine
 * (libkrun), a module of WebAssembly, a program of .NET. Nothing here does that, and to run the program
 * anyway would give it another kind of isolation than was asked for, or none that it can work in. Pure.
 */
#include "plan/context.h"

#include "base/auto.h"

/* The pod's own container is always a usual process, whatever the others are. */
static bool is_sandbox(const struct spec *spec)
{
	return str_eq(annotation_get(&spec->annotations, ANNOTATION_CONTAINER_TYPE), "sandbox");
}

static bool runs_module(const struct spec *spec)
{
	const char *program =
		spec->process && spec->process->args.n ? spec->process->args.v[0] : "";

	return str_has_suffix(program, ".wasm") || str_has_suffix(program, ".wat");
}

static int refuse(enum annotation which, const char *value, struct err *e)
{
	autostrbuf shown = { 0 };

	strbuf_quote(&shown, value, 48);
	return fail(
		e, ERR_CONFIG,
		"annotation %s: %s is not supported; only processes of the host's kernel are, not virtual machines or modules of WebAssembly",
		annotation_name(which), strbuf_text(&shown));
}

int plan_handler(struct plan_context *c, struct err *e)
{
	const struct strmap *annotations = &c->spec->annotations;
	const char *handler = annotation_get(annotations, ANNOTATION_HANDLER);
	const char *variant = annotation_get(annotations, ANNOTATION_WASM);
	/* The smart ones let what is not a module run as usual: the companions in a pod of one. */
	bool smart = str_eq(handler, "wasm-smart") && !runs_module(c->spec);

	if (!str_empty(annotation_get(annotations, ANNOTATION_PIDFD)))
		c->plan->pidfd_socket = annotation_get(annotations, ANNOTATION_PIDFD);
	if (is_sandbox(c->spec))
		return 0;
	if (!str_empty(handler))
		return smart ? 0 : refuse(ANNOTATION_HANDLER, handler, e);
	if (str_eq(variant, "compat") || (str_eq(variant, "compat-smart") && runs_module(c->spec)))
		return refuse(ANNOTATION_WASM, variant, e);
	return 0;
}

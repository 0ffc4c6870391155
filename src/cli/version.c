/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --version prints. Engines read the lines by their beginnings ("commit: ", "spec: "), so each
 * fact has a line of its own.
 */
#include "cli/cli.h"

#if __has_include("cli/commit.h")
#include "cli/commit.h"
#endif

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION is not defined: configure puts it into config.h, which the Makefile includes"
#endif

void cli_print_version(struct strbuf *out)
{
	strbuf_printf(out, "distro-shim version %s\n", PACKAGE_VERSION);
#ifdef DISTRO_SHIM_COMMIT
	strbuf_printf(out, "commit: %s\n", DISTRO_SHIM_COMMIT);
#endif
	strbuf_printf(out, "spec: %s\n", CLI_OCI_VERSION);
#ifdef DISTRO_SHIM_LIBRARIES
	strbuf_printf(out, "libraries: %s\n", DISTRO_SHIM_LIBRARIES);
#endif
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What checkpoint and restore have in common: options of the command line to a request, the directories. */
#ifndef CONTAINER_CRIU_OPTIONS_H
#define CONTAINER_CRIU_OPTIONS_H

#include "container/container.h"

#define CHECKPOINT_DEFAULT_IMAGES "checkpoint"

struct criu_directories {
	int images, work;                    /* owned; work -1: the images */
	int config;                          /* owned; criu's own options, -1: none, or by path */
	const char *images_path, *work_path; /* absolute */
};
#define CRIU_DIRECTORIES_INIT                           \
	{                                               \
		.images = -1, .work = -1, .config = -1, \
	}
void criu_directories_release(struct criu_directories *directories);
#define auto_criu_directories \
	__attribute__((cleanup(criu_directories_release))) struct criu_directories

/* make: the images' directory too; that of the log is made in any case. */
int criu_directories_open(const struct container_checkpoint_options *options, bool make,
			  struct arena *arena, struct criu_directories *ret, struct err *e)
	MUST_CHECK;

/* ERR_USAGE for what cannot be carried out. */
int criu_request_fill(const struct container_checkpoint_options *options,
		      const struct criu_directories *directories, struct arena *arena,
		      struct criu_request *ret, struct err *e) MUST_CHECK;

/*
 * A file of criu's own options (criu(8), "CONFIGURATION FILES"), which go before those of the request: that of
 * runc's annotation, as policy/host_files.h allows it, and writable by root alone; empty, none; where it is
 * absent an administrator's, of this runtime, else that of runc.
 */
struct criu_config_source {
	const struct strmap *annotations;
	const char *bundle;
	const struct policy *policy; /* in force for the container; NULL: not known */
	struct network network;      /* whose name and entry it has, for errors */
};
int criu_config_open(const struct criu_config_source *from, struct arena *arena,
		     struct criu_directories *directories, struct criu_request *request,
		     struct err *e) MUST_CHECK;

#endif

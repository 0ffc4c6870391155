/* SPDX-License-Identifier: Apache-2.0 */
/* Where yajl's memory comes from. Of use in base/ only. */
#ifndef BASE_JSON_MEMORY_H
#define BASE_JSON_MEMORY_H

#include <yajl/yajl_common.h>

/* yajl does not look whether it got memory; these never give it none. */
extern const yajl_alloc_funcs json_memory;

#endif

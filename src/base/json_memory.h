/* SPDX-License-Identifier: Apache-2.0 */
/* Where yajl's memory comes from. Of use in base/ only. */
#ifndef BASE_JSON_MEMORY_H
#define BASE_JSON_MEMORY_H

#include <yajl/yajl_common.h>

/* yajl does not check whether it got memory; these always give it some. */
extern const yajl_alloc_funcs json_memory;

#endif

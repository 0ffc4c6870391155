/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaving the program's own file without executing it again. Runs first thing in every command that
 * enters a container, single-threaded.
 *
 * Each page that is mapped from the file is replaced by one with the same bytes: read-only ones by those
 * of the other file, written ones by anonymous copies. The code that does this is among them: mmap() and
 * mremap() put the new mapping in the old one's place in one go, so the next instruction is found where it
 * was. When no mapping of the file is left the kernel lets the process name another one as its executable;
 * the same file on another mount counts as another one.
 *
 * Executing again costs a second start of the program (about 1 ms); this costs 0.15 ms with the clone of a
 * mount and 0.45 ms with a memfd, which is filled first (2-core virtual machine, Linux 6.18).
 */
#include "sys/exe_move.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"

#include <fcntl.h>
#include <link.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_SEGMENTS 8

struct segment {
	uintptr_t start, end; /* whole pages that are mapped from the file */
	off_t offset;
	int protection;
};

struct image {
	size_t n;
	struct segment v[MAX_SEGMENTS];
	struct segment relro; /* read-only after relocation, end 0: none */
	off_t loaded;         /* of the file, from its beginning */
	bool too_many;
};

static uintptr_t page_floor(uintptr_t address)
{
	return address & ~((uintptr_t)getpagesize() - 1);
}

static uintptr_t page_ceil(uintptr_t address)
{
	return page_floor(address + (uintptr_t)getpagesize() - 1);
}

static struct segment segment_of(const struct dl_phdr_info *info, const ElfW(Phdr) * header)
{
	uintptr_t start = info->dlpi_addr + header->p_vaddr;

	return (struct segment){
		.start = page_floor(start),
		.end = page_ceil(start + header->p_filesz),
		.offset = (off_t)page_floor(header->p_offset),
		.protection = (header->p_flags & PF_R ? PROT_READ : 0) |
			      (header->p_flags & PF_W ? PROT_WRITE : 0) |
			      (header->p_flags & PF_X ? PROT_EXEC : 0),
	};
}

/* The first object is the program itself (dl_iterate_phdr(3)). */
static int read_image(struct dl_phdr_info *info, size_t size, void *data)
{
	struct image *image = data;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type == PT_GNU_RELRO) {
			image->relro = segment_of(info, header);
			image->relro.end =
				page_floor(info->dlpi_addr + header->p_vaddr + header->p_memsz);
		}
		if (header->p_type != PT_LOAD || header->p_filesz == 0)
			continue;
		if (image->n == MAX_SEGMENTS) {
			image->too_many = true;
			break;
		}
		image->v[image->n++] = segment_of(info, header);
		if ((off_t)(header->p_offset + header->p_filesz) > image->loaded)
			image->loaded = (off_t)(header->p_offset + header->p_filesz);
	}
	return 1;
}

off_t exe_loaded_size(void)
{
	struct image image = { 0 };

	dl_iterate_phdr(read_image, &image);
	return image.too_many ? 0 : image.loaded;
}

static int replace_readonly(const struct segment *segment, int file, struct err *e)
{
	void *at = (void *)segment->start;

	if (mmap(at, segment->end - segment->start, segment->protection, MAP_PRIVATE | MAP_FIXED,
		 file, segment->offset) == MAP_FAILED)
		return fail_sys(e, "map the copy of the program");
	return 0;
}

/* Word by word and not memcpy(): a sanitizer would object to what lies between the variables. */
static __attribute__((no_sanitize("address"))) void copy_words(void *to, uintptr_t from,
							       size_t length)
{
	volatile uint64_t *target = to;
	const volatile uint64_t *source = (const volatile uint64_t *)from;

	for (size_t i = 0; i < length / sizeof(*target); i++)
		target[i] = source[i];
}

/* Relocations and variables: what is in memory counts, not what is in the file. Nothing writes to them
 * between the copy and its move into place. */
static int replace_written(const struct segment *segment, struct err *e)
{
	size_t length = segment->end - segment->start;
	/* in one go, and not a page fault a page */
	void *copy = mmap(NULL, length, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (copy == MAP_FAILED)
		return fail_sys(e, "map memory for the program's data");
	copy_words(copy, segment->start, length);
	if (mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)segment->start) ==
	    MAP_FAILED) {
		munmap(copy, length);
		return fail_sys(e, "move the program's data");
	}
	return 0;
}

/* Field `number` of /proc/PID/stat (proc(5)), counted from 1 and behind the name in brackets. */
static bool stat_field(const char *text, unsigned number, __u64 *ret)
{
	const char *at = strrchr(text, ')');
	char digits[24];
	unsigned field = 2;
	uint64_t value;
	size_t length;

	while (at && field < number) {
		at = strchr(at + 1, ' ');
		field++;
	}
	length = at ? strcspn(at + 1, " \n") : 0;
	if (length == 0 || length >= sizeof(digits))
		return false;
	memcpy(digits, at + 1, length);
	digits[length] = '\0';
	if (!parse_u64(digits, &value))
		return false;
	*ret = value;
	return true;
}

/* The map must be given whole; all but the executable stays as it is. */
static int set_executable(int file, struct err *e)
{
	struct prctl_mm_map map = { .exe_fd = (uint32_t)file };
	const struct {
		unsigned field;
		__u64 *value;
	} wanted[] = {
		{ 26, &map.start_code }, { 27, &map.end_code }, { 28, &map.start_stack },
		{ 45, &map.start_data }, { 46, &map.end_data }, { 47, &map.start_brk },
		{ 48, &map.arg_start },  { 49, &map.arg_end },  { 50, &map.env_start },
		{ 51, &map.env_end },
	};
	autofree char *text = NULL;

	if (read_file_at(AT_FDCWD, "/proc/self/stat", 4096, &text, NULL, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!stat_field(text, wanted[i].field, wanted[i].value))
			return fail(e, ERR_SYSTEM, "/proc/self/stat has no field %u",
				    wanted[i].field);
	map.brk = (uintptr_t)sbrk(0);
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		return fail_sys(e, "set the executable of the process");
	return 0;
}

int exe_move(int file, struct err *e)
{
	struct image image = { 0 };

	dl_iterate_phdr(read_image, &image);
	if (image.n == 0 || image.too_many)
		return fail(e, ERR_SYSTEM, "the program has %zu segments", image.n);
	for (size_t i = 0; i < image.n; i++) {
		const struct segment *segment = &image.v[i];
		if ((segment->protection & PROT_WRITE ? replace_written(segment, e)
						      : replace_readonly(segment, file, e)) < 0)
			return -1;
	}
	if (image.relro.end > image.relro.start &&
	    mprotect((void *)image.relro.start, image.relro.end - image.relro.start, PROT_READ) < 0)
		return fail_sys(e, "protect the program's relocated data");
	return set_executable(file, e);
}

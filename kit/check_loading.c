/* How a policy comes into a process: its symbols, its description, its options. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit/kit.h"

enum {
	ID_BYTES_MAX = 64,
	VERSION_BYTES_MAX = 32,
	BUILD_ID_BYTES_MAX = 64,
};

static const char SYMBOL[] = "anagraph_policy_v1";

enum outcome
check_load(struct trial *trial)
{
	const char *path = trial->subject->path;
	const struct anagraph_policy *found;
	anagraph_policy_v1_function describe;
	void *library, *address;

	trial_at(trial, "loading");
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return trial_fail(trial, "%s", dlerror());
	address = dlsym(library, SYMBOL);
	if (address == NULL)
		return trial_fail(trial, "expected the symbol %s, found none", SYMBOL);
	memcpy(&describe, &address, sizeof(describe));
	trial_at(trial, "%s", SYMBOL);
	found = describe();
	if (found == NULL)
		return trial_fail(trial, "expected a descriptor, found NULL");
	if (describe() != found)
		return trial_fail(trial, "%s returns another descriptor each time", SYMBOL);
	return OUTCOME_PASS;
}

/* A file's content, mapped. NULL when it cannot be read. */
static const unsigned char *
map_file(size_t *size, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *data = MAP_FAILED;
	struct stat status;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && status.st_size > 0) {
		*size = (size_t)status.st_size;
		data = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	close(fd);
	return data != MAP_FAILED ? data : NULL;
}

/* The section of that type, or of that index when type is 0. NULL unless all of it lies
 * within the file. */
static const ElfW(Shdr) * find_section(const unsigned char *file, size_t size, uint32_t type, size_t index)
{
	const ElfW(Ehdr) *header = (const void *)file;
	const ElfW(Shdr) * sections;

	if (size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_shoff > size || header->e_shentsize != sizeof(*sections) ||
	    header->e_shnum > (size - header->e_shoff) / sizeof(*sections))
		return NULL;
	sections = (const void *)(file + header->e_shoff);
	for (size_t i = 0; i < header->e_shnum; i++) {
		if (type != 0 ? sections[i].sh_type != type : i != index)
			continue;
		if (sections[i].sh_offset > size || sections[i].sh_size > size - sections[i].sh_offset)
			return NULL;
		return &sections[i];
	}
	return NULL;
}

/* What a linker exports of its own accord. */
static bool
is_linkers(const char *name)
{
	static const char *const names[] = { "_init", "_fini", "_edata", "_end", "__bss_start" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_export(const ElfW(Sym) * symbol)
{
	unsigned char visibility = ELF64_ST_VISIBILITY(symbol->st_other);

	return symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
	    (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

enum outcome
check_exports(struct trial *trial)
{
	size_t size = 0, own_count = 0;
	const unsigned char *file = map_file(&size, trial->subject->path);
	const ElfW(Shdr) *symbols = file != NULL ? find_section(file, size, SHT_DYNSYM, 0) : NULL;
	const ElfW(Shdr) *strings =
	    symbols != NULL && symbols->sh_link != 0 ? find_section(file, size, 0, symbols->sh_link) : NULL;
	const ElfW(Sym) * table;

	if (strings == NULL || strings->sh_size == 0 ||
	    file[strings->sh_offset + strings->sh_size - 1] != '\0')
		return trial_fail(trial, "expected a shared object with a table of symbols, found none");
	table = (const void *)(file + symbols->sh_offset);
	for (size_t i = 0; i < symbols->sh_size / sizeof(*table); i++) {
		const char *name;

		if (!is_export(&table[i]) || table[i].st_name >= strings->sh_size)
			continue;
		name = (const char *)file + strings->sh_offset + table[i].st_name;
		if (strcmp(name, SYMBOL) == 0)
			own_count++;
		else if (!is_linkers(name))
			return trial_fail(trial, "it exports %s too: make it static, or hidden", name);
	}
	if (own_count == 0)
		return trial_fail(trial, "expected it to export %s", SYMBOL);
	return OUTCOME_PASS;
}

/* Whether the bytes are UTF-8, without surrogates and overlong forms. */
static bool
is_utf8(const char *text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + size;

	while (at < end) {
		size_t more = *at < 0x80 ? 0
		    : *at < 0xc2         ? 4
		    : *at < 0xe0         ? 1
		    : *at < 0xf0         ? 2
		    : *at < 0xf5         ? 3
					 : 4;

		if (more == 4 || (size_t)(end - at) <= more)
			return false;
		if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
		    (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
			return false;
		for (size_t i = 1; i <= more; i++) {
			if ((at[i] & 0xc0) != 0x80)
				return false;
		}
		at += more + 1;
	}
	return true;
}

static enum outcome
check_text(struct trial *trial, const char *what, const char *text, size_t min_bytes, size_t max_bytes)
{
	size_t size;

	if (text == NULL)
		return trial_fail(trial, "expected %s, found NULL", what);
	size = strnlen(text, max_bytes + 1);
	if (size < min_bytes || size > max_bytes)
		return trial_fail(trial, "expected %s of %zu to %zu bytes, found %zu%s", what, min_bytes,
		    max_bytes, size, size > max_bytes ? " or more" : "");
	if (!is_utf8(text, size))
		return trial_fail(trial, "expected %s in UTF-8, found other bytes", what);
	return OUTCOME_PASS;
}

static enum outcome
check_numbers(struct trial *trial, const struct anagraph_policy *found)
{
	const uint32_t known_kinds =
	    1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER | 1u << ANAGRAPH_CONFLICT_IDENTITY;

	if ((found->kinds & known_kinds) == 0)
		return trial_fail(trial, "expected a kind of conflict among bits 0x%x, found 0x%x",
		    (unsigned)known_kinds, (unsigned)found->kinds);
	if (found->reserved != 0)
		return trial_fail(trial, "expected reserved to be 0, found %u", (unsigned)found->reserved);
	if (found->create == NULL || found->destroy == NULL || found->decide == NULL)
		return trial_fail(trial, "expected create, destroy and decide, found a NULL among them");
	if ((found->kinds & ~known_kinds) != 0 || (found->flags & ~ANAGRAPH_POLICY_ORDER_INDEPENDENT) != 0)
		return trial_warn(trial, "kinds 0x%x, flags 0x%x: not all of them are known to this version",
		    (unsigned)found->kinds, (unsigned)found->flags);
	return OUTCOME_PASS;
}

/* The version first, and no further into the descriptor than its size allows. */
enum outcome
check_descriptor(struct trial *trial)
{
	void *library = dlopen(trial->subject->path, RTLD_LAZY | RTLD_LOCAL);
	void *address = library != NULL ? dlsym(library, SYMBOL) : NULL;
	const struct anagraph_policy *found;
	anagraph_policy_v1_function describe;
	enum outcome outcome;

	if (address == NULL)
		return trial_skip(trial, "it does not load: see the check load");
	memcpy(&describe, &address, sizeof(describe));
	found = describe();
	if (found == NULL)
		return trial_skip(trial, "there is none: see the check load");
	if (!ANAGRAPH_HAS(found, anagraph_policy, abi_version) ||
	    found->abi_version != ANAGRAPH_POLICY_ABI_VERSION)
		return trial_fail(
		    trial, "expected ABI version %u, found another", ANAGRAPH_POLICY_ABI_VERSION);
	if (!ANAGRAPH_HAS(found, anagraph_policy, decide))
		return trial_fail(trial, "expected a descriptor of at least %zu bytes, found %zu",
		    offsetof(struct anagraph_policy, decide) + sizeof(found->decide), found->struct_size);
	outcome = check_text(trial, "id", found->id, 1, ID_BYTES_MAX);
	if (outcome == OUTCOME_PASS && strcmp(found->id, trial->subject->id) != 0)
		outcome = trial_fail(trial, "expected the id \"%s\" of its file's name, found \"%s\"",
		    trial->subject->id, found->id);
	if (outcome == OUTCOME_PASS &&
	    strspn(found->id, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(found->id))
		outcome = trial_fail(trial, "expected an id of a-z 0-9 _ -, found \"%s\"", found->id);
	if (outcome == OUTCOME_PASS)
		outcome = check_text(trial, "version", found->version, 1, VERSION_BYTES_MAX);
	if (outcome == OUTCOME_PASS)
		outcome = check_text(trial, "build_id", found->build_id, 0, BUILD_ID_BYTES_MAX);
	return outcome == OUTCOME_PASS ? check_numbers(trial, found) : outcome;
}

static const struct anagraph_option unknown_option = {
	.name = { "no_such_option", sizeof("no_such_option") - 1 },
	.value = { "1", 1 },
};

/* Expects create to refuse, with a negative number. */
static enum outcome
expect_refusal(struct trial *trial, struct loaded *loaded, const struct anagraph_option *options,
    size_t option_count, size_t option_size, const char *what)
{
	void *instance;
	int result;

	trial_at(trial, "create, %s", what);
	result = loaded_create(loaded, options, option_count, option_size, &instance);
	if (result == 0)
		return trial_fail(trial, "create accepts %s", what);
	if (result > 0)
		return trial_fail(
		    trial, "expected create to return a negative number for %s, found %d", what, result);
	return OUTCOME_PASS;
}

enum outcome
check_options(struct trial *trial)
{
	const struct subject *subject = trial->subject;
	struct anagraph_option options[OPTION_COUNT_MAX + 1];
	struct loaded loaded;
	enum outcome outcome = loaded_open(&loaded, trial);
	int result;

	if (outcome != OUTCOME_PASS)
		return outcome;
	trial_at(trial, "create");
	result = loaded_create(
	    &loaded, subject->options, subject->option_count, sizeof(options[0]), &loaded.instance);
	if (result != 0)
		return trial_fail(trial, "create returns %d for the %zu options given (--option NAME=VALUE)",
		    result, subject->option_count);
	memcpy(options, subject->options, sizeof(subject->options));
	options[subject->option_count] = unknown_option;
	return expect_refusal(trial, &loaded, options, subject->option_count + 1, sizeof(options[0]),
	    "the option no_such_option, which it cannot know");
}

/* Lays each option out with a second one behind it, as a later version of the interface
 * might: what was given once more. Whoever goes by sizeof sees that one, and never the
 * unknown one at the end. */
enum outcome
check_stride(struct trial *trial)
{
	const struct subject *subject = trial->subject;
	struct anagraph_option wide[(OPTION_COUNT_MAX + 1) * 2];
	struct loaded loaded;
	enum outcome outcome = loaded_start(&loaded, trial);

	if (outcome != OUTCOME_PASS)
		return outcome;
	if (subject->option_count == 0)
		return trial_skip(trial, "no --option was given");
	if (loaded_create(&loaded, &unknown_option, 1, sizeof(unknown_option), &loaded.instance) == 0)
		return trial_skip(trial, "it refuses no option at all: see the check options");
	for (size_t i = 0; i < subject->option_count; i++)
		wide[2 * i] = wide[2 * i + 1] = subject->options[i];
	wide[2 * subject->option_count] = wide[2 * subject->option_count + 1] = unknown_option;
	trial_at(trial, "create, with options that lie further apart");
	if (loaded_create(&loaded, wide, subject->option_count, 2 * sizeof(wide[0]), &loaded.instance) != 0)
		return trial_fail(trial, "create refuses its options when they lie further apart");
	return expect_refusal(trial, &loaded, wide, subject->option_count + 1, 2 * sizeof(wide[0]),
	    "an unknown option that lies further on than sizeof says");
}

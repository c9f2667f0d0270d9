/* Callers, by the names in their certificates. Nothing is granted that is not said: a caller
 * without roles or accounts is refused here, rather than at its first call. */
#include "server/config_callers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/normalize.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A file may hold a secret; others may then have no part in it. */
enum secrecy { PUBLIC, SECRET };

/* All of a descriptor's file, with a NUL behind it. 0; CONFIG_E_USAGE; -errno. */
static int
read_whole(
    struct bytes *out, struct arena *arena, int descriptor, size_t size, const struct yaml_value *value)
{
	uint8_t *data = arena_alloc(arena, size + 1);
	size_t used = 0;

	if (data == NULL)
		return -ENOMEM;
	while (used < size) {
		ssize_t got = read(descriptor, data + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return yaml_refuse(value, "the file can't be read");
		used += (size_t)got;
	}
	data[used] = '\0';
	*out = bytes_of(data, used);
	return 0;
}

static int
check_pem(const struct stat *about, enum secrecy secrecy, const struct yaml_value *value)
{
	if (!S_ISREG(about->st_mode))
		return yaml_refuse(value, "is no regular file");
	if ((about->st_uid != 0 && about->st_uid != geteuid()) || (about->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return yaml_refuse(
		    value, "must belong to root or to the daemon's user and not be writable by others");
	if (secrecy == SECRET && (about->st_mode & (S_IRGRP | S_IROTH)) != 0)
		return yaml_refuse(value, "is a secret, and others may read it");
	if (about->st_size == 0 || about->st_size > LIMIT_PEM_BYTES)
		return yaml_refuse(value, "takes a file of 1 to %d bytes", LIMIT_PEM_BYTES);
	return 0;
}

static int
read_pem(struct bytes *out, struct arena *arena, const struct yaml_value *value, enum secrecy secrecy)
{
	struct stat about;
	const char *path;
	int descriptor;
	int result = yaml_text(&path, value);

	if (result != 0)
		return result;
	descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0)
		return yaml_refuse(value, "%.200s: %s", path, strerror(errno));
	result = fstat(descriptor, &about) < 0 ? -errno : check_pem(&about, secrecy, value);
	if (result == 0)
		result = read_whole(out, arena, descriptor, (size_t)about.st_size, value);
	close(descriptor);
	if (result == 0 && memmem(out->data, out->size, "-----BEGIN ", 11) == NULL)
		return yaml_refuse(value, "%.200s is no PEM file", path);
	return result;
}

static int
take_certificate(void *target, const struct yaml_value *value)
{
	struct config *config = target;

	return read_pem(&config->identity.certificate, &config->memory, value, PUBLIC);
}

static int
take_key(void *target, const struct yaml_value *value)
{
	struct config *config = target;

	return read_pem(&config->identity.key, &config->memory, value, SECRET);
}

static int
take_caller_authority(void *target, const struct yaml_value *value)
{
	struct config *config = target;

	return read_pem(&config->identity.caller_authority, &config->memory, value, PUBLIC);
}

int
config_tls_read(struct config *config, const struct yaml_value *mapping)
{
	static const struct yaml_key keys[] = {
		{ "certificate", take_certificate },
		{ "key", take_key },
		{ "caller_authority", take_caller_authority },
	};
	int result = yaml_take_mapping(mapping, keys, COUNT_OF(keys), config);

	if (result != 0)
		return result;
	if (config->identity.certificate.size == 0 || config->identity.key.size == 0 ||
	    config->identity.caller_authority.size == 0)
		return yaml_refuse(mapping, "takes a certificate, a key and a caller_authority");
	config->has_identity = true;
	return 0;
}

/* A caller that is being read. */
struct caller_reader {
	struct caller caller;
	struct arena *arena;
};

static int
take_role(unsigned *roles, const struct yaml_value *value)
{
	static const struct {
		const char *name;
		enum role role;
	} known[] = {
		{ "reader", ROLE_READER },
		{ "writer", ROLE_WRITER },
		{ "operator", ROLE_OPERATOR },
		{ "admin", ROLE_ADMIN },
	};
	const char *text;
	int result = yaml_text(&text, value);

	if (result != 0)
		return result;
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (strcmp(known[i].name, text) == 0) {
			*roles |= (unsigned)known[i].role;
			return 0;
		}
	}
	return yaml_refuse(value, "%.80s is no role: reader, writer, operator, admin", text);
}

static int
take_roles(void *target, const struct yaml_value *value)
{
	struct caller_reader *reader = target;
	size_t count;
	int result = yaml_count_sequence(&count, value);

	for (size_t i = 0; result == 0 && i < count; i++) {
		struct yaml_value item;

		result = yaml_item(&item, value, i);
		if (result == 0)
			result = take_role(&reader->caller.roles, &item);
	}
	return result;
}

static int
compare_names(const void *one, const void *other)
{
	return bytes_compare(*(const struct bytes *)one, *(const struct bytes *)other);
}

/* The accounts that are listed by name, sorted. */
static int
read_account_names(struct caller_reader *reader, const struct yaml_value *value, size_t count)
{
	struct bytes *names = arena_calloc(reader->arena, count, sizeof(*names));

	if (names == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct yaml_value item;
		const char *text;
		int result = yaml_item(&item, value, i);

		if (result == 0)
			result = yaml_text(&text, &item);
		if (result == 0 && strcmp(text, "*") == 0)
			result = yaml_refuse(&item, "* stands for all accounts, and alone");
		else if (result == 0 && !account_is_valid(bytes_of_string(text)))
			result = yaml_refuse(&item, "%.80s is no account's name", text);
		if (result == 0)
			result = arena_copy(&names[i], reader->arena, bytes_of_string(text));
		if (result != 0)
			return result;
	}
	qsort(names, count, sizeof(*names), compare_names);
	reader->caller.accounts = names;
	reader->caller.account_count = count;
	return 0;
}

static int
take_accounts(void *target, const struct yaml_value *value)
{
	struct caller_reader *reader = target;
	struct yaml_value first;
	const char *text;
	size_t count;
	int result = yaml_count_sequence(&count, value);

	if (result != 0)
		return result;
	if (count > LIMIT_CALLER_ACCOUNTS)
		return yaml_refuse(value, "has %zu accounts, more than %d", count, LIMIT_CALLER_ACCOUNTS);
	if (count == 1) {
		result = yaml_item(&first, value, 0);
		if (result == 0)
			result = yaml_text(&text, &first);
		if (result != 0)
			return result;
		reader->caller.all_accounts = strcmp(text, "*") == 0;
	}
	return reader->caller.all_accounts ? 0 : read_account_names(reader, value, count);
}

static int
read_caller(struct caller *out, struct config *config, const struct yaml_value *mapping, size_t index)
{
	static const struct yaml_key keys[] = {
		{ "roles", take_roles },
		{ "accounts", take_accounts },
	};
	struct caller_reader reader = { .arena = &config->memory };
	struct yaml_value value;
	const char *name;
	int result = yaml_member(&value, &name, mapping, index);

	if (result != 0)
		return result;
	if (*name == '\0' || strlen(name) > LIMIT_CALLER_NAME_BYTES)
		return yaml_refuse(&value, "is no caller's name: 1 to %d bytes", LIMIT_CALLER_NAME_BYTES);
	result = yaml_take_mapping(&value, keys, COUNT_OF(keys), &reader);
	if (result == 0 && reader.caller.roles == ROLE_NONE)
		return yaml_refuse(&value, "has no roles");
	if (result == 0 && !reader.caller.all_accounts && reader.caller.account_count == 0)
		return yaml_refuse(&value, "has no accounts; [\"*\"] stands for all");
	if (result == 0)
		result = arena_copy(&reader.caller.name, &config->memory, bytes_of_string(name));
	if (result == 0)
		*out = reader.caller;
	return result;
}

static int
compare_callers(const void *one, const void *other)
{
	const struct caller *a = one;
	const struct caller *b = other;

	return bytes_compare(a->name, b->name);
}

int
config_callers_read(struct config *config, const struct yaml_value *mapping)
{
	struct caller *callers;
	size_t count;
	int result = yaml_count_mapping(&count, mapping);

	if (result != 0)
		return result;
	if (count == 0 || count > LIMIT_CALLERS)
		return yaml_refuse(mapping, "takes 1 to %d callers", LIMIT_CALLERS);
	callers = arena_calloc(&config->memory, count, sizeof(*callers));
	if (callers == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		result = read_caller(&callers[i], config, mapping, i);
		if (result != 0)
			return result;
	}
	qsort(callers, count, sizeof(*callers), compare_callers);
	for (size_t i = 1; i < count; i++) {
		if (bytes_equal(callers[i - 1].name, callers[i].name))
			return yaml_refuse(mapping, "has %.*s twice", BYTES_PRINT(callers[i].name));
	}
	config->callers = (struct callers){ callers, count };
	return 0;
}

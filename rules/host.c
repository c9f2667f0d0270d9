/* Brings a policy from a file into the process, and lets nothing in that could not
 * be explained: a wrong owner, shape or name is refused with what was expected and
 * what was found.
 *
 * What always holds: the bytes that run are the bytes that were hashed, because what
 * the loader maps is a copy of those very bytes under the hash's name. Nothing is
 * ever unloaded, so a policy's code and strings stay valid. All that is said about a
 * policy is kept in memory of our own.
 *
 * Nothing here logs. A policy's own lines go to the function given for them. */
#include "rules/host.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

#include "rules/policy_file.h"

enum {
	BUILD_ID_BYTES_MAX = 64, /* of a descriptor's build_id */
	DESCRIPTOR_BYTES_MIN = offsetof(struct anagraph_policy, decide) + sizeof(void (*)(void)),
};

struct policy {
	struct anagraph_host host; /* first: what the policy gives back to host_log */
	struct policy *next;
	policy_log_function log;
	void *log_context;
	uint32_t kinds;
	int (*create)(const struct anagraph_host *host, const struct anagraph_option *options,
	    size_t option_count, size_t option_size, void **instance);
	void (*destroy)(void *instance);
	int (*decide)(
	    const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict);
	void *instance;
	bool started;
	struct policy_identity identity;
	char *path; /* owned; of the original */
	char id[LIMIT_POLICY_ID_BYTES + 1];
	char version[LIMIT_POLICY_VERSION_BYTES + 1];
	char build[POLICY_BUILD_DIGITS + 1];
};

struct policy_host {
	char *policy_dir;
	char *copy_dir;
	int policy_dir_fd;
	policy_log_function log;
	void *log_context;
	struct policy *policies; /* owned, newest first */
};

/* A policy on its way in. */
struct loading {
	const char *id;
	const char *path; /* of the original: what people know it by */
	struct policy_error *error;
};

static bool
is_id(const char *id)
{
	size_t size = strnlen(id, LIMIT_POLICY_ID_BYTES + 1);

	if (size == 0 || size > LIMIT_POLICY_ID_BYTES)
		return false;
	return strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") == size;
}

/* Maps a copy and asks it for its descriptor. */
static int
open_copy(const struct anagraph_policy **out, const char *copy_path, const struct loading *loading)
{
	static const char symbol[] = "anagraph_policy_v1";
	const struct anagraph_policy *descriptor;
	anagraph_policy_v1_function describe;
	void *library = dlopen(copy_path, RTLD_NOW | RTLD_LOCAL);
	void *address;

	if (library == NULL)
		return policy_refuse(loading->error, "%s: expected a shared object that loads, found: %s",
		    loading->path, dlerror());
	address = dlsym(library, symbol);
	if (address == NULL)
		return policy_refuse(
		    loading->error, "%s: expected the symbol %s, found none", loading->path, symbol);
	static_assert(sizeof(describe) == sizeof(address), "POSIX keeps functions in a void *");
	memcpy(&describe, &address, sizeof(describe));
	descriptor = describe();
	if (descriptor == NULL)
		return policy_refuse(loading->error, "%s: expected a descriptor, found NULL", loading->path);
	*out = descriptor;
	return 0;
}

static int
check_text(
    const char *text, const char *what, size_t min_bytes, size_t max_bytes, const struct loading *loading)
{
	size_t size;

	if (text == NULL)
		return policy_refuse(loading->error, "%s: expected %s, found NULL", loading->path, what);
	size = strnlen(text, max_bytes + 1);
	if (size < min_bytes || size > max_bytes)
		return policy_refuse(loading->error, "%s: expected %s of %zu to %zu bytes, found %zu%s",
		    loading->path, what, min_bytes, max_bytes, size, size > max_bytes ? " or more" : "");
	if (u8_check((const uint8_t *)text, size) != NULL)
		return policy_refuse(
		    loading->error, "%s: expected %s in UTF-8, found other bytes", loading->path, what);
	return 0;
}

/* The version first, and no further into the descriptor than its size allows: past a
 * mismatch nothing else in it can be understood. */
static int
check_shape(const struct anagraph_policy *found, const struct loading *loading)
{
	if (found->struct_size < offsetof(struct anagraph_policy, kinds))
		return policy_refuse(loading->error,
		    "%s: expected a descriptor of at least %d bytes, found %zu", loading->path,
		    DESCRIPTOR_BYTES_MIN, found->struct_size);
	if (found->abi_version != ANAGRAPH_POLICY_ABI_VERSION)
		return policy_refuse(loading->error, "%s: expected ABI version %u, found %u", loading->path,
		    ANAGRAPH_POLICY_ABI_VERSION, (unsigned)found->abi_version);
	if (found->struct_size < DESCRIPTOR_BYTES_MIN)
		return policy_refuse(loading->error,
		    "%s: expected a descriptor of at least %d bytes, found %zu", loading->path,
		    DESCRIPTOR_BYTES_MIN, found->struct_size);
	return 0;
}

static int
check_descriptor(const struct anagraph_policy *found, const struct loading *loading)
{
	const uint32_t known_kinds =
	    1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER | 1u << ANAGRAPH_CONFLICT_IDENTITY;
	int result = check_shape(found, loading);

	if (result == 0)
		result = check_text(found->id, "id", 1, LIMIT_POLICY_ID_BYTES, loading);
	if (result == 0 && strcmp(found->id, loading->id) != 0)
		result =
		    policy_refuse(loading->error, "%s: expected the id \"%s\" of its file name, found \"%s\"",
			loading->path, loading->id, found->id);
	if (result == 0)
		result = check_text(found->version, "version", 1, LIMIT_POLICY_VERSION_BYTES, loading);
	if (result == 0)
		result = check_text(found->build_id, "build_id", 0, BUILD_ID_BYTES_MAX, loading);
	if (result == 0 && (found->kinds & known_kinds) == 0)
		result = policy_refuse(loading->error,
		    "%s: expected a kind of conflict among bits 0x%x, found 0x%x", loading->path,
		    (unsigned)known_kinds, (unsigned)found->kinds);
	if (result == 0 && (found->create == NULL || found->destroy == NULL || found->decide == NULL))
		result = policy_refuse(loading->error, "%s: expected create, destroy and decide, found no %s",
		    loading->path,
		    found->create == NULL        ? "create"
			: found->destroy == NULL ? "destroy"
						 : "decide");
	return result;
}

static void
host_log(const struct anagraph_host *host, uint32_t level, struct anagraph_string message)
{
	const struct policy *policy = (const struct policy *)host;
	size_t size = message.size < POLICY_LOG_BYTES ? message.size : POLICY_LOG_BYTES;

	if (policy->log == NULL)
		return;
	policy->log(policy->log_context, policy->id, level < ANAGRAPH_LOG_ERROR ? level : ANAGRAPH_LOG_ERROR,
	    bytes_of(message.data, size));
}

static const void *
host_extension(const struct anagraph_host *host, struct anagraph_string name)
{
	(void)host;
	(void)name;
	return NULL;
}

/* What is known of a policy whose descriptor was checked. */
static int
note_policy(struct policy **out, const struct anagraph_policy *descriptor, const struct policy_copy *copy,
    policy_log_function log, void *log_context)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return -ENOMEM;
	policy->path = strdup(copy->path);
	if (policy->path == NULL) {
		free(policy);
		return -ENOMEM;
	}
	policy->host = (struct anagraph_host){
		.struct_size = sizeof(policy->host),
		.log = host_log,
		.extension = host_extension,
	};
	policy->log = log;
	policy->log_context = log_context;
	policy->kinds = descriptor->kinds;
	policy->create = descriptor->create;
	policy->destroy = descriptor->destroy;
	policy->decide = descriptor->decide;
	snprintf(policy->id, sizeof(policy->id), "%s", descriptor->id);
	snprintf(policy->version, sizeof(policy->version), "%s", descriptor->version);
	snprintf(policy->build, sizeof(policy->build), "%s", copy->build);
	policy->identity = (struct policy_identity){
		.id = bytes_of_string(policy->id),
		.version = bytes_of_string(policy->version),
		.build = bytes_of_string(policy->build),
	};
	*out = policy;
	return 0;
}

int
policy_open(struct policy **out, const struct policy_copy *copy, policy_log_function log, void *log_context,
    struct policy_error *error)
{
	const struct loading loading = { .id = copy->id, .path = copy->path, .error = error };
	const struct anagraph_policy *descriptor = NULL;
	int result = open_copy(&descriptor, copy->copy_path, &loading);

	if (result == 0)
		result = check_descriptor(descriptor, &loading);
	return result == 0 ? note_policy(out, descriptor, copy, log, log_context) : result;
}

int
policy_start(struct policy *policy, const struct anagraph_option *options, size_t option_count,
    struct policy_error *error)
{
	int result =
	    policy->create(&policy->host, options, option_count, sizeof(*options), &policy->instance);

	if (result != 0)
		return policy_refuse(error, "%s: expected create to return 0 for %zu options, found %d",
		    policy->path, option_count, result);
	policy->started = true;
	return 0;
}

void
policy_close(struct policy *policy)
{
	if (policy == NULL)
		return;
	if (policy->started)
		policy->destroy(policy->instance);
	free(policy->path);
	free(policy);
}

static struct policy *
find_policy(const struct policy_host *host, const char *id)
{
	struct policy *policy = host->policies;

	while (policy != NULL && strcmp(policy->id, id) != 0)
		policy = policy->next;
	return policy;
}

/* Sees to a directory for copies that nobody else can write to, nor put another in the
 * place of between a copy's making and its loading. */
static int
prepare_copy_dir(const char *copy_dir, struct policy_error *error)
{
	char *path = strdup(copy_dir);
	int result;
	int fd;

	if (path == NULL)
		return -ENOMEM;
	result = policy_dir_open(&fd, dirname(path), error);
	free(path);
	if (result != 0)
		return result;
	close(fd);
	if (mkdir(copy_dir, S_IRWXU) < 0 && errno != EEXIST)
		return policy_refuse(error, "%s: expected a directory that can be made, found: %m", copy_dir);
	result = policy_dir_open(&fd, copy_dir, error);
	if (result == 0)
		close(fd);
	return result;
}

/* Wherever a copy is loaded: asking for the directory that a relative path begins in is
 * among what a worker may not do. */
static int
make_absolute(char **path)
{
	char *absolute = realpath(*path, NULL);

	if (absolute == NULL)
		return -errno;
	free(*path);
	*path = absolute;
	return 0;
}

int
policy_host_create(
    struct policy_host **out, const struct policy_host_options *options, struct policy_error *error)
{
	struct policy_host *host = calloc(1, sizeof(*host));
	int result;

	if (host == NULL)
		return -ENOMEM;
	host->policy_dir_fd = -1;
	host->log = options->log;
	host->log_context = options->log_context;
	host->policy_dir = strdup(options->policy_dir);
	host->copy_dir = strdup(options->copy_dir);
	if (host->policy_dir == NULL || host->copy_dir == NULL) {
		result = -ENOMEM;
		goto fail;
	}
	result = policy_dir_open(&host->policy_dir_fd, host->policy_dir, error);
	if (result != 0)
		goto fail;
	result = prepare_copy_dir(host->copy_dir, error);
	if (result == 0)
		result = make_absolute(&host->copy_dir);
	if (result != 0)
		goto fail;
	*out = host;
	return 0;
fail:
	policy_host_destroy(host);
	return result;
}

void
policy_host_destroy(struct policy_host *host)
{
	if (host == NULL)
		return;
	while (host->policies != NULL) {
		struct policy *policy = host->policies;

		host->policies = policy->next;
		policy_close(policy);
	}
	if (host->policy_dir_fd >= 0)
		close(host->policy_dir_fd);
	free(host->policy_dir);
	free(host->copy_dir);
	free(host);
}

/* Reads and checks the file of an id, from a directory that is checked again: the host
 * may be old. On 0 *path is the caller's. */
static int
read_file(struct policy_file *file, char **path, const struct policy_host *host, const char *policy_id,
    struct policy_error *error)
{
	int result;

	if (!is_id(policy_id))
		return policy_refuse(error, "policy id: expected 1 to %d of a-z 0-9 _ -, found \"%.*s\"",
		    LIMIT_POLICY_ID_BYTES, LIMIT_POLICY_ID_BYTES + 1, policy_id);
	result = policy_dir_check(host->policy_dir_fd, host->policy_dir, error);
	if (result != 0)
		return result;
	if (asprintf(path, "%s/%s.so", host->policy_dir, policy_id) < 0)
		return -ENOMEM;
	result = policy_file_read(file, host->policy_dir_fd, *path, error);
	if (result != 0)
		free(*path);
	return result;
}

int
policy_host_copy(
    struct policy_copy *out, struct policy_host *host, const char *policy_id, struct policy_error *error)
{
	struct policy_copy copy = { .id = NULL };
	struct policy_file file;
	int result = read_file(&file, &copy.path, host, policy_id, error);

	if (result != 0)
		return result;
	memcpy(copy.build, file.build, sizeof(copy.build));
	copy.id = strdup(policy_id);
	if (copy.id == NULL ||
	    asprintf(&copy.copy_path, "%s/%s-%s.so", host->copy_dir, policy_id, copy.build) < 0) {
		copy.copy_path = NULL;
		result = -ENOMEM;
	}
	if (result == 0)
		result = policy_file_copy(&file, copy.copy_path);
	policy_file_finish(&file);
	if (result == 0)
		*out = copy;
	else
		policy_copy_finish(&copy);
	return result;
}

void
policy_copy_finish(struct policy_copy *copy)
{
	free(copy->id);
	free(copy->path);
	free(copy->copy_path);
	*copy = (struct policy_copy){ .id = NULL };
}

/* The policy that a copy is: one that is loaded already, or a new one. */
static int
find_or_load(struct policy **out, struct policy_host *host, const struct policy_copy *copy,
    const struct anagraph_option *options, size_t option_count, struct policy_error *error)
{
	struct policy *policy = find_policy(host, copy->id);
	int result;

	if (policy != NULL && strcmp(policy->build, copy->build) != 0)
		return policy_refuse(error, "%s: expected build %s, which is loaded under that id, found %s",
		    copy->path, policy->build, copy->build);
	if (policy == NULL) {
		result = policy_open(&policy, copy, host->log, host->log_context, error);
		if (result != 0)
			return result;
		result = policy_start(policy, options, option_count, error);
		if (result != 0) {
			policy_close(policy);
			return result;
		}
		policy->next = host->policies;
		host->policies = policy;
	}
	*out = policy;
	return 0;
}

int
policy_host_load(struct policy **out, struct policy_host *host, const char *policy_id,
    const struct anagraph_option *options, size_t option_count, struct policy_error *error)
{
	struct policy_copy copy;
	int result = policy_host_copy(&copy, host, policy_id, error);

	if (result != 0)
		return result;
	result = find_or_load(out, host, &copy, options, option_count, error);
	policy_copy_finish(&copy);
	return result;
}

const struct policy_identity *
policy_identity_of(const struct policy *policy)
{
	return &policy->identity;
}

static_assert(LIMIT_POLICY_REASON_BYTES + 1 == ANAGRAPH_REASON_SIZE, "the ABI's room, less its NUL");

void
policy_reason_cut(char reason[ANAGRAPH_REASON_SIZE])
{
	size_t size = 0;

	while (size < ANAGRAPH_REASON_SIZE - 1 &&
	    ((reason[size] >= 'A' && reason[size] <= 'Z') || (reason[size] >= '0' && reason[size] <= '9') ||
		reason[size] == '_'))
		size++;
	memset(reason + size, 0, ANAGRAPH_REASON_SIZE - size);
}

uint32_t
policy_kinds_of(const struct policy *policy)
{
	return policy->kinds;
}

bool
policy_version_is_valid(struct bytes version)
{
	return version.size >= 1 && version.size <= LIMIT_POLICY_VERSION_BYTES &&
	    u8_check(version.data, version.size) == NULL;
}

int
policy_decide(
    struct anagraph_verdict *verdict, const struct policy *policy, const struct anagraph_conflict *conflict)
{
	struct anagraph_verdict answer = { .struct_size = sizeof(answer) };
	int result;

	if (conflict->kind > 31 || (policy->kinds >> conflict->kind & 1) == 0)
		return ANAGRAPH_DEFER;
	result = policy->decide(policy->instance, conflict, &answer);
	if (result != ANAGRAPH_DECIDED)
		return result;
	answer.struct_size = sizeof(answer);
	policy_reason_cut(answer.reason);
	*verdict = answer;
	return ANAGRAPH_DECIDED;
}

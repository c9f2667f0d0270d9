/* A policy file is foreign code about to run with the service's rights. Here it is
 * looked at as a file: it is opened once, and owner, mode, size and content all come
 * from that one descriptor, so that nothing can be swapped between check and use.
 *
 * The content then goes under a name of its own, made from its hash. Overwriting a
 * file in place pulls the code from under whoever has it mapped; nobody has a reason
 * to overwrite that copy. */
#include "rules/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

int
policy_refuse(struct policy_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	for (char *c = error->message; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return POLICY_E_REFUSED;
}

/* Nobody but root and this user may have had a hand in it. */
static int
check_hands(const struct stat *status, const char *path, struct policy_error *error)
{
	if (status->st_uid != 0 && status->st_uid != geteuid())
		return policy_refuse(error, "%s: expected root or user %u to own it, found user %u", path,
		    (unsigned)geteuid(), (unsigned)status->st_uid);
	if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return policy_refuse(error,
		    "%s: expected it not writable by group or others, found mode %04o", path,
		    (unsigned)(status->st_mode & 07777));
	return 0;
}

int
policy_dir_check(int fd, const char *path, struct policy_error *error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	return check_hands(&status, path, error);
}

int
policy_dir_open(int *out, const char *path, struct policy_error *error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return policy_refuse(error, "%s: expected a directory, found: %m", path);
	result = policy_dir_check(fd, path, error);
	if (result != 0) {
		close(fd);
		return result;
	}
	*out = fd;
	return 0;
}

/* Reads size_bytes and sees that there are no more. 0; POLICY_E_REFUSED when there
 * are more or fewer; -errno. */
static int
read_whole(uint8_t **out, int fd, size_t size_bytes)
{
	size_t capacity = size_bytes + 1;
	size_t filled = 0;
	uint8_t *data = malloc(capacity);
	int result = 0;

	if (data == NULL)
		return -ENOMEM;
	while (filled < capacity) {
		ssize_t count = read(fd, data + filled, capacity - filled);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			result = -errno;
		if (count <= 0)
			break;
		filled += (size_t)count;
	}
	if (result == 0 && filled != size_bytes)
		result = POLICY_E_REFUSED;
	if (result == 0)
		*out = data;
	else
		free(data);
	return result;
}

static void
hash_build(char build[POLICY_BUILD_DIGITS + 1], const uint8_t *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
	for (size_t i = 0; i < sizeof(canonical.digest); i++) {
		build[2 * i] = digits[canonical.digest[i] >> 4];
		build[2 * i + 1] = digits[canonical.digest[i] & 0xf];
	}
	build[POLICY_BUILD_DIGITS] = '\0';
}

static int
read_checked(struct policy_file *out, int fd, const char *path, struct policy_error *error)
{
	struct policy_file file;
	struct stat status;
	int result;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return policy_refuse(error, "%s: expected a regular file, found one of mode %06o", path,
		    (unsigned)status.st_mode);
	result = check_hands(&status, path, error);
	if (result != 0)
		return result;
	if (status.st_size > LIMIT_POLICY_FILE_BYTES)
		return policy_refuse(error, "%s: expected at most %d bytes, found %jd", path,
		    LIMIT_POLICY_FILE_BYTES, (intmax_t)status.st_size);
	file.size = (size_t)status.st_size;
	result = read_whole(&file.data, fd, file.size);
	if (result == POLICY_E_REFUSED)
		return policy_refuse(error, "%s: expected %zu bytes, found that it changed while it was read",
		    path, file.size);
	if (result != 0)
		return result;
	hash_build(file.build, file.data, file.size);
	*out = file;
	return 0;
}

/* O_NOFOLLOW because a link's target lies in a directory that nobody checked;
 * O_NONBLOCK so that a FIFO does not hold up the start. */
int
policy_file_read(struct policy_file *out, int dir_fd, const char *path, struct policy_error *error)
{
	const char *name = strrchr(path, '/') + 1;
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int result;

	if (fd < 0 && errno == ELOOP)
		return policy_refuse(error, "%s: expected a regular file, found a symbolic link", path);
	if (fd < 0)
		return policy_refuse(error, "%s: expected a readable file, found: %m", path);
	result = read_checked(out, fd, path, error);
	close(fd);
	return result;
}

void
policy_file_finish(struct policy_file *file)
{
	free(file->data);
	file->data = NULL;
}

/* Whether a copy from an earlier start is there and whole. */
static bool
has_copy(const char *path, const struct policy_file *file)
{
	struct policy_error ignored;
	struct policy_file found;
	bool same;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	same = read_checked(&found, fd, path, &ignored) == 0;
	close(fd);
	if (!same)
		return false;
	same = found.size == file->size && memcmp(found.data, file->data, file->size) == 0;
	policy_file_finish(&found);
	return same;
}

static int
write_whole(int fd, const struct policy_file *file)
{
	size_t written = 0;

	while (written < file->size) {
		ssize_t count = write(fd, file->data + written, file->size - written);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		written += (size_t)count;
	}
	return 0;
}

/* A whole file under a name that nobody looks for, then the right name in one step.
 * No sync: a copy that a power cut spoiled is seen by has_copy and made again. */
static int
write_copy(const char *path, const char *draft_path, int fd, const struct policy_file *file)
{
	int result = write_whole(fd, file);

	if (result == 0 && fchmod(fd, S_IRUSR | S_IXUSR) < 0)
		result = -errno;
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0 && rename(draft_path, path) < 0)
		result = -errno;
	if (result != 0)
		unlink(draft_path);
	return result;
}

int
policy_file_copy(const struct policy_file *file, const char *path)
{
	char *draft_path;
	int result;
	int fd;

	if (has_copy(path, file))
		return 0;
	if (asprintf(&draft_path, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(draft_path, O_CLOEXEC);
	result = fd < 0 ? -errno : write_copy(path, draft_path, fd, file);
	free(draft_path);
	return result;
}

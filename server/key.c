/* The file is written aside and given its name, which fails where there is one: of two
 * daemons that start at once, one makes the key. */
#include "server/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

static int __attribute__((format(printf, 3, 4)))
say(struct key_error *error, int outcome, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return outcome;
}

static int
say_system(struct key_error *error, const char *path, const char *what)
{
	int number = errno;

	return say(error, -number, "the key file %.300s %s: %s", path, what, strerrordesc_np(number));
}

/* Whether the file is one that nobody but this user and root can have written or read. */
static int
judge(int descriptor, struct key_error *error, const char *path)
{
	struct stat about;

	if (fstat(descriptor, &about) < 0)
		return say_system(error, path, "can't be looked at");
	if (!S_ISREG(about.st_mode))
		return say(error, KEY_E_REFUSED, "the key file %.300s is no file", path);
	if (about.st_uid != 0 && about.st_uid != geteuid())
		return say(error, KEY_E_REFUSED,
		    "the key file %.300s belongs to neither root nor the daemon's user", path);
	if ((about.st_mode & 077) != 0)
		return say(error, KEY_E_REFUSED,
		    "the key file %.300s can be read by others: its mode must be 0600 or 0400", path);
	if (about.st_size != DIGEST_KEY_BYTES)
		return say(
		    error, KEY_E_REFUSED, "the key file %.300s is not of %d bytes", path, DIGEST_KEY_BYTES);
	return 0;
}

/* Reads exactly as much. 0; -errno. */
static int
read_whole(int descriptor, uint8_t *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = read(descriptor, bytes + done, size - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count < 0 ? -errno : -EIO;
		done += (size_t)count;
	}
	return 0;
}

int
key_read(struct digest_key *key, struct key_error *error, const char *path)
{
	/* Not blocking, should it be a pipe: that is told, not waited for. */
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct digest_key read_key;
	int result;

	if (descriptor < 0 && errno == ENOENT)
		return say(error, KEY_E_ABSENT, "the key file %.300s is not there", path);
	if (descriptor < 0)
		return say_system(error, path, "can't be opened");
	result = judge(descriptor, error, path);
	if (result == 0) {
		result = read_whole(descriptor, read_key.bytes, sizeof(read_key.bytes));
		if (result != 0) {
			errno = -result;
			say_system(error, path, "can't be read");
		}
	}
	close(descriptor);
	if (result == 0) {
		digest_key_complete(&read_key);
		*key = read_key;
	}
	sodium_memzero(&read_key, sizeof(read_key));
	return result;
}

/* Writes and syncs. 0; -1 with errno. */
static int
write_whole(int descriptor, const uint8_t *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = write(descriptor, bytes + done, size - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -1;
		done += (size_t)count;
	}
	return fsync(descriptor);
}

/* Syncs the directory that a file lies in. 0; -1 with errno. */
static int
sync_directory_of(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t size = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	int descriptor;
	int result;

	if (size >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(directory, path, size);
	snprintf(directory + size, sizeof(directory) - size, ".");
	descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return -1;
	result = fsync(descriptor);
	close(descriptor);
	return result;
}

/* Puts a file with the key aside, to be renamed. 0; -errno. */
static int
write_aside(
    char *aside, size_t aside_bytes, const struct digest_key *key, struct key_error *error, const char *path)
{
	int descriptor;
	int result = 0;

	if ((size_t)snprintf(aside, aside_bytes, "%s.new-XXXXXX", path) >= aside_bytes)
		return say(error, -ENAMETOOLONG, "the key file's path is too long");
	descriptor = mkostemp(aside, O_CLOEXEC); /* its mode is 0600 */
	if (descriptor < 0)
		return say_system(error, path, "can't be made");
	if (write_whole(descriptor, key->bytes, sizeof(key->bytes)) < 0) {
		result = say_system(error, path, "can't be written");
		unlink(aside);
	}
	close(descriptor);
	return result;
}

int
key_make(struct digest_key *key, struct key_error *error, const char *path)
{
	char aside[PATH_MAX];
	struct digest_key made;
	int result;

	if (sodium_init() < 0)
		return say(error, -EIO, "no key can be made: there is nothing to draw it from");
	randombytes_buf(made.bytes, sizeof(made.bytes));
	digest_key_complete(&made);
	result = write_aside(aside, sizeof(aside), &made, error, path);
	if (result != 0)
		return result;
	if (renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_NOREPLACE) < 0) {
		result = errno == EEXIST
		    ? say(error, KEY_E_REFUSED, "the key file %.300s is there already", path)
		    : say_system(error, path, "can't be given its name");
		unlink(aside);
	}
	if (result == 0 && sync_directory_of(path) < 0)
		result = say_system(error, path, "can't be synced");
	if (result == 0)
		*key = made;
	sodium_memzero(&made, sizeof(made));
	return result;
}

/* A store is made aside and renamed, so that one that is there is always whole. The
 * lock is the kernel's: it goes with the process, however that ends. */
#include "server/graph/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "server/graph/outcome.h"

#define STORE_NAME "store"
#define STORE_FILE "data.mdb"
#define STORE_LOCK_FILE "lock.mdb"
#define NEW_STORE_PREFIX "store.new-"
#define LOCK_NAME "lock"
#define FAILED_NAME "failed"

enum { DIRECTORY_MODE = 0700, FILE_MODE = 0600 };

bool
directory_refuses(uint64_t file_system_type)
{
	switch ((uint32_t)file_system_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case CODA_SUPER_MAGIC:
	case AFS_SUPER_MAGIC:
	case AFS_FS_MAGIC:
	case CEPH_SUPER_MAGIC:
	case V9FS_MAGIC:
		return true;
	default:
		return false;
	}
}

/* Opens the directory that path names; one that had to be made is there for good. */
static int
open_made(struct directory *directory, const char *path, struct graph_error *error)
{
	bool made = mkdir(path, DIRECTORY_MODE) == 0;
	int parent;

	if (!made && errno != EEXIST)
		return outcome_system(error, "%s can't be made", path);
	directory->descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory->descriptor < 0)
		return outcome_system(error, "%s can't be opened", path);
	if (!made)
		return 0;
	parent = openat(directory->descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 || fsync(parent) < 0) {
		int result = outcome_system(error, "the directory above %s can't be synced", path);

		if (parent >= 0)
			close(parent);
		return result;
	}
	close(parent);
	return 0;
}

int
directory_make(const char *path, struct graph_error *error)
{
	struct directory directory = { .descriptor = -1, .lock_descriptor = -1, .store_descriptor = -1 };
	int result = open_made(&directory, path, error);

	directory_close(&directory);
	return result;
}

static int
refuse_remote(int descriptor, const char *path, struct graph_error *error)
{
	struct statfs about;

	if (fstatfs(descriptor, &about) < 0)
		return outcome_system(error, "the file system of %s can't be asked", path);
	if (directory_refuses((uint64_t)about.f_type))
		return outcome_say(error, GRAPH_E_REFUSED,
		    "%s lies on a network or FUSE file system; the store needs a local one", path);
	return 0;
}

static int
take_lock(struct directory *directory, struct graph_error *error)
{
	directory->lock_descriptor =
	    openat(directory->descriptor, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	if (directory->lock_descriptor < 0)
		return outcome_system(error, "%s/" LOCK_NAME " can't be opened", directory->path);
	if (flock(directory->lock_descriptor, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return outcome_say(
		    error, GRAPH_E_REFUSED, "%s is in use by another process", directory->path);
	return outcome_system(error, "%s/" LOCK_NAME " can't be locked", directory->path);
}

/* Removes one store that was never finished. Best effort: it is never used. */
static void
remove_unfinished(const struct directory *directory, const char *name)
{
	int store = openat(directory->descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (store < 0)
		return;
	unlinkat(store, STORE_FILE, 0);
	unlinkat(store, STORE_LOCK_FILE, 0);
	close(store);
	unlinkat(directory->descriptor, name, AT_REMOVEDIR);
}

static void
sweep(const struct directory *directory)
{
	int copy = openat(directory->descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (listing == NULL) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((entry = readdir(listing)) != NULL) {
		if (strncmp(entry->d_name, NEW_STORE_PREFIX, strlen(NEW_STORE_PREFIX)) == 0)
			remove_unfinished(directory, entry->d_name);
	}
	closedir(listing);
}

/* Begins with a directory that is closed, and its path. */
static int
name(struct directory *directory, const char *path, struct graph_error *error)
{
	size_t size = strlen(path);

	directory->descriptor = -1;
	directory->lock_descriptor = -1;
	directory->store_descriptor = -1;
	if (size == 0 || size >= sizeof(directory->path))
		return outcome_say(error, GRAPH_E_REFUSED, "the data directory's path is empty or too long");
	memcpy(directory->path, path, size + 1);
	return 0;
}

int
directory_open(struct directory *directory, const char *path, struct graph_error *error)
{
	int result = name(directory, path, error);

	if (result == 0)
		result = open_made(directory, path, error);
	if (result == 0)
		result = refuse_remote(directory->descriptor, directory->path, error);
	if (result == 0)
		result = take_lock(directory, error);
	if (result == 0)
		sweep(directory);
	return result;
}

void
directory_close(struct directory *directory)
{
	if (directory->store_descriptor >= 0)
		close(directory->store_descriptor);
	if (directory->lock_descriptor >= 0)
		close(directory->lock_descriptor);
	if (directory->descriptor >= 0)
		close(directory->descriptor);
	directory->store_descriptor = -1;
	directory->lock_descriptor = -1;
	directory->descriptor = -1;
}

static void
join(struct directory_path *out, const struct directory *directory, const char *name)
{
	snprintf(out->path, sizeof(out->path), "%s/%s", directory->path, name);
}

int
directory_find_store(
    struct directory_path *store, const struct directory *directory, struct graph_error *error)
{
	struct stat about;
	int descriptor =
	    openat(directory->descriptor, STORE_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result;

	if (descriptor < 0 && errno == ENOENT)
		return GRAPH_E_ABSENT;
	join(store, directory, STORE_NAME);
	if (descriptor < 0 && (errno == ELOOP || errno == ENOTDIR))
		return outcome_say(error, GRAPH_E_REFUSED,
		    "%s is a link or no directory; the store must lie in it", store->path);
	if (descriptor < 0)
		return outcome_system(error, "%s can't be opened", store->path);
	/* It may be a mount of its own. */
	result = refuse_remote(descriptor, store->path, error);
	/* LMDB would quietly make an empty environment where there is none. */
	if (result == 0 && (fstatat(descriptor, STORE_FILE, &about, 0) < 0 || about.st_size == 0))
		result = outcome_say(error, GRAPH_E_REFUSED,
		    "%s has no " STORE_FILE ", or an empty one: it is no store", store->path);
	close(descriptor);
	return result;
}

/* Locks the store's own directory, which nobody does who has the store open to write. */
static int
lock_store(struct directory *directory, int operation, const char *refusal, struct graph_error *error)
{
	directory->store_descriptor =
	    openat(directory->descriptor, STORE_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory->store_descriptor < 0)
		return outcome_system(error, "%s/" STORE_NAME " can't be opened", directory->path);
	if (flock(directory->store_descriptor, operation | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return outcome_say(error, GRAPH_E_REFUSED, "%s is %s", directory->path, refusal);
	return outcome_system(error, "%s/" STORE_NAME " can't be locked", directory->path);
}

int
directory_open_shared(
    struct directory *directory, struct directory_path *store, const char *path, struct graph_error *error)
{
	int result = name(directory, path, error);

	if (result != 0)
		return result;
	directory->descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory->descriptor < 0)
		return outcome_system(error, "%s can't be opened", path);
	result = refuse_remote(directory->descriptor, directory->path, error);
	if (result == 0)
		result = directory_find_store(store, directory, error);
	if (result == GRAPH_E_ABSENT)
		return outcome_say(error, GRAPH_E_REFUSED, "%s has no store", path);
	return result == 0 ? lock_store(directory, LOCK_SH, "being compacted", error) : result;
}

int
directory_claim_store(struct directory *directory, struct graph_error *error)
{
	return lock_store(directory, LOCK_EX, "being read by another process", error);
}

bool
directory_has_store(const char *path)
{
	char store[PATH_MAX + 64];

	snprintf(store, sizeof(store), "%s/" STORE_NAME, path);
	/* One that can't be looked at is there as well as one that can. */
	return faccessat(AT_FDCWD, store, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR);
}

int
directory_begin_store(
    struct directory_path *store, const struct directory *directory, struct graph_error *error)
{
	join(store, directory, NEW_STORE_PREFIX "XXXXXX");
	if (mkdtemp(store->path) == NULL)
		return outcome_system(error, "a new store can't be made in %s", directory->path);
	return 0;
}

/* Syncs a directory of the store's, by its path. */
static int
sync_store(const struct directory_path *store, struct graph_error *error)
{
	int descriptor = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	if (descriptor < 0)
		return outcome_system(error, "%s can't be opened", store->path);
	if (fsync(descriptor) < 0)
		result = outcome_system(error, "%s can't be synced", store->path);
	close(descriptor);
	return result;
}

int
directory_publish_store(
    const struct directory *directory, const struct directory_path *store, struct graph_error *error)
{
	struct directory_path published;
	int result = sync_store(store, error);

	if (result != 0)
		return result;
	join(&published, directory, STORE_NAME);
	if (rename(store->path, published.path) < 0)
		return outcome_system(error, "%s can't be renamed", store->path);
	if (fsync(directory->descriptor) < 0)
		return outcome_system(error, "%s can't be synced", directory->path);
	return 0;
}

int
directory_replace_store(
    const struct directory *directory, const struct directory_path *store, struct graph_error *error)
{
	struct directory_path published;
	int result = sync_store(store, error);

	if (result != 0)
		return result;
	join(&published, directory, STORE_NAME);
	if (renameat2(AT_FDCWD, store->path, AT_FDCWD, published.path, RENAME_EXCHANGE) < 0) {
		if (errno == EINVAL)
			return outcome_say(error, GRAPH_E_REFUSED,
			    "the file system of %s can't exchange two directories", directory->path);
		return outcome_system(error, "%s can't take the place of the store", store->path);
	}
	/* The old one goes once the new one is there for good. */
	if (fsync(directory->descriptor) < 0)
		return outcome_system(error, "%s can't be synced", directory->path);
	directory_drop_store(directory, store);
	if (access(store->path, F_OK) == 0)
		return outcome_say(error, -EBUSY, "%s, the store of before, can't be removed", store->path);
	return 0;
}

void
directory_drop_store(const struct directory *directory, const struct directory_path *store)
{
	remove_unfinished(directory, strrchr(store->path, '/') + 1);
}

int
directory_store_bytes(uint64_t *bytes, const struct directory_path *store, struct graph_error *error)
{
	char file[sizeof(store->path) + sizeof(STORE_FILE)];
	struct stat about;

	snprintf(file, sizeof(file), "%s/" STORE_FILE, store->path);
	if (stat(file, &about) < 0)
		return outcome_system(error, "%s can't be looked at", file);
	*bytes = (uint64_t)about.st_size;
	return 0;
}

int
directory_mark_failed(const struct directory *directory, const char *message)
{
	int mark =
	    openat(directory->descriptor, FAILED_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);

	if (mark < 0)
		return -errno;
	/* What it says is for people; that it is there, and stays, is what counts. */
	dprintf(mark, "%s\n", message);
	fsync(mark);
	close(mark);
	return fsync(directory->descriptor) < 0 ? -errno : 0;
}

bool
directory_is_marked(const struct directory *directory)
{
	return faccessat(directory->descriptor, FAILED_NAME, F_OK, 0) == 0;
}

int
directory_unmark(const struct directory *directory, struct graph_error *error)
{
	if (unlinkat(directory->descriptor, FAILED_NAME, 0) < 0)
		return outcome_system(error, "%s/" FAILED_NAME " can't be removed", directory->path);
	if (fsync(directory->descriptor) < 0)
		return outcome_system(error, "%s can't be synced", directory->path);
	return 0;
}

void
directory_drop_cache(const struct directory *directory)
{
	int file = openat(directory->descriptor, STORE_NAME "/" STORE_FILE, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return;
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	close(file);
}

uint64_t
directory_free_bytes(const struct directory *directory)
{
	struct statvfs about;

	if (fstatvfs(directory->descriptor, &about) < 0)
		return UINT64_MAX;
	return (uint64_t)about.f_bavail * about.f_frsize;
}

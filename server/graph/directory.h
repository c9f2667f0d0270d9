/* The data directory: what lies beside the store and keeps it from harm.
 *
 *	store/          the LMDB environment
 *	store.new-…/    one that is being made, or one that another took the place of;
 *	                never one that is in use
 *	lock            held by the process that has the store open
 *	failed          a commit failed: the store must be checked before it is used
 *
 * Private to graph/. Main thread, save directory_mark_failed and
 * directory_free_bytes, which any thread may call. */
#ifndef ANAGRAPH_SERVER_GRAPH_DIRECTORY_H
#define ANAGRAPH_SERVER_GRAPH_DIRECTORY_H

#include <limits.h>

#include "server/graph/graph.h"

struct directory {
	int descriptor;       /* -1 when closed */
	int lock_descriptor;  /* likewise */
	int store_descriptor; /* likewise; locked by who reads beside others, or compacts */
	char path[PATH_MAX];
};

/* A path below the directory. */
struct directory_path {
	char path[PATH_MAX + 64];
};

/* Opens the directory, made when missing, and takes its lock; sweeps away what an
 * interrupted making left. *directory may always be closed afterwards.
 * 0; GRAPH_E_REFUSED; -errno; *error says why. */
int directory_open(struct directory *directory, const char *path, struct graph_error *error);
void directory_close(struct directory *directory);

/* Opens the directory and finds the store for a process that only reads: beside any other,
 * but for one that compacts it. The same outcomes; a store that is not there is refused. */
int directory_open_shared(
    struct directory *directory, struct directory_path *store, const char *path, struct graph_error *error);

/* Keeps those away who only read, until the directory is closed. 0; GRAPH_E_REFUSED when
 * there are any; -errno. */
int directory_claim_store(struct directory *directory, struct graph_error *error);

/* Whether a kind of file system (statfs.f_type) is one that a store must not lie on:
 * one that another machine or a program serves. */
bool directory_refuses(uint64_t file_system_type);

/* Where the store is. 0; GRAPH_E_ABSENT when there is none; GRAPH_E_REFUSED when what
 * is there is no store; -errno. */
int directory_find_store(
    struct directory_path *store, const struct directory *directory, struct graph_error *error);

/* Makes the directory when it is missing, durably; nothing in it. 0; -errno. */
int directory_make(const char *path, struct graph_error *error);

/* Whether something of the store's name lies below a directory, which need not be there. */
bool directory_has_store(const char *path);

/* Makes an empty directory for a new store. 0; -errno. */
int directory_begin_store(
    struct directory_path *store, const struct directory *directory, struct graph_error *error);

/* Makes the new store the store, durably. 0; -errno. */
int directory_publish_store(
    const struct directory *directory, const struct directory_path *store, struct graph_error *error);

/* Puts a new store in the place of the store, durably, and removes the old one: at each
 * moment one of them is the store, whole. 0; GRAPH_E_REFUSED when the file system can't do
 * that; -errno. Neither may be open. */
int directory_replace_store(
    const struct directory *directory, const struct directory_path *store, struct graph_error *error);

/* Removes a new store that is not to be. Best effort. */
void directory_drop_store(const struct directory *directory, const struct directory_path *store);

/* How large a store's file is. 0; -errno. */
int directory_store_bytes(uint64_t *bytes, const struct directory_path *store, struct graph_error *error);

/* The mark that a commit failed; message is what it says. A disk that has failed may not
 * take it: 0; -errno. */
int directory_mark_failed(const struct directory *directory, const char *message);
bool directory_is_marked(const struct directory *directory);
int directory_unmark(const struct directory *directory, struct graph_error *error); /* 0; -errno */

/* Makes the system forget what it holds of the store in memory, so that what is read
 * next comes from the disk. Best effort; the store is not open. */
void directory_drop_cache(const struct directory *directory);

/* The space that is left for the store; UINT64_MAX when the system does not say. */
uint64_t directory_free_bytes(const struct directory *directory);

#endif

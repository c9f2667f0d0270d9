/* A policy as bytes on disk: who may have written them, what they are, and the copy
 * that is loaded in their place. Private to rules/host.c. Main thread.
 *
 * Functions that take an error return 0; POLICY_E_REFUSED with *error saying why;
 * -errno with *error untouched. */
#ifndef ANAGRAPH_RULES_POLICY_FILE_H
#define ANAGRAPH_RULES_POLICY_FILE_H

#include "rules/host.h"

struct policy_file {
	uint8_t *data; /* owned */
	size_t size;
	char build[POLICY_BUILD_DIGITS + 1];
};

/* Writes one line to *error; returns POLICY_E_REFUSED. What is printed may hold
 * anything: control characters become '?'. */
__attribute__((format(printf, 2, 3))) int policy_refuse(struct policy_error *error, const char *format, ...);

/* Opens a directory in which only root and this user can write. *out is the caller's
 * to close. */
int policy_dir_open(int *out, const char *path, struct policy_error *error);

/* Checks an open directory again. */
int policy_dir_check(int fd, const char *path, struct policy_error *error);

/* Reads the file at path, which lies in the directory open at dir_fd, if it is a
 * regular one of a size within limits in which only root and this user can write. */
int policy_file_read(struct policy_file *out, int dir_fd, const char *path, struct policy_error *error);

/* Accepts an empty one. */
void policy_file_finish(struct policy_file *file);

/* Sees to it that there is a file of that content at path. Whoever has another content
 * of that name mapped keeps it. 0; -errno. */
int policy_file_copy(const struct policy_file *file, const char *path);

#endif

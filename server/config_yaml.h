/* A YAML file as a tree of values that know where they stand, so that whatever is wrong
 * can be told with the file's name, the line and the key, once all of it has been read.
 * Private to config; main thread.
 *
 * YAML's own types don't count: a plain scalar is its text, so that NO is Norway and no
 * boolean. Functions that return int give 0, CONFIG_E_USAGE with *error set, or -errno. */
#ifndef ANAGRAPH_SERVER_CONFIG_YAML_H
#define ANAGRAPH_SERVER_CONFIG_YAML_H

#include <yaml.h>

#include "server/config.h"

enum { YAML_KEY_BYTES = 256, YAML_WHERE_BYTES = 640 };

struct yaml_file {
	const char *path;
	struct config_error *error;
	yaml_document_t document;
};

/* A value; borrowed from its file. */
struct yaml_value {
	struct yaml_file *file;
	int node;                 /* of the document, from 1 */
	size_t line;              /* of its key */
	char key[YAML_KEY_BYTES]; /* the way to it: "accounts[shop].blocked[2]"; empty for all of the file */
};

/* Reads a file, which must belong to root or to this user, not be writable by others, and
 * hold one mapping or nothing. *root is all of it. yaml_close gives everything back. */
int yaml_open(struct yaml_file *file, struct yaml_value *root, const char *path, struct config_error *error);
void yaml_close(struct yaml_file *file);

/* Where a value stands, as the beginning of a message: "anagraph.yaml:3: threads:". */
void yaml_where(char where[YAML_WHERE_BYTES], const struct yaml_value *value);

/* Sets the error, after where the value stands. CONFIG_E_USAGE. */
int yaml_refuse(const struct yaml_value *value, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A scalar's text, NUL-terminated, without a NUL in it; borrowed from the file. */
int yaml_text(const char **text, const struct yaml_value *value);

/* Has a value that the command line knows, too, read by what reads it there. */
int yaml_take_setting(struct config *config, const struct yaml_value *value,
    int (*read)(struct config *config, struct config_error *error, const char *where, const char *text));

/* One key of a mapping, and what takes its value. */
struct yaml_key {
	const char *name;
	int (*take)(void *target, const struct yaml_value *value);
};

/* Has each value of a mapping taken by its key, in the file's order. A key that is not
 * among keys, or that is there twice, is refused; nothing at all is an empty mapping. */
int yaml_take_mapping(
    const struct yaml_value *mapping, const struct yaml_key *keys, size_t key_count, void *target);

/* Whether it is keys with values, not a single value or a list. */
bool yaml_is_mapping(const struct yaml_value *value);

/* How many values a mapping or sequence has; nothing at all is an empty one. */
int yaml_count_mapping(size_t *count, const struct yaml_value *mapping);
int yaml_count_sequence(size_t *count, const struct yaml_value *sequence);

/* The value at an index below the count, with its key's text, named MAPPING[KEY]. */
int yaml_member(struct yaml_value *member, const char **key, const struct yaml_value *mapping, size_t index);

/* The value at an index below the count, named SEQUENCE[INDEX]. */
int yaml_item(struct yaml_value *item, const struct yaml_value *sequence, size_t index);

#endif

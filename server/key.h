/* The key of all keyed digests in a store (R24, R26, N6, R30), in a file of its own: who
 * gets hold of the store alone can't try out what its digests are of.
 *
 * What always holds: a key file is made whole or not at all, and one that others could
 * read, or that belongs to somebody else, is not used. Main thread. */
#ifndef ANAGRAPH_SERVER_KEY_H
#define ANAGRAPH_SERVER_KEY_H

#include "base/digest.h"

enum { KEY_MESSAGE_BYTES = 512 };

/* What is wrong, for people; NUL-terminated. */
struct key_error {
	char message[KEY_MESSAGE_BYTES];
};

enum key_outcome {
	KEY_E_ABSENT = 1,  /* there is no such file */
	KEY_E_REFUSED = 2, /* what is there can't be used: *error says why */
};

/* Reads the key. 0; KEY_E_ABSENT, KEY_E_REFUSED; -errno; *error says why. */
int key_read(struct digest_key *key, struct key_error *error, const char *path);

/* Makes a key that nobody can guess and stores it durably, readable by this user alone.
 * The file must not be there, but its directory must. 0; KEY_E_REFUSED when the file is
 * there; -errno; *error says why. */
int key_make(struct digest_key *key, struct key_error *error, const char *path);

#endif

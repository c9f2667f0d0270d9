/* The events of a tour, read from a file of JSON lines:
 * {"time":"09:02","say":"what happens","event":{an IdentifyRequest without account}}. */
#ifndef ANAGRAPH_CLIENT_TOUR_SCRIPT_H
#define ANAGRAPH_CLIENT_TOUR_SCRIPT_H

#include <stddef.h>

#include "anagraph/v1/identity.pb-c.h"

struct script_event {
	char *time;
	char *say;
	Anagraph__V1__IdentifyRequest *request;
};

struct script {
	struct script_event *events;
	size_t count;
};

enum { SCRIPT_PROBLEM_BYTES = 256 };

/* What is wrong with a script, for people: names the line. NUL-terminated. */
struct script_problem {
	char message[SCRIPT_PROBLEM_BYTES];
};

enum script_outcome {
	SCRIPT_E_FORM = 1, /* *problem says why */
};

/* Reads and checks all of a script; every request gets the account. To be freed with
 * script_finish. 0; SCRIPT_E_FORM; -errno. */
int script_read(struct script *out, struct script_problem *problem, const char *path, const char *account);

void script_finish(struct script *script);

#endif

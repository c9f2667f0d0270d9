/* What became different about a contact, in words. */
#ifndef ANAGRAPH_CLIENT_TOUR_CHANGES_H
#define ANAGRAPH_CLIENT_TOUR_CHANGES_H

#include <stdio.h>

#include "anagraph/v1/identity.pb-c.h"

/* Writes what a contact got, lost and exchanged: "; new: chat v-81; changed: CITY Modena
 * instead of Bologna". Nothing when nothing did, or when before is NULL. */
void changes_write(FILE *stream, const Anagraph__V1__Contact *before, const Anagraph__V1__Contact *after);

/* What was waiting for a person beside the contact and no longer does: "LAST_NAME Bianchi
 * …". To be freed; NULL when that is nothing, and when there is no memory. */
char *changes_closed(const Anagraph__V1__Contact *before, const Anagraph__V1__Contact *after);

#endif

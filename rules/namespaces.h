/* The names that the service knows: namespaces, and the attributes that say who
 * somebody is. Pure, any thread. */
#ifndef ANAGRAPH_RULES_NAMESPACES_H
#define ANAGRAPH_RULES_NAMESPACES_H

#include "rules/types.h"

/* The namespace's enumerator, or NAMESPACE_NONE for a name that is none. */
enum namespace_id namespace_find(struct bytes name);

/* The namespace's name; static. NAMESPACE_NONE gives an empty one. */
struct bytes namespace_name(enum namespace_id namespace_id);

/* Says who somebody is: ext_id, email, phone, whatsapp, landline. */
bool namespace_is_personal(enum namespace_id namespace_id);

/* Is a telephone number: phone, whatsapp, landline. */
bool namespace_is_number(enum namespace_id namespace_id);

/* Orders identifiers as a contact lists them: by namespace, its own value before an
 * alias, then by value. Negative, 0 or positive. */
int identifier_compare(const struct identifier *a, const struct identifier *b);

/* Orders dismissals as a contact lists them: by time, then name, then digest. */
int dismissal_compare(const struct dismissal *a, const struct dismissal *b);

/* FIRST_NAME or LAST_NAME. */
bool attribute_is_personal(struct bytes name);

/* The list of contacts that took part in a conversation (R7). */
#define LIST_ENGAGED BYTES("conversations-engaged")

#endif

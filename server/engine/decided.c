/* What was only asked, or comes to nothing with its transaction, is never told. */
#include "server/engine/decided.h"

#include <errno.h>

struct decided {
	struct decided *next;
	struct bytes account;
	const struct conflict *conflicts;
	size_t count;
};

void
decided_clear(struct decided_list *list)
{
	list->first = NULL;
	list->last_next = &list->first;
}

int
decided_note(
    struct decided_list *list, struct arena *arena, struct bytes account, const struct changeset *changeset)
{
	struct decided *decided;

	if (changeset->conflict_count == 0)
		return 0;
	decided = arena_alloc(arena, sizeof(*decided));
	if (decided == NULL)
		return -ENOMEM;
	*decided = (struct decided){
		.account = account,
		.conflicts = changeset->conflicts,
		.count = changeset->conflict_count,
	};
	*list->last_next = decided;
	list->last_next = &decided->next;
	return 0;
}

void
decided_tell(const struct decided_list *list, const struct decider *decider)
{
	for (const struct decided *decided = list->first; decided != NULL && decider->stored != NULL;
	     decided = decided->next)
		decider->stored(decider->context, decided->account, decided->conflicts, decided->count);
}

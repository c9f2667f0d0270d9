/* What a contact has no room for gives way: the least by its claim, and last what says
 * who somebody is. And what takes an empty place: the newest alias. */
#include "tests/model/decision.h"

/* Which of two gives way first: claim, then name, then value. */
static int
standing_order(const struct model_fact *a, const struct model_fact *b)
{
	int claims = model_claim_order(&a->claim, &b->claim);
	int names = strcmp(a->name, b->name);

	if (claims != 0)
		return claims;
	return names != 0 ? names : model_value_order(&a->value, &b->value);
}

/* R27: what the event names and did not bring stays, or the event would find it free
 * when it came again: a device that its contact had, an attribute whose value it could
 * not set. */
static bool
is_upheld(const struct decision *d, const struct model_fact *fact)
{
	for (size_t i = 0; i < d->event.fact_count; i++) {
		const struct model_fact *said = &d->event.facts[i];

		if (strcmp(said->name, fact->name) != 0)
			continue;
		if (model_is_attribute(fact))
			return !model_same_fact(said, fact) ||
			    model_claim_order(&said->claim, &fact->claim) != 0;
		if (model_same_fact(said, fact) && !d->created)
			return model_held(model_before_of(d, d->target->id), fact) != NULL;
	}
	return false;
}

/* R27: FIRST_NAME and LAST_NAME say who somebody is, and give way last. */
static bool
is_name(const struct model_fact *fact)
{
	return model_is_attribute(fact) &&
	    (strcmp(fact->name, "FIRST_NAME") == 0 || strcmp(fact->name, "LAST_NAME") == 0);
}

/* Releases the least of one kind until no more than limit are left. */
static void
limit_facts(struct decision *d, bool (*counts)(const struct model_fact *fact), size_t limit)
{
	struct model_contact *target = d->target;

	for (;;) {
		struct model_fact *least = NULL;
		size_t count = 0;

		for (size_t i = 0; i < target->fact_count; i++) {
			struct model_fact *fact = &target->facts[i];

			if (!counts(fact))
				continue;
			count++;
			if (is_upheld(d, fact))
				continue;
			if (least == NULL || is_name(fact) < is_name(least) ||
			    (is_name(fact) == is_name(least) && standing_order(fact, least) < 0))
				least = fact;
		}
		if (count <= limit)
			return;
		model_release(d, target, least, LOSS_LIMIT);
	}
}

/* R29. */
static bool
is_alias(const struct model_fact *fact)
{
	return fact->alias;
}

/* R21: personal identifiers give way last. */
static void
limit_secondaries(struct decision *d)
{
	struct model_contact *target = d->target;

	while (target->secondary_count > MODEL_SECONDARIES) {
		struct model_secondary *least = &target->secondaries[0];

		for (size_t i = 1; i < target->secondary_count; i++) {
			struct model_secondary *other = &target->secondaries[i];
			int kinds = model_is_personal(&other->fact) - model_is_personal(&least->fact);

			if (kinds < 0 || (kinds == 0 && standing_order(&other->fact, &least->fact) < 0))
				least = other;
		}
		model_close_secondary(d, target, least, LOSS_SUPERSEDED);
	}
	for (size_t i = 0; i < target->secondary_count; i++) {
		if (target->secondaries[i].id == 0)
			target->secondaries[i].id = ++d->model->last_secondary_id;
	}
}

void
model_apply_limits(struct decision *d)
{
	limit_facts(d, model_is_device, MODEL_DEVICES);
	limit_facts(d, model_is_attribute, MODEL_ATTRIBUTES);
	limit_facts(d, is_alias, MODEL_ALIASES);
	limit_secondaries(d);
}

static void
promote_alias(struct model_contact *contact, enum namespace_id namespace_id)
{
	struct model_fact *newest = NULL;

	for (size_t i = 0; i < contact->fact_count; i++) {
		struct model_fact *fact = &contact->facts[i];
		int claims;

		if (fact->namespace_id != namespace_id)
			continue;
		if (!fact->alias)
			return;
		claims = newest == NULL ? 1 : model_claim_order(&fact->claim, &newest->claim);
		if (claims > 0 || (claims == 0 && model_value_order(&fact->value, &newest->value) > 0))
			newest = fact;
	}
	if (newest != NULL)
		newest->alias = false;
}

void
model_promote_aliases(struct decision *d)
{
	for (enum namespace_id n = NAMESPACE_EXT_ID; n <= NAMESPACE_LANDLINE; n++) {
		promote_alias(d->target, n);
		for (size_t i = 0; i < d->before_count; i++)
			promote_alias(model_contact_of(d, d->befores[i].id), n);
	}
}

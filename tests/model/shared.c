/* N6: an identifier that was named together with too many others says no longer who
 * somebody is. */
#include "tests/model/decision.h"

/* Each pair once. */
static void
add_companion(struct model *model, const struct model_fact *of, const struct model_fact *with)
{
	struct model_companion companion = { .of = *of, .with = *with };

	if (of->namespace_id == NAMESPACE_EXT_ID)
		return;
	for (size_t i = 0; i < model->companion_count; i++) {
		if (model_same_fact(&model->companions[i].of, of) &&
		    model_same_fact(&model->companions[i].with, with))
			return;
	}
	model->companions =
	    model_append(model->companions, &model->companion_count, &companion, sizeof(companion));
}

/* What the event names together; conversations count for nothing here. */
static void
add_companions(struct decision *d)
{
	if (d->event.source == SOURCE_CONVERSATIONS)
		return;
	for (size_t i = 0; i < d->event.fact_count; i++) {
		for (size_t j = 0; j < d->event.fact_count; j++) {
			if (i != j && model_is_personal(&d->event.facts[i]) &&
			    model_is_personal(&d->event.facts[j]))
				add_companion(d->model, &d->event.facts[i], &d->event.facts[j]);
		}
	}
}

static bool
is_shared(const struct model *model, const struct model_fact *fact)
{
	size_t counts[NAMESPACE_COUNT] = { 0 };

	for (size_t i = 0; i < model->companion_count; i++) {
		const struct model_companion *companion = &model->companions[i];

		if (model_same_fact(&companion->of, fact) &&
		    ++counts[companion->with.namespace_id] > model->companion_limit)
			return true;
	}
	return false;
}

void
model_set_shared_apart(struct decision *d)
{
	struct model_entry *entry = d->entry;
	struct model_event *event = &d->event;
	size_t personal = 0;
	size_t kept = 0;

	add_companions(d);
	for (size_t i = 0; i < event->fact_count; i++) {
		personal += model_is_personal(&event->facts[i]);
		if (model_is_personal(&event->facts[i]) && is_shared(d->model, &event->facts[i]))
			entry->shared = model_append(
			    entry->shared, &entry->shared_count, &event->facts[i], sizeof(event->facts[i]));
	}
	d->all_shared = entry->shared_count > 0 && entry->shared_count == personal;
	if (d->all_shared)
		return;
	for (size_t i = 0; i < event->fact_count; i++) {
		bool shared = false;

		for (size_t j = 0; j < entry->shared_count; j++)
			shared = shared || model_same_fact(&entry->shared[j], &event->facts[i]);
		if (!shared)
			event->facts[kept++] = event->facts[i];
	}
	event->fact_count = kept;
}

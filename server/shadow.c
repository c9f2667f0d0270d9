/* A queue with one reader. What is logged of a difference is who, what kind and which
 * verdicts, never a value; only the first few between two reports are. */
#include "server/shadow.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/config_values.h"
#include "server/log.h"

enum {
	REPORT_QUESTIONS = 10000,
	DIFFERENCES_LOGGED = 20, /* between two reports */
	REPORT_BYTES = 512,
	ARENA_BYTES = 64 * 1024,
};

static const char *const kind_names[] = { "", "VALUE", "OWNER", "IDENTITY" };
static const char *const verdict_names[SHADOW_VERDICTS] = { "", "KEEP", "OFFER", "TAKE", "SEPARATE" };

/* A conflict with all that it borrows from. */
struct shown {
	struct shown *next;
	struct bytes account;
	struct conflict conflict;
	uint8_t texts[];
};

struct shadow {
	struct seat *seat;
	enum source source;
	struct arena arena; /* of its thread, one question's */
	uint64_t asked;
	unsigned logged; /* differences since the last report */
	pthread_t thread;
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t arrived;
	struct shown *first;
	struct shown **last_next;
	size_t waiting;
	bool ending;
	struct shadow_counts counts;
};

/* The texts that a conflict borrows and that its question shows. */
enum { TEXTS = 10 };

static void
list_texts(struct bytes *texts[TEXTS], struct shown *shown)
{
	struct conflict *conflict = &shown->conflict;
	struct bytes *all[TEXTS] = {
		&shown->account,
		&conflict->name,
		&conflict->stored.string,
		&conflict->stored_claim.conversation,
		&conflict->incoming.string,
		&conflict->incoming_claim.conversation,
		&conflict->displaced.string,
		&conflict->displaced_claim.conversation,
		&conflict->device.string,
		&conflict->device_claim.conversation,
	};

	memcpy(texts, all, sizeof(all));
}

/* A copy that borrows from nothing; NULL without memory. */
static struct shown *
copy_shown(struct bytes account, const struct conflict *conflict)
{
	struct shown borrowing = { .account = account, .conflict = *conflict };
	struct bytes *texts[TEXTS];
	size_t size = 0;
	struct shown *shown;
	uint8_t *at;

	list_texts(texts, &borrowing);
	for (size_t i = 0; i < TEXTS; i++)
		size += texts[i]->size;
	shown = malloc(sizeof(*shown) + size);
	if (shown == NULL)
		return NULL;
	*shown = borrowing;
	shown->conflict.reason = bytes_of(NULL, 0);
	shown->conflict.policy = (struct policy_identity){ 0 };
	at = shown->texts;
	list_texts(texts, shown);
	for (size_t i = 0; i < TEXTS; i++) {
		if (texts[i]->size > 0)
			memcpy(at, texts[i]->data, texts[i]->size);
		texts[i]->data = at;
		at += texts[i]->size;
	}
	return shown;
}

static int
ask(void *context, enum source source, const struct anagraph_conflict *conflict,
    struct anagraph_verdict *verdict, const struct policy_identity **identity)
{
	struct shadow *shadow = context;

	(void)source;
	*identity = seat_identity(shadow->seat);
	return seat_ask(verdict, shadow->seat, conflict);
}

static void
settled(void *context, enum source source, enum fallback fallback)
{
	(void)context;
	(void)source;
	(void)fallback;
}

/* Appends to a text that has room for REPORT_BYTES. */
static void __attribute__((format(printf, 2, 3))) add(char *text, const char *format, ...)
{
	size_t size = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + size, REPORT_BYTES - size, format, arguments);
	va_end(arguments);
}

static void
report(struct shadow *shadow)
{
	const struct shadow_counts counts = shadow_counts_of(shadow);
	char others[REPORT_BYTES] = "";
	uint64_t same = 0;
	uint64_t different = 0;

	for (unsigned stands = VERDICT_KEEP; stands < SHADOW_VERDICTS; stands++) {
		for (unsigned said = VERDICT_KEEP; said < SHADOW_VERDICTS; said++) {
			uint64_t count = counts.verdicts[stands][said];

			if (stands == said) {
				same += count;
			} else if (count > 0) {
				different += count;
				add(others, "%s%s for %s %" PRIu64, others[0] == '\0' ? ": " : ", ",
				    verdict_names[said], verdict_names[stands], count);
			}
		}
	}
	log_line("shadow %.*s (%s): same %" PRIu64 ", different %" PRIu64 "%s; failed %" PRIu64
		 ", deferred %" PRIu64 ", invalid %" PRIu64 ", timed out %" PRIu64 ", crashed %" PRIu64
		 ", unavailable %" PRIu64 ", skipped %" PRIu64,
	    BYTES_PRINT(seat_identity(shadow->seat)->id), config_source_name(shadow->source), same, different,
	    others, counts.fallbacks[FALLBACK_FAILED], counts.fallbacks[FALLBACK_DEFERRED],
	    counts.fallbacks[FALLBACK_INVALID], counts.fallbacks[FALLBACK_TIMED_OUT],
	    counts.fallbacks[FALLBACK_CRASHED], counts.fallbacks[FALLBACK_UNAVAILABLE], counts.skipped);
	shadow->logged = 0;
}

static void
log_difference(struct shadow *shadow, const struct shown *shown, const struct conflict *said)
{
	const struct conflict *stands = &shown->conflict;
	struct bytes name = stands->namespace_id == NAMESPACE_NONE ? BYTES("an attribute") : stands->name;

	if (++shadow->logged > DIFFERENCES_LOGGED)
		return;
	log_line("shadow %.*s (%s): account %.*s, contact %" PRIu64
		 ", %s of %.*s: %s was carried out, it says %s %.*s",
	    BYTES_PRINT(seat_identity(shadow->seat)->id), config_source_name(shadow->source),
	    BYTES_PRINT(shown->account), stands->target_contact_id, kind_names[stands->kind],
	    BYTES_PRINT(name), verdict_names[stands->verdict], verdict_names[said->verdict],
	    BYTES_PRINT(said->reason));
}

static void
put_question(struct shadow *shadow, const struct shown *shown)
{
	const struct decider decider = { .context = shadow, .ask = ask, .settled = settled };
	struct question question;
	struct conflict said;

	arena_reset(&shadow->arena);
	if (!conflict_question(&question, shown->account, &shown->conflict) ||
	    conflict_decide(&said, &shadow->arena, &question, &settings_default()->defaults, &decider) < 0) {
		pthread_mutex_lock(&shadow->lock);
		shadow->counts.skipped++;
		pthread_mutex_unlock(&shadow->lock);
		return;
	}
	pthread_mutex_lock(&shadow->lock);
	shadow->counts.fallbacks[said.fallback]++;
	if (said.fallback == FALLBACK_NONE)
		shadow->counts.verdicts[shown->conflict.verdict][said.verdict]++;
	pthread_mutex_unlock(&shadow->lock);
	if (said.fallback == FALLBACK_NONE && said.verdict != shown->conflict.verdict)
		log_difference(shadow, shown, &said);
	if (++shadow->asked % REPORT_QUESTIONS == 0)
		report(shadow);
}

/* The next one that waits; NULL once it ends. */
static struct shown *
take(struct shadow *shadow)
{
	struct shown *shown;

	pthread_mutex_lock(&shadow->lock);
	while (shadow->first == NULL && !shadow->ending)
		pthread_cond_wait(&shadow->arrived, &shadow->lock);
	shown = shadow->first;
	if (shown != NULL) {
		shadow->first = shown->next;
		if (shadow->first == NULL)
			shadow->last_next = &shadow->first;
		shadow->waiting--;
	}
	pthread_mutex_unlock(&shadow->lock);
	return shown;
}

static void *
run(void *context)
{
	struct shadow *shadow = context;
	struct shown *shown;

	while ((shown = take(shadow)) != NULL) {
		put_question(shadow, shown);
		free(shown);
	}
	return NULL;
}

void
shadow_show(struct shadow *shadow, struct bytes account, const struct conflict *conflict)
{
	struct shown *shown = NULL;
	bool fits;

	pthread_mutex_lock(&shadow->lock);
	fits = shadow->waiting < LIMIT_SHADOW_WAITING;
	pthread_mutex_unlock(&shadow->lock);
	if (fits)
		shown = copy_shown(account, conflict);
	pthread_mutex_lock(&shadow->lock);
	if (shown == NULL) {
		shadow->counts.skipped++;
	} else {
		shown->next = NULL;
		*shadow->last_next = shown;
		shadow->last_next = &shown->next;
		if (shadow->waiting++ == 0)
			pthread_cond_signal(&shadow->arrived);
	}
	pthread_mutex_unlock(&shadow->lock);
}

struct shadow_counts
shadow_counts_of(struct shadow *shadow)
{
	struct shadow_counts counts;

	pthread_mutex_lock(&shadow->lock);
	counts = shadow->counts;
	pthread_mutex_unlock(&shadow->lock);
	return counts;
}

static void
finish(struct shadow *shadow)
{
	seat_destroy(shadow->seat);
	arena_finish(&shadow->arena);
	pthread_cond_destroy(&shadow->arrived);
	pthread_mutex_destroy(&shadow->lock);
	free(shadow);
}

int
shadow_create(struct shadow **out, struct policy_host *host, enum source source, const struct config *config,
    struct policy_error *error)
{
	struct shadow *shadow = calloc(1, sizeof(*shadow));
	int result;

	if (shadow == NULL)
		return -ENOMEM;
	shadow->source = source;
	shadow->last_next = &shadow->first;
	arena_init(&shadow->arena, ARENA_BYTES);
	pthread_mutex_init(&shadow->lock, NULL);
	pthread_cond_init(&shadow->arrived, NULL);
	result = seat_create(
	    &shadow->seat, host, config->shadow_ids[source], &config->shadow_options[source], config, error);
	if (result == 0)
		result = -pthread_create(&shadow->thread, NULL, run, shadow);
	if (result != 0) {
		finish(shadow);
		return result;
	}
	*out = shadow;
	return 0;
}

/* Has its thread take nothing more: what waits is not asked, or an end could take as many
 * deadlines as may wait. */
static void
end(struct shadow *shadow)
{
	struct shown *dropped;

	pthread_mutex_lock(&shadow->lock);
	dropped = shadow->first;
	shadow->first = NULL;
	shadow->last_next = &shadow->first;
	shadow->counts.skipped += shadow->waiting;
	shadow->waiting = 0;
	shadow->ending = true;
	pthread_cond_signal(&shadow->arrived);
	pthread_mutex_unlock(&shadow->lock);
	while (dropped != NULL) {
		struct shown *next = dropped->next;

		free(dropped);
		dropped = next;
	}
}

void
shadow_destroy(struct shadow *shadow)
{
	if (shadow == NULL)
		return;
	end(shadow);
	pthread_join(shadow->thread, NULL);
	report(shadow);
	finish(shadow);
}

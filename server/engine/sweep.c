/* A round goes through all accounts, a few at a time, from one to the next in the order of
 * their names; it begins once a minute, also where nobody writes. Looking is done with a
 * reader, so that a store in which nothing is due is not written to. What is found is
 * taken away with the batches that are written anyway, in proportion to their size, and
 * in transactions of its own where there are none: no write ever waits for more than a
 * little of it. With each round, what killed readers left held is let go of. */
#include "server/engine/sweep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ACCOUNTS_A_LOOK = 128 };

static const int64_t ROUND_US = 60 * INT64_C(1000000);
static const int64_t DAY_US = INT64_C(24) * 60 * 60 * 1000000;

static int64_t
clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
tell(const struct sweep *sweep, const char *message)
{
	if (sweep->options->log != NULL)
		sweep->options->log(sweep->options->log_context, message);
}

int
sweep_init(struct sweep *sweep, const struct engine_options *options)
{
	int result;

	*sweep = (struct sweep){ .options = options, .next_round_us = engine_now_us() };
	result = graph_reader_create(&sweep->reader, options->graph);
	return result > 0 ? -EAGAIN : result;
}

void
sweep_finish(struct sweep *sweep)
{
	graph_reader_destroy(sweep->reader);
}

bool
sweep_is_due(const struct sweep *sweep)
{
	return sweep->answers_due || sweep->journal_due;
}

int64_t
sweep_idle_until_us(const struct sweep *sweep)
{
	return sweep_is_due(sweep) || sweep->looking ? 0 : sweep->next_round_us;
}

void
sweep_put_off(struct sweep *sweep)
{
	sweep->answers_due = false;
	sweep->journal_due = false;
	sweep->looking = false;
	sweep->next_round_us = engine_now_us() + ROUND_US;
}

/* Whether any account's journal has an end. */
static bool
has_retention(const struct settings *settings)
{
	bool found = settings->defaults.journal_retention_days != 0;

	for (size_t i = 0; !found && i < settings->account_count; i++)
		found = settings->accounts[i].settings.journal_retention_days != 0;
	return found;
}

static struct bytes
account_of(const struct sweep *sweep)
{
	return bytes_of(sweep->account, sweep->account_size);
}

/* Sees whether the account has entries that it does not keep. */
static void
look_at_account(struct sweep *sweep)
{
	struct bytes account = account_of(sweep);
	unsigned days = settings_of(sweep->options->settings, account)->journal_retention_days;
	int64_t before_us = clock_us() - (int64_t)days * DAY_US;
	int64_t recorded_at_us = 0;
	struct graph_error error;
	int result;

	if (days == 0)
		return;
	result = graph_oldest_journal(&recorded_at_us, sweep->reader, account, &error);
	if (result == GRAPH_E_DAMAGED)
		tell(sweep, error.message);
	sweep->journal_due = result == 0 && recorded_at_us < before_us;
	sweep->before_us = before_us;
}

/* Goes on to the accounts that follow, until one has something due. */
static void
look_at_accounts(struct sweep *sweep)
{
	for (unsigned i = 0; i < ACCOUNTS_A_LOOK && !sweep->journal_due; i++) {
		struct bytes account;

		if (graph_next_account(&account, sweep->reader, account_of(sweep)) != 0) {
			sweep->looking = false;
			return;
		}
		memcpy(sweep->account, account.data, account.size);
		sweep->account_size = account.size;
		look_at_account(sweep);
	}
}

/* One that was killed while it read would hold back the reuse of freed pages until a restart. */
static void
clear_readers(const struct sweep *sweep)
{
	unsigned cleared = 0;
	int result = graph_clear_readers(&cleared, sweep->options->graph);

	if (result != 0)
		tell(sweep, "cannot look for readers of the store that were killed");
	else if (cleared > 0)
		tell(sweep, "a reader of the store that was killed no longer holds back freed space");
}

void
sweep_look(struct sweep *sweep)
{
	int64_t expires_at_us;

	if (sweep_is_due(sweep) || sweep_idle_until_us(sweep) > engine_now_us())
		return;
	if (!sweep->looking) {
		sweep->looking = true;
		sweep->account_size = 0;
		sweep->next_round_us = engine_now_us() + ROUND_US;
		clear_readers(sweep);
	}
	if (graph_read_begin(sweep->reader) != 0) {
		sweep_put_off(sweep);
		return;
	}
	sweep->answers_due =
	    graph_next_expiry(&expires_at_us, sweep->reader) == 0 && expires_at_us <= clock_us();
	if (has_retention(sweep->options->settings))
		look_at_accounts(sweep);
	else
		sweep->looking = false;
	graph_read_end(sweep->reader);
}

int
sweep_some(struct sweep *sweep, size_t most)
{
	struct graph *graph = sweep->options->graph;
	struct graph_error error;
	size_t removed = 0;
	int result = graph_expire_requests(graph, clock_us(), most);

	/* Whether that was all shows with the next look. */
	sweep->looking = sweep->looking || sweep->answers_due;
	sweep->answers_due = false;
	if (result != 0 || !sweep->journal_due)
		return result;
	result = graph_expire_journal(&removed, graph, account_of(sweep), sweep->before_us, most, &error);
	if (result == GRAPH_E_DAMAGED) {
		/* Its other entries wait for somebody who mends the store. */
		tell(sweep, error.message);
		result = 0;
		removed = 0;
	}
	if (removed < most) {
		sweep->journal_due = false;
		sweep->looking = true;
	}
	return result;
}

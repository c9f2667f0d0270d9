/* Answers come in the order of the questions, so that what is under way is a ring: a
 * look-up waits for its ids, asks for its records, and goes to the end of it. hiredis
 * writes when it has nothing left to read, as many commands at once as were put by then. */
#include "bench/peers/redis.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/usage.h"

enum { PUT_IN_FLIGHT = 1000, KEY_BYTES = 160 };

struct redis {
	redisContext *context;
	pid_t pid;
	unsigned putting; /* SETs whose answers were not read yet */
	const char *words[REDIS_BATCH_KEYS + 1];
	size_t sizes[REDIS_BATCH_KEYS + 1];
	char keys[REDIS_BATCH_KEYS][KEY_BYTES];
};

/* A look-up under way. */
struct look_up {
	uint64_t started_ns;
	char account[DATASET_ACCOUNT_BYTES];
	bool has_ids;
};

static int
tell(const struct redis *redis, const char *what)
{
	fprintf(stderr, "anagraph-peers: Redis: %s: %s\n", what,
	    redis->context->err != 0 ? redis->context->errstr : "an answer that was not expected");
	return -EIO;
}

/* One answer, of a kind. 0 with *out to be freed; -errno. */
static int
take(redisReply **out, struct redis *redis, int type)
{
	void *answer = NULL;
	redisReply *reply;

	if (redisGetReply(redis->context, &answer) != REDIS_OK)
		return tell(redis, "no answer");
	reply = answer;
	if (reply->type == type) {
		*out = reply;
		return 0;
	}
	tell(redis, reply->type == REDIS_REPLY_ERROR ? reply->str : "another kind of answer");
	freeReplyObject(reply);
	return -EIO;
}

int
redis_open(struct redis **out, unsigned port, const char *password, pid_t pid)
{
	struct redis *redis = calloc(1, sizeof(*redis));
	redisReply *reply;
	int result = -ENOMEM;

	if (redis == NULL)
		return -ENOMEM;
	redis->pid = pid;
	redis->context = redisConnect("127.0.0.1", (int)port);
	if (redis->context != NULL)
		result = redis->context->err == 0 ? 0 : tell(redis, "no connection");
	if (result == 0 && redisAppendCommand(redis->context, "AUTH %s", password) != REDIS_OK)
		result = -ENOMEM;
	if (result == 0)
		result = take(&reply, redis, REDIS_REPLY_STATUS);
	if (result != 0) {
		redis_close(redis);
		return result;
	}
	freeReplyObject(reply);
	*out = redis;
	return 0;
}

void
redis_close(struct redis *redis)
{
	if (redis == NULL)
		return;
	if (redis->context != NULL)
		redisFree(redis->context);
	free(redis);
}

int
redis_version(char version[REDIS_VERSION_BYTES], struct redis *redis)
{
	static const char name[] = "redis_version:";
	const char *at;
	redisReply *reply;
	int result;

	if (redisAppendCommand(redis->context, "INFO server") != REDIS_OK)
		return -ENOMEM;
	result = take(&reply, redis, REDIS_REPLY_STRING);
	if (result != 0)
		return result;
	at = strstr(reply->str, name);
	at = at == NULL ? "" : at + sizeof(name) - 1;
	snprintf(version, REDIS_VERSION_BYTES, "%.*s", (int)strcspn(at, "\r\n"), at);
	freeReplyObject(reply);
	return 0;
}

static size_t
make_identifier_key(char key[KEY_BYTES], const char *account, const struct dataset_key *identifier)
{
	return (size_t)snprintf(
	    key, KEY_BYTES, "%s:%s:%s", account, identifier->namespace_name, identifier->value);
}

static int
take_put(struct redis *redis)
{
	redisReply *reply;
	int result = take(&reply, redis, REDIS_REPLY_STATUS);

	if (result != 0)
		return result;
	freeReplyObject(reply);
	redis->putting--;
	return 0;
}

int
redis_put(struct redis *redis, const struct peer_contact *contact)
{
	char key[KEY_BYTES];
	size_t size = make_identifier_key(key, contact->account, contact->key);
	int result = 0;

	if (redisAppendCommand(redis->context, "SET %b %" PRIu64, key, size, contact->contact_id) !=
		REDIS_OK ||
	    redisAppendCommand(redis->context, "SET %s:%" PRIu64 " %b", contact->account, contact->contact_id,
		contact->record.data, contact->record.size) != REDIS_OK)
		return -ENOMEM;
	redis->putting += 2;
	while (result == 0 && redis->putting > PUT_IN_FLIGHT)
		result = take_put(redis);
	return result;
}

int
redis_put_end(struct redis *redis)
{
	int result = 0;

	while (result == 0 && redis->putting > 0)
		result = take_put(redis);
	return result;
}

/* Sends a GET or MGET of the keys that stand in redis. 0; -ENOMEM. */
static int
send_keys(struct redis *redis, unsigned key_count)
{
	redis->words[0] = key_count == 1 ? "GET" : "MGET";
	redis->sizes[0] = strlen(redis->words[0]);
	for (unsigned i = 0; i < key_count; i++)
		redis->words[i + 1] = redis->keys[i];
	return redisAppendCommandArgv(redis->context, (int)key_count + 1, redis->words, redis->sizes) ==
		REDIS_OK
	    ? 0
	    : -ENOMEM;
}

static int
ask_ids(struct look_up *look_up, struct redis *redis, struct peer_source *source, unsigned key_count)
{
	struct peer_key key = { .account = "" };

	for (unsigned i = 0; i < key_count; i++) {
		peer_source_next(&key, source);
		redis->sizes[i + 1] = make_identifier_key(redis->keys[i], key.account, &key.key);
	}
	memcpy(look_up->account, key.account, sizeof(look_up->account));
	look_up->has_ids = false;
	look_up->started_ns = usage_now_ns();
	return send_keys(redis, key_count);
}

/* The text at a place of an answer, which is that text or a list of them; NULL when there is
 * none. */
static const redisReply *
text_at(const redisReply *reply, unsigned i, unsigned key_count)
{
	const redisReply *text = reply;

	if (key_count > 1)
		text = i < reply->elements ? reply->element[i] : NULL;
	return text != NULL && text->type == REDIS_REPLY_STRING ? text : NULL;
}

static int
ask_records(struct look_up *look_up, struct redis *redis, const redisReply *ids, unsigned key_count)
{
	for (unsigned i = 0; i < key_count; i++) {
		const redisReply *id = text_at(ids, i, key_count);

		if (id == NULL)
			return tell(redis, "a contact is missing");
		redis->sizes[i + 1] =
		    (size_t)snprintf(redis->keys[i], KEY_BYTES, "%s:%s", look_up->account, id->str);
	}
	look_up->has_ids = true;
	return send_keys(redis, key_count);
}

static int
check_records(const struct redis *redis, const redisReply *records, unsigned key_count)
{
	for (unsigned i = 0; i < key_count; i++) {
		const redisReply *record = text_at(records, i, key_count);

		if (record == NULL || record->len == 0)
			return tell(redis, "a record is missing");
	}
	return 0;
}

/* Takes the next answer and asks what follows from it: nothing once the time is over. *ended
 * tells whether a look-up is done for good. 0; -errno. */
static int
step(bool *ended, struct look_up *look_up, struct peer_round *round, struct redis *redis,
    struct peer_source *source, unsigned key_count, uint64_t until_ns)
{
	redisReply *reply;
	uint64_t now_ns;
	int result = take(&reply, redis, key_count == 1 ? REDIS_REPLY_STRING : REDIS_REPLY_ARRAY);

	if (result != 0)
		return result;
	*ended = false;
	if (!look_up->has_ids) {
		result = ask_records(look_up, redis, reply, key_count);
		freeReplyObject(reply);
		return result;
	}
	result = check_records(redis, reply, key_count);
	freeReplyObject(reply);
	now_ns = usage_now_ns();
	histogram_add(&round->latency_ns, now_ns - look_up->started_ns);
	round->calls++;
	*ended = now_ns >= until_ns;
	if (result == 0 && !*ended)
		result = ask_ids(look_up, redis, source, key_count);
	return result;
}

int
redis_look_up(struct peer_round *round, struct redis *redis, struct peer_source *source, unsigned key_count)
{
	struct look_up *ring = calloc(round->in_flight, sizeof(*ring));
	unsigned first = 0;
	unsigned count = 0;
	uint64_t begun_ns = usage_now_ns();
	uint64_t until_ns = begun_ns + (uint64_t)(round->seconds * 1e9);
	uint64_t before_ns;
	uint64_t after_ns;
	int result = ring == NULL ? -ENOMEM : peer_cpu_ns(&before_ns, redis->pid, false);

	while (result == 0 && count < round->in_flight)
		result = ask_ids(&ring[count++], redis, source, key_count);
	while (result == 0 && count > 0) {
		struct look_up look_up = ring[first];
		bool ended;

		result = step(&ended, &look_up, round, redis, source, key_count, until_ns);
		first = (first + 1) % round->in_flight;
		count--;
		if (result == 0 && !ended) {
			ring[(first + count) % round->in_flight] = look_up;
			count++;
		}
	}
	free(ring);
	if (result == 0)
		result = peer_cpu_ns(&after_ns, redis->pid, false);
	if (result == 0) {
		round->cpu_ns = after_ns - before_ns;
		round->seconds = (double)(usage_now_ns() - begun_ns) / 1e9;
	}
	return result;
}

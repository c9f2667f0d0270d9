/* libpq in pipeline mode, each connection with a state of its own, and one thread that
 * waits for all of them. What is sent fits into a socket's buffer, so that sending never
 * waits. */
#include "bench/peers/postgres.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/usage.h"

enum { TEXT_BYTES = 32, QUERY_BYTES = 160, ENTRY_BYTES = 200, READ_DEPTH = 64, COPY_BYTES = 64 * 1024 };

static const char TABLES[] =
    "CREATE TABLE identifier (account text NOT NULL, namespace text NOT NULL, value text NOT NULL,"
    " contact_id bigint NOT NULL);"
    "CREATE TABLE contact (account text NOT NULL, id bigint NOT NULL, record bytea NOT NULL);"
    "CREATE TABLE journal (account text NOT NULL, sequence bigint NOT NULL, contact_id bigint NOT NULL,"
    " entry bytea NOT NULL, PRIMARY KEY (account, sequence));"
    "CREATE TABLE account (name text PRIMARY KEY, revision bigint NOT NULL, identified bigint NOT NULL);"
    "CREATE SEQUENCE journal_sequence CACHE 32;"
    "CREATE TEMPORARY TABLE loaded (account text, namespace text, value text, id bigint, record bytea);";

static const char INDICES[] =
    "INSERT INTO contact SELECT account, id, record FROM loaded ORDER BY account, id;"
    "INSERT INTO identifier SELECT account, namespace, value, id FROM loaded"
    " ORDER BY account, namespace, value;"
    "INSERT INTO account SELECT account, 1, count(*) FROM loaded GROUP BY account;"
    "DROP TABLE loaded;"
    "ALTER TABLE contact ADD PRIMARY KEY (account, id);"
    "ALTER TABLE identifier ADD PRIMARY KEY (account, namespace, value);";

/* Has a connection's process touch all that is read: its first touch of each page of the
 * shared memory is dear, and a process that lives for days has them behind it. */
static const char WARM_UP[] =
    "SET max_parallel_workers_per_gather = 0;"
    "SELECT count(*) FROM contact; SELECT count(*) FROM identifier;"
    "SET enable_seqscan = off; SELECT count(*) FROM contact; SELECT count(*) FROM identifier;"
    "RESET enable_seqscan;";

enum statement {
	STATEMENT_LOOK_UP,
	STATEMENT_BEGIN,
	STATEMENT_LOAD,
	STATEMENT_CONTACT,
	STATEMENT_IDENTIFIER,
	STATEMENT_JOURNAL,
	STATEMENT_ACCOUNT,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_COUNT,
};

#define FIND                                                                                                 \
	" FROM identifier i JOIN contact c ON c.account = i.account AND c.id = i.contact_id"                 \
	" WHERE i.account = $1 AND i.namespace = $2 AND i.value = $3"

static const struct {
	const char *name;
	const char *text;
} STATEMENTS[STATEMENT_COUNT] = {
	{ "look_up", "SELECT c.record" FIND },
	{ "begin", "BEGIN ISOLATION LEVEL SERIALIZABLE" },
	{ "load", "SELECT c.id, c.record" FIND },
	{ "contact",
	    "INSERT INTO contact VALUES ($1, $2, $3)"
	    " ON CONFLICT (account, id) DO UPDATE SET record = EXCLUDED.record" },
	{ "identifier",
	    "INSERT INTO identifier VALUES ($1, $2, $3, $4)"
	    " ON CONFLICT (account, namespace, value) DO UPDATE SET contact_id = EXCLUDED.contact_id" },
	{ "journal", "INSERT INTO journal VALUES ($1, nextval('journal_sequence'), $2, $3)" },
	{ "account",
	    "INSERT INTO account VALUES ($1, 1, 1)"
	    " ON CONFLICT (name) DO UPDATE SET revision = account.revision + 1" },
	{ "commit", "COMMIT" },
	{ "rollback", "ROLLBACK" },
};

/* Where a connection's transaction is. */
enum phase { PHASE_IDLE, PHASE_LOADING, PHASE_COMMITTING };

struct caller {
	PGconn *connection;
	unsigned syncs; /* that were sent and not yet answered */
	/* Reading: when each question was asked, in their order. */
	uint64_t asked_ns[READ_DEPTH];
	unsigned asked_first;
	unsigned asked_count;
	/* Changing. */
	enum phase phase;
	uint64_t started_ns;
	struct peer_key key;
	char contact_id[8]; /* as the database has it */
	char *record;
	int record_bytes;
	bool failed; /* it could not be serialised */
};

struct postgres {
	const char *where;
	const char *schema;
	pid_t pid;
	PGconn *connection; /* for all that is not measured */
	struct caller callers[POSTGRES_CONNECTIONS];
	int waiter; /* epoll's */
	uint64_t changes;
	char *rows; /* that were not sent yet */
	size_t rows_bytes;
	size_t rows_room;
};

static int
tell(const PGconn *connection, const char *what)
{
	fprintf(stderr, "anagraph-peers: PostgreSQL: %s: %s\n", what, PQerrorMessage(connection));
	return -EIO;
}

static int
execute(PGconn *connection, const char *text)
{
	PGresult *result = PQexec(connection, text);
	ExecStatusType status = PQresultStatus(result);

	PQclear(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN
	    ? 0
	    : tell(connection, text);
}

/* 0; -errno. */
static int
connect_one(PGconn **out, const struct postgres *postgres)
{
	PGconn *connection = PQconnectdb(postgres->where);
	char text[QUERY_BYTES];
	int result = -ENOMEM;

	if (connection != NULL)
		result = PQstatus(connection) == CONNECTION_OK ? 0 : tell(connection, "no connection");
	snprintf(
	    text, sizeof(text), "SET search_path = %s; SET client_min_messages = error", postgres->schema);
	if (result == 0)
		result = execute(connection, text);
	if (result != 0) {
		PQfinish(connection);
		return result;
	}
	*out = connection;
	return 0;
}

int
postgres_open(struct postgres **out, const char *where, const char *schema, pid_t pid)
{
	struct postgres *postgres = calloc(1, sizeof(*postgres));
	int result = 0;

	if (postgres == NULL)
		return -ENOMEM;
	postgres->where = where;
	postgres->schema = schema;
	postgres->pid = pid;
	postgres->waiter = epoll_create1(EPOLL_CLOEXEC);
	if (postgres->waiter < 0)
		result = -errno;
	if (result == 0)
		result = connect_one(&postgres->connection, postgres);
	if (result != 0) {
		postgres_close(postgres);
		return result;
	}
	*out = postgres;
	return 0;
}

void
postgres_close(struct postgres *postgres)
{
	if (postgres == NULL)
		return;
	for (unsigned i = 0; i < POSTGRES_CONNECTIONS; i++) {
		PQfinish(postgres->callers[i].connection);
		free(postgres->callers[i].record);
	}
	PQfinish(postgres->connection);
	if (postgres->waiter >= 0)
		close(postgres->waiter);
	free(postgres->rows);
	free(postgres);
}

int
postgres_version(char version[POSTGRES_VERSION_BYTES], struct postgres *postgres)
{
	const char *text = PQparameterStatus(postgres->connection, "server_version");

	if (text == NULL)
		return tell(postgres->connection, "no version");
	snprintf(version, POSTGRES_VERSION_BYTES, "%s", text);
	return 0;
}

int
postgres_put_begin(struct postgres *postgres)
{
	char text[QUERY_BYTES];
	int result;

	snprintf(text, sizeof(text), "CREATE SCHEMA %s", postgres->schema);
	result = execute(postgres->connection, text);
	if (result == 0)
		result = execute(postgres->connection, TABLES);
	return result == 0 ? execute(postgres->connection, "COPY loaded FROM STDIN") : result;
}

static int
send_rows(struct postgres *postgres)
{
	int sent = PQputCopyData(postgres->connection, postgres->rows, (int)postgres->rows_bytes);

	postgres->rows_bytes = 0;
	return sent == 1 ? 0 : tell(postgres->connection, "COPY");
}

int
postgres_put(struct postgres *postgres, const struct peer_contact *contact)
{
	static const char digits[] = "0123456789abcdef";
	size_t most = QUERY_BYTES + sizeof(struct peer_key) + 2 * contact->record.size;
	char *at;

	if (postgres->rows_room - postgres->rows_bytes < most) {
		size_t room = postgres->rows_bytes + most + COPY_BYTES;
		char *rows = realloc(postgres->rows, room);

		if (rows == NULL)
			return -ENOMEM;
		postgres->rows = rows;
		postgres->rows_room = room;
	}
	at = postgres->rows + postgres->rows_bytes;
	at += sprintf(at, "%s\t%s\t%s\t%" PRIu64 "\t\\\\x", contact->account, contact->key->namespace_name,
	    contact->key->value, contact->contact_id);
	for (size_t i = 0; i < contact->record.size; i++) {
		*at++ = digits[contact->record.data[i] >> 4];
		*at++ = digits[contact->record.data[i] & 15];
	}
	*at++ = '\n';
	postgres->rows_bytes = (size_t)(at - postgres->rows);
	return postgres->rows_bytes < COPY_BYTES ? 0 : send_rows(postgres);
}

int
postgres_put_end(struct postgres *postgres)
{
	PGconn *connection = postgres->connection;
	PGresult *copied;
	ExecStatusType status;
	int result = send_rows(postgres);

	if (result != 0)
		return result;
	if (PQputCopyEnd(connection, NULL) != 1)
		return tell(connection, "COPY");
	copied = PQgetResult(connection);
	status = PQresultStatus(copied);
	PQclear(copied);
	while ((copied = PQgetResult(connection)) != NULL)
		PQclear(copied);
	if (status != PGRES_COMMAND_OK)
		return tell(connection, "COPY");
	result = execute(connection, INDICES);
	if (result == 0)
		result = execute(connection, "VACUUM (ANALYZE)");
	return result == 0 ? execute(connection, "CHECKPOINT") : result;
}

int
postgres_connect(struct postgres *postgres)
{
	for (unsigned i = 0; i < POSTGRES_CONNECTIONS; i++) {
		struct caller *caller = &postgres->callers[i];
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
		int result = connect_one(&caller->connection, postgres);

		for (unsigned s = 0; result == 0 && s < STATEMENT_COUNT; s++) {
			PGresult *prepared =
			    PQprepare(caller->connection, STATEMENTS[s].name, STATEMENTS[s].text, 0, NULL);

			if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
				result = tell(caller->connection, STATEMENTS[s].name);
			PQclear(prepared);
		}
		if (result == 0 && i < POSTGRES_READERS)
			result = execute(caller->connection, WARM_UP);
		if (result != 0)
			return result;
		if (PQenterPipelineMode(caller->connection) != 1)
			return tell(caller->connection, "pipeline mode");
		if (epoll_ctl(postgres->waiter, EPOLL_CTL_ADD, PQsocket(caller->connection), &event) != 0)
			return -errno;
	}
	return 0;
}

/* What is sent with a statement; values are bytes as the database has them. */
struct parameters {
	const char *values[4];
	int sizes[4];
	int count;
};

static void
add_parameter(struct parameters *parameters, const char *value, size_t size)
{
	parameters->values[parameters->count] = value;
	parameters->sizes[parameters->count++] = (int)size;
}

static struct parameters
key_parameters(const struct peer_key *key)
{
	struct parameters parameters = { .count = 0 };

	add_parameter(&parameters, key->account, strlen(key->account));
	add_parameter(&parameters, key->key.namespace_name, strlen(key->key.namespace_name));
	add_parameter(&parameters, key->key.value, strlen(key->key.value));
	return parameters;
}

static int
send_statement(struct caller *caller, enum statement statement, const struct parameters *parameters)
{
	static const struct parameters none = { .count = 0 };
	static const int binary[4] = { 1, 1, 1, 1 };

	if (parameters == NULL)
		parameters = &none;
	return PQsendQueryPrepared(caller->connection, STATEMENTS[statement].name, parameters->count,
		   parameters->values, parameters->sizes, binary, 1) == 1
	    ? 0
	    : tell(caller->connection, STATEMENTS[statement].name);
}

static int
send_sync(struct caller *caller)
{
	caller->syncs++;
	return PQpipelineSync(caller->connection) == 1 ? 0 : tell(caller->connection, "sync");
}

/* Takes what an answer says of one statement. 0; -errno. */
typedef int (*take_function)(struct caller *caller, const PGresult *answer, void *context);

/* Takes all that has come on a connection; each end of a pipeline is given to take, too.
 * 0; -errno. */
static int
take_all(struct caller *caller, take_function take, void *context)
{
	PGconn *connection = caller->connection;

	if (PQconsumeInput(connection) != 1)
		return tell(connection, "no answer");
	while (caller->syncs > 0 && !PQisBusy(connection)) {
		PGresult *answer = PQgetResult(connection);
		int result;

		/* So ends a statement, and the next one's answers follow. */
		if (answer == NULL)
			continue;
		if (PQresultStatus(answer) == PGRES_PIPELINE_SYNC)
			caller->syncs--;
		result = take(caller, answer, context);
		PQclear(answer);
		if (result != 0)
			return result;
	}
	return 0;
}

/* One round: what all callers have in common. */
struct run {
	struct postgres *postgres;
	struct peer_round *round;
	struct peer_source *source;
	uint64_t until_ns;
	unsigned under_way; /* calls */
	bool counted;
};

/* Has each caller take what came, until no call is under way. 0; -errno. */
static int
wait_for_all(struct run *run, take_function take)
{
	struct epoll_event events[POSTGRES_CONNECTIONS];
	int result = 0;

	while (result == 0 && run->under_way > 0) {
		int count = epoll_wait(run->postgres->waiter, events, POSTGRES_CONNECTIONS, -1);

		if (count < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < count && result == 0; i++)
			result = take_all(&run->postgres->callers[events[i].data.u32], take, run);
	}
	return result;
}

/* One call is over. Returns whether another is to follow. */
static bool
finish_call(struct run *run, uint64_t started_ns)
{
	uint64_t now_ns = usage_now_ns();

	histogram_add(&run->round->latency_ns, now_ns - started_ns);
	run->round->calls++;
	run->under_way--;
	return now_ns < run->until_ns;
}

static int
ask(struct run *run, struct caller *caller)
{
	struct parameters parameters;
	struct peer_key key;
	int result;

	peer_source_next(&key, run->source);
	parameters = key_parameters(&key);
	caller->asked_ns[(caller->asked_first + caller->asked_count++) % READ_DEPTH] = usage_now_ns();
	run->under_way++;
	result = send_statement(caller, STATEMENT_LOOK_UP, &parameters);
	return result == 0 ? send_sync(caller) : result;
}

static int
take_record(struct caller *caller, const PGresult *answer, void *context)
{
	struct run *run = context;
	uint64_t started_ns;

	if (PQresultStatus(answer) == PGRES_PIPELINE_SYNC)
		return 0;
	if (PQresultStatus(answer) != PGRES_TUPLES_OK || PQntuples(answer) != 1 ||
	    PQgetlength(answer, 0, 0) == 0)
		return tell(caller->connection, "a record is missing");
	started_ns = caller->asked_ns[caller->asked_first];
	caller->asked_first = (caller->asked_first + 1) % READ_DEPTH;
	caller->asked_count--;
	return finish_call(run, started_ns) ? ask(run, caller) : 0;
}

/* Measures what start begins and take goes on with. 0; -errno. */
static int
measure(struct run *run, int (*start)(struct run *run), take_function take)
{
	struct peer_round *round = run->round;
	uint64_t begun_ns = usage_now_ns();
	uint64_t before_ns;
	uint64_t after_ns;
	int result = peer_cpu_ns(&before_ns, run->postgres->pid, true);

	run->until_ns = begun_ns + (uint64_t)(round->seconds * 1e9);
	if (result == 0)
		result = start(run);
	if (result == 0)
		result = wait_for_all(run, take);
	if (result == 0)
		result = peer_cpu_ns(&after_ns, run->postgres->pid, true);
	if (result == 0) {
		round->cpu_ns = after_ns - before_ns;
		round->seconds = (double)(usage_now_ns() - begun_ns) / 1e9;
	}
	return result;
}

static int
start_asking(struct run *run)
{
	int result = 0;

	for (unsigned i = 0; result == 0 && i < run->round->in_flight; i++)
		result = ask(run, &run->postgres->callers[i % POSTGRES_READERS]);
	return result;
}

int
postgres_look_up(struct peer_round *round, struct postgres *postgres, struct peer_source *source)
{
	struct run run = { .postgres = postgres, .round = round, .source = source };

	return measure(&run, start_asking, take_record);
}

/* The first round trip of a transaction. */
static int
send_load(struct caller *caller, bool again)
{
	struct parameters parameters = key_parameters(&caller->key);
	int result = again ? send_statement(caller, STATEMENT_ROLLBACK, NULL) : 0;

	caller->phase = PHASE_LOADING;
	caller->failed = false;
	if (result == 0)
		result = send_statement(caller, STATEMENT_BEGIN, NULL);
	if (result == 0)
		result = send_statement(caller, STATEMENT_LOAD, &parameters);
	return result == 0 ? send_sync(caller) : result;
}

static int
start_change(struct run *run, struct caller *caller)
{
	peer_source_next(&caller->key, run->source);
	caller->started_ns = usage_now_ns();
	run->under_way++;
	return send_load(caller, false);
}

/* Keeps what was loaded and changes it, into a record as long. */
static int
keep_record(struct postgres *postgres, struct caller *caller, const PGresult *answer)
{
	int size = PQgetlength(answer, 0, 1);
	uint64_t change = ++postgres->changes;

	if (PQntuples(answer) != 1 || PQgetlength(answer, 0, 0) != sizeof(caller->contact_id) ||
	    size < (int)sizeof(change))
		return tell(caller->connection, "a contact is missing");
	if (size > caller->record_bytes) {
		char *record = realloc(caller->record, (size_t)size);

		if (record == NULL)
			return -ENOMEM;
		caller->record = record;
	}
	caller->record_bytes = size;
	memcpy(caller->contact_id, PQgetvalue(answer, 0, 0), sizeof(caller->contact_id));
	memcpy(caller->record, PQgetvalue(answer, 0, 1), (size_t)size);
	memcpy(caller->record + size - sizeof(change), &change, sizeof(change));
	return 0;
}

/* The second one: what was decided, and its commit. */
static int
send_commit(struct caller *caller, bool counted)
{
	static const char entry[ENTRY_BYTES] = "what happened";
	struct parameters account = { .count = 0 };
	struct parameters identifier = key_parameters(&caller->key);
	struct parameters contact;
	struct parameters journal;
	int result;

	add_parameter(&account, caller->key.account, strlen(caller->key.account));
	contact = account;
	add_parameter(&contact, caller->contact_id, sizeof(caller->contact_id));
	journal = contact;
	add_parameter(&contact, caller->record, (size_t)caller->record_bytes);
	add_parameter(&journal, entry, sizeof(entry));
	add_parameter(&identifier, caller->contact_id, sizeof(caller->contact_id));
	caller->phase = PHASE_COMMITTING;
	result = send_statement(caller, STATEMENT_CONTACT, &contact);
	if (result == 0)
		result = send_statement(caller, STATEMENT_IDENTIFIER, &identifier);
	if (result == 0)
		result = send_statement(caller, STATEMENT_JOURNAL, &journal);
	if (result == 0 && counted)
		result = send_statement(caller, STATEMENT_ACCOUNT, &account);
	if (result == 0)
		result = send_statement(caller, STATEMENT_COMMIT, NULL);
	return result == 0 ? send_sync(caller) : result;
}

/* A round trip is over. */
static int
go_on(struct run *run, struct caller *caller)
{
	if (caller->failed) {
		run->round->retries++;
		return send_load(caller, true);
	}
	if (caller->phase == PHASE_LOADING)
		return send_commit(caller, run->counted);
	caller->phase = PHASE_IDLE;
	return finish_call(run, caller->started_ns) ? start_change(run, caller) : 0;
}

static int
take_step(struct caller *caller, const PGresult *answer, void *context)
{
	struct run *run = context;
	const char *state;

	switch (PQresultStatus(answer)) {
	case PGRES_PIPELINE_SYNC:
		return go_on(run, caller);
	case PGRES_COMMAND_OK:
	case PGRES_PIPELINE_ABORTED:
		return 0;
	case PGRES_TUPLES_OK:
		return keep_record(run->postgres, caller, answer);
	default:
		state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
		/* serialization_failure and deadlock_detected: to be tried again. */
		if (state == NULL || (strcmp(state, "40001") != 0 && strcmp(state, "40P01") != 0))
			return tell(caller->connection, "a transaction failed");
		caller->failed = true;
		return 0;
	}
}

static int
start_changing(struct run *run)
{
	int result = 0;

	for (unsigned i = 0; result == 0 && i < run->round->in_flight; i++)
		result = start_change(run, &run->postgres->callers[i]);
	return result;
}

int
postgres_change(struct peer_round *round, struct postgres *postgres, struct peer_source *source, bool counted)
{
	struct run run = { .postgres = postgres, .round = round, .source = source, .counted = counted };

	return measure(&run, start_changing, take_step);
}

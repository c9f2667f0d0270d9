/* A policy that does what the conversation of its conflict says, and what no policy may; a
 * word that is no deed is answered with TAKE. With the option "create" it does that deed
 * while its instance is made. */
#include <anagraph/policy.h>

#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/policy/hostile/inside.h"

struct doing {
	const struct anagraph_host *host;
	const struct anagraph_conflict *conflict; /* NULL while the instance is made */
	struct anagraph_verdict *verdict;
};

/* What nobody may find out. */
static volatile int always = 1;

static void
fault(struct doing *doing)
{
	volatile int *nowhere = NULL;

	(void)doing;
	*nowhere = 1;
}

static void
give_up(struct doing *doing)
{
	(void)doing;
	abort();
}

static void
loop(struct doing *doing)
{
	(void)doing;
	while (always)
		;
}

static void
recurse(struct doing *doing)
{
	volatile char room[4096];
	struct doing *volatile again = doing;

	memset((void *)(uintptr_t)room, 1, sizeof(room));
	if (always)
		recurse(again);
	room[0] = 2;
}

static void
allocate(struct doing *doing)
{
	(void)doing;
	for (size_t size = 1 << 20; always;) {
		char *memory = malloc(size);

		memset(memory, 1, size);
	}
}

static void
write_input(struct doing *doing)
{
	((struct anagraph_conflict *)(uintptr_t)doing->conflict)->kind = 9;
}

static void
write_input_text(struct doing *doing)
{
	*(char *)(uintptr_t)doing->conflict->name.data = 'x';
}

static void
leave(struct doing *doing)
{
	(void)doing;
	exit(0);
}

static void
leave_at_once(struct doing *doing)
{
	(void)doing;
	_exit(7);
}

static void
open_file(struct doing *doing)
{
	(void)doing;
	(void)open("/etc/passwd", O_RDONLY);
}

static void
make_file(struct doing *doing)
{
	(void)doing;
	(void)open("/tmp/anagraph-hostile", O_WRONLY | O_CREAT, 0600);
}

static void
open_socket(struct doing *doing)
{
	(void)doing;
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void
fork_once(struct doing *doing)
{
	(void)doing;
	if (fork() == 0)
		_exit(0);
}

static void
execute(struct doing *doing)
{
	char *arguments[] = { (char *)(uintptr_t) "true", NULL };

	(void)doing;
	execv("/bin/true", arguments);
}

static void *
nothing(void *context)
{
	return context;
}

static void
start_thread(struct doing *doing)
{
	pthread_t thread;

	(void)doing;
	pthread_create(&thread, NULL, nothing, NULL);
}

static void
set_locale(struct doing *doing)
{
	(void)doing;
	setlocale(LC_ALL, "it_IT.UTF-8");
}

static void
change_directory(struct doing *doing)
{
	(void)doing;
	(void)!chdir("/tmp");
}

static void
change_mask(struct doing *doing)
{
	(void)doing;
	umask(0);
}

static void
block_signals_and_loop(struct doing *doing)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	loop(doing);
}

static void
kill_parent(struct doing *doing)
{
	(void)doing;
	kill(getppid(), SIGKILL);
}

static void
trace_parent(struct doing *doing)
{
	(void)doing;
	ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static void
outlive_parent(struct doing *doing)
{
	(void)doing;
	prctl(PR_SET_PDEATHSIG, 0L);
}

static void
run_memory(struct doing *doing)
{
	(void)doing;
	(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
answer_garbage(struct doing *doing)
{
	doing->verdict->verdict = 77;
	doing->verdict->struct_size = 1 << 30;
	memset(doing->verdict->reason, 'x', sizeof(doing->verdict->reason));
}

static void
answer_long_reason(struct doing *doing)
{
	memset(doing->verdict->reason, 'X', sizeof(doing->verdict->reason));
}

static void
log_without_end(struct doing *doing)
{
	static const char line[] = "one of very many lines";

	for (int i = 0; i < 1000; i++)
		doing->host->log(doing->host, ANAGRAPH_LOG_INFO,
		    (struct anagraph_string){ .data = line, .size = sizeof(line) - 1 });
}

static void
print(struct doing *doing)
{
	(void)doing;
	puts("a line that somebody forgot");
	fflush(stdout);
}

/* Takes a page from everybody who has it mapped, where a process has the power to. */
static void
poison(struct doing *doing)
{
	(void)madvise(inside_channel(doing->host), 4096, MADV_HWPOISON);
}

static void
end_by_own_signal(struct doing *doing)
{
	(void)doing;
	raise(SIGRTMIN + 3);
}

/* Where a test looks whether the library did what it was asked for. */
static void
say(struct doing *doing, bool is_right)
{
	memcpy(doing->verdict->reason, is_right ? "RIGHT" : "WRONG", sizeof("RIGHT"));
}

static int
compare_numbers(const void *a, const void *b)
{
	const double *left = a;
	const double *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* The C library's harmless half, of which some finds things out on its first call. */
static void
use_library(struct doing *doing)
{
	static const time_t day = 1700000000;
	double numbers[1024];
	char text[64];
	struct tm utc;
	struct tm local;
	char *end;

	for (int i = 0; i < 1024; i++)
		numbers[i] = (i * 7919) % 1024;
	qsort(numbers, 1024, sizeof(numbers[0]), compare_numbers);
	gmtime_r(&day, &utc);
	localtime_r(&day, &local);
	strftime(text, sizeof(text), "%Y-%m-%d", &utc);
	say(doing,
	    numbers[1] == 1 && numbers[1023] == 1023 && strcmp(text, "2023-11-14") == 0 &&
		mktime(&local) == day && localtime(&day) != NULL && strtod("2.5", &end) == 2.5 &&
		snprintf(text, sizeof(text), "%.3f %s", 0.5, setlocale(LC_ALL, NULL)) == 7 &&
		getenv("HOME") == NULL && time(NULL) > day);
}

/* Much memory, in pieces small and large, taken and given back. */
static void
use_memory(struct doing *doing)
{
	bool all = true;

	for (size_t size = 1; size <= 64 << 20 && all; size *= 2) {
		char *small = malloc(24);
		char *memory = malloc(size);

		all = small != NULL && memory != NULL;
		if (all)
			memset(memory, 1, size);
		free(memory);
		free(small);
	}
	say(doing, all);
}

/* Over everything that it shares with the daemon, lengths and all. */
static void
scribble(struct doing *doing)
{
	struct channel_memory *memory = inside_channel(doing->host);

	memset(memory->lines, 0xee, sizeof(memory->lines));
	memset(&memory->answer, 0xee, sizeof(memory->answer));
	atomic_store(&memory->answered, 0xeeeeeeee);
	atomic_store(&memory->is_asker_asleep, 0);
	atomic_store(&memory->is_worker_asleep, 1);
	loop(doing);
}

/* An answer of no kind, in the right place, with as many lines as there can't be. */
static void
forge(struct doing *doing)
{
	struct channel_memory *memory = inside_channel(doing->host);

	memset(&memory->answer, 0xee, sizeof(memory->answer));
	atomic_store(&memory->answered, atomic_load(&memory->asked));
	loop(doing);
}

static const struct deed {
	const char *name;
	void (*run)(struct doing *doing);
} DEEDS[] = {
	{ "FAULT", fault },
	{ "ABORT", give_up },
	{ "LOOP", loop },
	{ "RECURSE", recurse },
	{ "ALLOCATE", allocate },
	{ "WRITE_INPUT", write_input },
	{ "WRITE_INPUT_TEXT", write_input_text },
	{ "EXIT", leave },
	{ "EXIT_AT_ONCE", leave_at_once },
	{ "OPEN", open_file },
	{ "MAKE_FILE", make_file },
	{ "SOCKET", open_socket },
	{ "FORK", fork_once },
	{ "EXEC", execute },
	{ "THREAD", start_thread },
	{ "LOCALE", set_locale },
	{ "DIRECTORY", change_directory },
	{ "MASK", change_mask },
	{ "SIGNALS", block_signals_and_loop },
	{ "KILL_PARENT", kill_parent },
	{ "TRACE_PARENT", trace_parent },
	{ "OUTLIVE_PARENT", outlive_parent },
	{ "RUN_MEMORY", run_memory },
	{ "GARBAGE", answer_garbage },
	{ "LONG_REASON", answer_long_reason },
	{ "LINES", log_without_end },
	{ "PRINT", print },
	{ "SCRIBBLE", scribble },
	{ "FORGE", forge },
	{ "POISON", poison },
	{ "OWN_SIGNAL", end_by_own_signal },
	{ "LIBRARY", use_library },
	{ "MEMORY", use_memory },
};

static void
run(struct doing *doing, struct anagraph_string name)
{
	for (size_t i = 0; i < sizeof(DEEDS) / sizeof(DEEDS[0]); i++) {
		if (name.size == strlen(DEEDS[i].name) && memcmp(name.data, DEEDS[i].name, name.size) == 0)
			DEEDS[i].run(doing);
	}
}

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	struct doing doing = { .host = host };

	(void)option_size;
	if (option_count == 1)
		run(&doing, options->value);
	*instance = (void *)(uintptr_t)host;
	return 0;
}

static void
destroy(void *instance)
{
	(void)instance;
}

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	struct doing doing = { .host = instance, .conflict = conflict, .verdict = verdict };

	verdict->verdict = ANAGRAPH_VERDICT_TAKE;
	run(&doing, conflict->incoming->conversation);
	return ANAGRAPH_DECIDED;
}

static const struct anagraph_policy policy = {
	.struct_size = sizeof(policy),
	.abi_version = ANAGRAPH_POLICY_ABI_VERSION,
	.kinds =
	    1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER | 1u << ANAGRAPH_CONFLICT_IDENTITY,
	.id = "hostile",
	.version = "6.6.6",
	.build_id = "",
	.create = create,
	.destroy = destroy,
	.decide = decide,
};

const struct anagraph_policy *
anagraph_policy_v1(void)
{
	return &policy;
}

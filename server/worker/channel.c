/* Waiting is where a verdict's time goes. Between two processors a sleeper takes longer to
 * wake than all else together; on one processor the other side runs only once this one
 * steps aside. So whoever waits looks for a moment, gives way, looks again, and sleeps in
 * the kernel only when it gets long. A worker does so only while questions follow on each
 * other: an idle one sleeps and costs nothing. */
#include "server/worker/channel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	LOOKS = 64,           /* before giving way once */
	ASKER_AWAKE_US = 200, /* as long as waking a worker on an idle processor takes */
	WORKER_AWAKE_US = 50, /* after an answer */
};

int64_t
channel_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static_assert(sizeof(struct channel_memory) <= CHANNEL_REQUEST_AT, "the request lies behind it");

int
channel_create(int *fd)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int memory_fd = memfd_create("anagraph-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int result = 0;

	if (memory_fd < 0)
		return -errno;
	if (ftruncate(memory_fd, CHANNEL_REQUEST_AT + CHANNEL_REQUEST_BYTES) < 0 ||
	    fcntl(memory_fd, F_ADD_SEALS, seals) < 0)
		result = -errno;
	if (result == 0)
		*fd = memory_fd;
	else
		close(memory_fd);
	return result;
}

int
channel_map(struct channel *out, int fd, bool writes_requests)
{
	const int both = PROT_READ | PROT_WRITE;
	void *memory = mmap(NULL, sizeof(*out->memory), both, MAP_SHARED, fd, 0);
	void *request;
	int result;

	if (memory == MAP_FAILED)
		return -errno;
	request = mmap(NULL, CHANNEL_REQUEST_BYTES, writes_requests ? both : PROT_READ, MAP_SHARED, fd,
	    CHANNEL_REQUEST_AT);
	if (request == MAP_FAILED) {
		result = -errno;
		munmap(memory, sizeof(*out->memory));
		return result;
	}
	*out = (struct channel){ .memory = memory, .request = request };
	return 0;
}

void
channel_unmap(const struct channel *channel)
{
	munmap(channel->memory, sizeof(*channel->memory));
	munmap(channel->request, CHANNEL_REQUEST_BYTES);
}

static void
wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Sleeps while the word has that value, at most until then (-1: for ever). */
static void
sleep_on(_Atomic uint32_t *word, _Atomic uint32_t *is_asleep, uint32_t value, int64_t until_us)
{
	struct timespec until = { .tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000 };

	atomic_store(is_asleep, 1);
	syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, until_us < 0 ? NULL : &until, NULL,
	    FUTEX_BITSET_MATCH_ANY);
	atomic_store(is_asleep, 0);
}

/* Whether the word came to differ from value while somebody looked. */
static bool
look(const _Atomic uint32_t *word, uint32_t value, int64_t until_us)
{
	do {
		for (int i = 0; i < LOOKS; i++) {
			if (atomic_load_explicit(word, memory_order_acquire) != value)
				return true;
#if defined(__x86_64__)
			__builtin_ia32_pause();
#endif
		}
		sched_yield();
	} while (channel_now_us() < until_us);
	return atomic_load_explicit(word, memory_order_acquire) != value;
}

void
channel_ask(const struct channel *channel, uint32_t number)
{
	atomic_store(&channel->memory->asked, number);
	if (atomic_load(&channel->memory->is_worker_asleep) != 0)
		wake(&channel->memory->asked);
}

/* The worker may write anything to answered; what is neither the number nor the one before
 * it keeps the asker from sleeping, not from leaving in time. */
bool
channel_await_answer(const struct channel *channel, uint32_t number, int64_t until_us)
{
	int64_t awake_until_us = channel_now_us() + ASKER_AWAKE_US;
	const uint32_t before = number - 1;

	if (awake_until_us > until_us)
		awake_until_us = until_us;
	look(&channel->memory->answered, before, awake_until_us);
	while (atomic_load(&channel->memory->answered) != number) {
		if (channel_now_us() >= until_us)
			return false;
		sleep_on(&channel->memory->answered, &channel->memory->is_asker_asleep, before, until_us);
	}
	return true;
}

uint32_t
channel_await_request(const struct channel *channel, uint32_t last)
{
	static const int64_t never_us = -1;

	look(&channel->memory->asked, last, channel_now_us() + WORKER_AWAKE_US);
	while (atomic_load(&channel->memory->asked) == last)
		sleep_on(&channel->memory->asked, &channel->memory->is_worker_asleep, last, never_us);
	return atomic_load(&channel->memory->asked);
}

void
channel_answer(const struct channel *channel, uint32_t number)
{
	atomic_store(&channel->memory->answered, number);
	if (atomic_load(&channel->memory->is_asker_asleep) != 0)
		wake(&channel->memory->answered);
}

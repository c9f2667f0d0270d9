/* load: a store of made-up contacts. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/requests.h"
#include "bench/target.h"
#include "bench/usage.h"
#include "bench/verbs.h"

static const char USAGE[] =
    "usage: anagraph-bench load --store DIR --contacts N [--accounts A] [--data-seed S]\n"
    "  --store DIR     a data directory that has no store yet\n"
    "  --contacts N    up to 100M; anagraph-contacts writes the same ones\n"
    "  --accounts A    that share them evenly (1)\n"
    "  --data-seed S   of the contacts (1)\n"
    "  --any-build     with a build that is not optimised, too\n";

/* What a caller sends to tell of a contact: on average, from the first ones. */
struct sent {
	double message_bytes; /* the encoded request */
	double value_bytes;   /* nothing but what the contact is made of */
};

static size_t
value_bytes(const Anagraph__V1__IdentifyRequest *request)
{
	size_t bytes = 0;

	for (size_t i = 0; i < request->n_identifiers; i++)
		bytes += strlen(request->identifiers[i]->value);
	for (size_t i = 0; i < request->n_attributes; i++) {
		const Anagraph__V1__Attribute *attribute = request->attributes[i];

		if (attribute->value_case == ANAGRAPH__V1__ATTRIBUTE__VALUE_STRING_VALUE)
			bytes += strlen(attribute->string_value);
		else
			bytes++;
	}
	return bytes;
}

/* 0; -ENOMEM. */
static int
measure_sent(struct sent *sent, const struct dataset *dataset)
{
	enum { LOOKED_AT = 10000 };
	const struct side side = { .weights = { [OPERATION_SAME] = 1 } };
	struct target target = { .dataset = *dataset };
	struct request *request = calloc(1, sizeof(*request));
	struct asker asker;
	struct keys keys;

	if (request == NULL)
		return -ENOMEM;
	keys_init(&keys, dataset_size(dataset), 0);
	asker_init(&asker, &side, &target, &keys, 1, 1);
	*sent = (struct sent){ 0, 0 };
	for (int i = 0; i < LOOKED_AT; i++) {
		asker_make(request, &asker, OPERATION_SAME);
		sent->message_bytes +=
		    (double)anagraph__v1__identify_request__get_packed_size(&request->message.identify) /
		    LOOKED_AT;
		sent->value_bytes += (double)value_bytes(&request->message.identify) / LOOKED_AT;
	}
	free(request);
	return 0;
}

static uint64_t
store_bytes(const char *data_dir)
{
	char path[4096];
	struct stat about;

	snprintf(path, sizeof(path), "%s/store/data.mdb", data_dir);
	return stat(path, &about) == 0 ? (uint64_t)about.st_blocks * 512 : 0;
}

static int
load(const char *data_dir, const struct dataset *dataset, int argc, char **argv)
{
	double contacts = (double)dataset_size(dataset);
	struct report *report = NULL;
	struct usage before;
	struct usage after;
	uint64_t begun_ns = usage_now_ns();
	struct sent sent;
	double seconds;
	int result = usage_read(&before, getpid(), NULL);

	if (result == 0)
		result = target_fill(data_dir, dataset);
	if (result == 0)
		result = usage_read(&after, getpid(), data_dir);
	seconds = (double)(usage_now_ns() - begun_ns) / 1e9;
	if (result == 0)
		result = measure_sent(&sent, dataset);
	if (result == 0)
		result = report_create(&report, stdout, "load", argc, argv, data_dir);
	if (result != 0)
		return 1;
	report_round(report, "load",
	    json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "contacts", contacts, "seconds", seconds,
		"contacts_per_s", contacts / seconds, "cpu_us_per_contact",
		(double)(after.cpu_ns - before.cpu_ns) / 1e3 / contacts, "store_bytes",
		(double)store_bytes(data_dir), "store_bytes_per_contact",
		(double)store_bytes(data_dir) / contacts, "sent_bytes_per_contact", sent.message_bytes,
		"value_bytes_per_contact", sent.value_bytes));
	report_summary(report, "load",
	    json_pack("{s:{s:I, s:I, s:I}}", "data", "seed", (json_int_t)dataset->seed, "contacts",
		(json_int_t)dataset_size(dataset), "accounts", (json_int_t)dataset->account_count));
	fprintf(stderr, "%.0f contacts in %.1f s, %.0f a second; %.0f bytes each\n", contacts, seconds,
	    contacts / seconds, (double)store_bytes(data_dir) / contacts);
	report_destroy(report);
	return 0;
}

int
verb_load(int argc, char **argv)
{
	struct dataset dataset = { .seed = 1, .account_count = 1 };
	const char *store = NULL;
	uint64_t contacts = 0;
	bool any_build = false;
	bool good = true;

	for (int i = 2; good && i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--any-build") == 0) {
			any_build = true;
			continue;
		}
		if (strcmp(argv[i], "--store") == 0)
			store = value;
		else if (strcmp(argv[i], "--contacts") == 0)
			good = number_parse(&contacts, value, 1, DATASET_MOST_CONTACTS) == 0;
		else if (strcmp(argv[i], "--accounts") == 0)
			good = number_parse(&dataset.account_count, value, 1, DATASET_MOST_CONTACTS) == 0;
		else if (strcmp(argv[i], "--data-seed") == 0)
			good = number_parse(&dataset.seed, value, 0, UINT32_MAX) == 0;
		else
			good = false;
		i++;
	}
	if (!good || store == NULL || *store == '\0' || contacts == 0 ||
	    contacts % dataset.account_count != 0) {
		fputs(USAGE, stderr);
		return VERB_USAGE;
	}
	if (!verb_accepts_build(any_build))
		return VERB_USAGE;
	dataset.contacts_per_account = contacts / dataset.account_count;
	return load(store, &dataset, argc, argv);
}

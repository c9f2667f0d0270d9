/* load: a store of made-up contacts. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/progress.h"
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

/* What a contact's caller would have sent for it, without the message around it: the bytes of
 * its values. */
static uint64_t
said_bytes(const struct dataset *dataset)
{
	enum { LOOKED_AT = 10000 };
	uint64_t count = dataset_size(dataset) < LOOKED_AT ? dataset_size(dataset) : LOOKED_AT;
	uint64_t bytes = 0;

	for (uint64_t number = 0; number < count; number++) {
		struct dataset_contact contact;

		dataset_make(&contact, dataset->seed, number);
		bytes += strlen(contact.email) + strlen(contact.phone) + strlen(contact.ext_id) +
		    strlen(contact.push) + strlen(contact.first) + strlen(contact.last) +
		    strlen(contact.city) + strlen(contact.address) + strlen(contact.language);
	}
	return bytes / count;
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
	double seconds;
	int result = usage_read(&before, getpid(), NULL);

	if (result == 0)
		result = target_fill(data_dir, dataset);
	if (result == 0)
		result = usage_read(&after, getpid(), data_dir);
	seconds = (double)(usage_now_ns() - begun_ns) / 1e9;
	if (result == 0)
		result = report_create(&report, stdout, "load", argc, argv, data_dir);
	if (result != 0)
		return 1;
	report_round(report, "load",
	    json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "contacts", contacts, "seconds", seconds,
		"contacts_per_s", contacts / seconds, "cpu_us_per_contact",
		(double)(after.cpu_ns - before.cpu_ns) / 1e3 / contacts, "store_bytes",
		(double)store_bytes(data_dir), "store_bytes_per_contact",
		(double)store_bytes(data_dir) / contacts, "said_bytes_per_contact",
		(double)said_bytes(dataset)));
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

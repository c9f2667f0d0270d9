/* Made-up contacts as a file: what anagraph-bench loads without one, for importing and
 * for other databases to be measured with. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/dataset.h"

enum { TIME_BYTES = 24 };

static const char HELP[] =
    "anagraph-contacts - writes made-up contacts to standard output\n"
    "\n"
    "  anagraph-contacts --count N [--seed S] [--kind csv|jsonl]\n"
    "\n"
    "  --count N    how many, up to 100,000,000\n"
    "  --seed S     which (1)\n"
    "  --kind K     csv, with a header line, or jsonl (csv)\n"
    "\n"
    "Of a hundred contacts 98 have an e-mail address, 60 an ext_id, 40 a phone and 15 a\n"
    "push subscription. Import CSV with --map CONSENT=attr:CONSENT:bool.\n";

static void
write_time(char text[TIME_BYTES], int64_t seconds)
{
	time_t second = (time_t)seconds;
	struct tm time;

	gmtime_r(&second, &time);
	strftime(text, TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &time);
}

static void
write_csv(const struct dataset_contact *contact)
{
	char observed_at[TIME_BYTES];

	write_time(observed_at, contact->observed_at_s);
	printf("%s,%s,%s,%s,%s,%s,%s,\"%s\",%s,%s,%s\r\n", contact->ext_id, contact->email, contact->phone,
	    contact->push, contact->first, contact->last, contact->city, contact->address, contact->language,
	    contact->consent ? "true" : "false", observed_at);
}

static void
write_identifier(const char **gap, const char *namespace_name, const char *value)
{
	if (*value == '\0')
		return;
	printf("%s{\"namespace\":\"%s\",\"value\":\"%s\"}", *gap, namespace_name, value);
	*gap = ",";
}

static void
write_json(const struct dataset_contact *contact)
{
	char observed_at[TIME_BYTES];
	const char *gap = "";

	write_time(observed_at, contact->observed_at_s);
	printf("{\"source\":\"contacts\",\"observed_at\":\"%s\",\"identifiers\":[", observed_at);
	write_identifier(&gap, "ext_id", contact->ext_id);
	write_identifier(&gap, "email", contact->email);
	write_identifier(&gap, "phone", contact->phone);
	write_identifier(&gap, "push", contact->push);
	printf(
	    "],\"attributes\":[{\"name\":\"FIRST_NAME\",\"string_value\":\"%s\"},"
	    "{\"name\":\"LAST_NAME\",\"string_value\":\"%s\"},{\"name\":\"CITY\",\"string_value\":\"%s\"},"
	    "{\"name\":\"ADDRESS\",\"string_value\":\"%s\"},{\"name\":\"LANGUAGE\",\"string_value\":\"%s\"},"
	    "{\"name\":\"CONSENT\",\"bool_value\":%s}]}\n",
	    contact->first, contact->last, contact->city, contact->address, contact->language,
	    contact->consent ? "true" : "false");
}

static bool
read_number(uint64_t *out, const char *text, uint64_t most)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *out <= most;
}

int
main(int argc, char **argv)
{
	uint64_t count = 0, seed = 1;
	bool json = false, good = argc % 2 == 1 && argc > 1;

	for (int i = 1; good && i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--count") == 0)
			good = read_number(&count, argv[i + 1], DATASET_MOST_CONTACTS);
		else if (strcmp(argv[i], "--seed") == 0)
			good = read_number(&seed, argv[i + 1], UINT32_MAX);
		else if (strcmp(argv[i], "--kind") == 0)
			good = (json = strcmp(argv[i + 1], "jsonl") == 0) || strcmp(argv[i + 1], "csv") == 0;
		else
			good = false;
	}
	if (!good) {
		bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;

		fputs(HELP, asked ? stdout : stderr);
		return asked ? 0 : 2;
	}
	if (!json)
		fputs("ext_id,email,phone,push,FIRST_NAME,LAST_NAME,CITY,ADDRESS,LANGUAGE,CONSENT,observed_"
		      "at\r\n",
		    stdout);
	for (uint64_t number = 0; number < count && !ferror(stdout); number++) {
		struct dataset_contact contact;

		dataset_make(&contact, seed, number);
		if (json)
			write_json(&contact);
		else
			write_csv(&contact);
	}
	return fflush(stdout) == EOF ? 1 : 0;
}

/* Contacts out of nothing, as many as are asked for: made up, but such as shops have
 * them, for tests and for measuring.
 *
 * What always holds: a contact depends on the seed and on its number alone, so that the
 * same seed gives the same bytes on any machine, and fewer contacts are the beginning of
 * more. No two contacts share an identifier. Phone numbers are valid Italian ones. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Phone numbers have eight digits to tell contacts apart. */
enum { MOST_CONTACTS = 100000000 };

/* Of a hundred contacts. */
enum { EMAIL_PERCENT = 98, PHONE_PERCENT = 40, PUSH_PERCENT = 15, EXT_ID_PERCENT = 60, CONSENT_PERCENT = 70 };

static const int64_t FIRST_SECOND = 1672531200; /* 2023-01-01T00:00:00Z */
static const uint64_t SECONDS = UINT64_C(2) * 365 * 24 * 60 * 60;

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

static const char *const ITALIAN_FIRST[] = { "Mario", "Giulia", "Luca", "Chiara", "Andrea", "Francesca",
	"Marco", "Sara", "Matteo", "Elena", "Lorenzo", "Martina", "Davide", "Silvia", "Niccolò",
	"Benedetta" };
static const char *const ITALIAN_LAST[] = { "Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano",
	"Colombo", "Ricci", "Marino", "Greco", "Bruno", "Gallo", "Conti", "De Luca", "D'Amico", "Dessì" };
static const char *const ITALIAN_CITIES[] = { "Bologna", "Modena", "Reggio nell'Emilia", "Roma", "Milano",
	"Torino", "Napoli", "Forlì", "L'Aquila", "Bari", "Firenze", "Verona", "Genova", "Palermo", "Trieste",
	"Imola" };
static const char *const ENGLISH_FIRST[] = { "Oliver", "Emma", "Jack", "Charlotte", "Harry", "Amelia",
	"George", "Isla", "Noah", "Ava", "Arthur", "Mia", "Leo", "Grace", "Chloë", "Henry" };
static const char *const ENGLISH_LAST[] = { "Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson",
	"Johnson", "Davies", "Robinson", "Wright", "Thompson", "Evans", "Walker", "O'Brien", "Hughes",
	"Smith-Jones" };
static const char *const ENGLISH_CITIES[] = { "London", "Leeds", "Bristol", "York", "Bath", "Oxford",
	"Cardiff", "Edinburgh", "Glasgow", "Belfast", "Norwich", "Exeter", "Brighton", "Durham", "Hull",
	"King's Lynn" };
static const char *const DOMAINS[] = { "example.it", "example.com", "mail.example.org", "example.net" };
enum { WORDS = 16, DOMAIN_COUNT = 4 };

struct contact {
	uint64_t number; /* from 0 */
	bool english;
	const char *first, *last, *city;
	char email[96], phone[24], ext_id[24], push[40], address[48], observed_at[24];
	bool consent;
};

/* splitmix64: a permutation of the 64-bit numbers. */
static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* The next number below a bound, of a state that moves on. */
static uint64_t
draw(uint64_t *state, uint64_t below)
{
	*state = mix(*state);
	return *state % below;
}

/* Appends a name to an address: its ASCII letters, in lower case. */
static void
append_letters(char *address, size_t room, const char *name)
{
	size_t size = strlen(address);

	for (; *name != '\0' && size + 1 < room; name++) {
		char letter = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;

		if (letter >= 'a' && letter <= 'z')
			address[size++] = letter;
	}
	address[size] = '\0';
}

static void
make_email(struct contact *contact, uint64_t *state)
{
	char *email = contact->email;
	size_t room = sizeof(contact->email), size;

	*email = '\0';
	append_letters(email, room, contact->first);
	size = strlen(email);
	snprintf(email + size, room - size, ".");
	append_letters(email, room, contact->last);
	size = strlen(email);
	snprintf(
	    email + size, room - size, "%" PRIu64 "@%s", contact->number, DOMAINS[draw(state, DOMAIN_COUNT)]);
}

static void
make(struct contact *contact, uint64_t seed, uint64_t number)
{
	/* A permutation of the numbers that a phone can have. */
	uint64_t place = (number * 61803399 + seed % MOST_CONTACTS) % MOST_CONTACTS;
	uint64_t state = mix(mix(seed) ^ number);
	bool email = draw(&state, 100) < EMAIL_PERCENT;
	struct tm time;
	time_t second;

	memset(contact, 0, sizeof(*contact));
	contact->number = number;
	contact->english = draw(&state, 4) == 0;
	contact->first = (contact->english ? ENGLISH_FIRST : ITALIAN_FIRST)[draw(&state, WORDS)];
	contact->last = (contact->english ? ENGLISH_LAST : ITALIAN_LAST)[draw(&state, WORDS)];
	contact->city = (contact->english ? ENGLISH_CITIES : ITALIAN_CITIES)[draw(&state, WORDS)];
	if (email)
		make_email(contact, &state);
	if (draw(&state, 100) < PHONE_PERCENT)
		snprintf(contact->phone, sizeof(contact->phone), "+3934%08" PRIu64, place);
	/* Somebody without an e-mail address is known by an ext_id. */
	if (draw(&state, 100) < EXT_ID_PERCENT || !email)
		snprintf(contact->ext_id, sizeof(contact->ext_id), "crm-%08" PRIu64, place);
	if (draw(&state, 100) < PUSH_PERCENT)
		snprintf(contact->push, sizeof(contact->push), "fcm:%016" PRIx64, mix(seed + number));
	contact->consent = draw(&state, 100) < CONSENT_PERCENT;
	snprintf(contact->address, sizeof(contact->address),
	    contact->english ? "%" PRIu64 ", High Street" : "Via Roma, %" PRIu64, 1 + draw(&state, 200));
	second = (time_t)(FIRST_SECOND + (int64_t)draw(&state, SECONDS));
	gmtime_r(&second, &time);
	strftime(contact->observed_at, sizeof(contact->observed_at), "%Y-%m-%dT%H:%M:%SZ", &time);
}

static void
write_csv(const struct contact *contact)
{
	printf("%s,%s,%s,%s,%s,%s,%s,\"%s\",%s,%s,%s\r\n", contact->ext_id, contact->email, contact->phone,
	    contact->push, contact->first, contact->last, contact->city, contact->address,
	    contact->english ? "en" : "it", contact->consent ? "true" : "false", contact->observed_at);
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
write_json(const struct contact *contact)
{
	const char *gap = "";

	printf("{\"source\":\"contacts\",\"observed_at\":\"%s\",\"identifiers\":[", contact->observed_at);
	write_identifier(&gap, "ext_id", contact->ext_id);
	write_identifier(&gap, "email", contact->email);
	write_identifier(&gap, "phone", contact->phone);
	write_identifier(&gap, "push", contact->push);
	printf(
	    "],\"attributes\":[{\"name\":\"FIRST_NAME\",\"string_value\":\"%s\"},"
	    "{\"name\":\"LAST_NAME\",\"string_value\":\"%s\"},{\"name\":\"CITY\",\"string_value\":\"%s\"},"
	    "{\"name\":\"ADDRESS\",\"string_value\":\"%s\"},{\"name\":\"LANGUAGE\",\"string_value\":\"%s\"},"
	    "{\"name\":\"CONSENT\",\"bool_value\":%s}]}\n",
	    contact->first, contact->last, contact->city, contact->address, contact->english ? "en" : "it",
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
			good = read_number(&count, argv[i + 1], MOST_CONTACTS);
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
		struct contact contact;

		make(&contact, seed, number);
		if (json)
			write_json(&contact);
		else
			write_csv(&contact);
	}
	return fflush(stdout) == EOF ? 1 : 0;
}

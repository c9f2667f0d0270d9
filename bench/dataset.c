/* Everything is drawn from one state in a fixed order: what is drawn later never changes
 * what was drawn before it. */
#include "bench/dataset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"

/* Of a hundred contacts. */
enum { EMAIL_PERCENT = 98, PHONE_PERCENT = 40, PUSH_PERCENT = 15, EXT_ID_PERCENT = 60, CONSENT_PERCENT = 70 };

static const int64_t FIRST_SECOND = 1672531200; /* 2023-01-01T00:00:00Z */
static const uint64_t SECONDS = UINT64_C(2) * 365 * 24 * 60 * 60;

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

/* The next number below a bound, of a state that moves on. */
static uint64_t
draw(uint64_t *state, uint64_t below)
{
	*state = random_mix(*state);
	return *state % below;
}

/* Appends a name to an address: its ASCII letters, in lower case. */
static char *
append_letters(char *at, const char *end, const char *name)
{
	for (; *name != '\0' && at < end; name++) {
		char letter = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;

		if (letter >= 'a' && letter <= 'z')
			*at++ = letter;
	}
	return at;
}

static void
make_email(char *email, size_t room, const struct dataset_contact *contact, uint64_t *state)
{
	const char *end = email + room - 1;
	char *at = append_letters(email, end, contact->first);

	if (at < end)
		*at++ = '.';
	at = append_letters(at, end, contact->last);
	snprintf(at, (size_t)(email + room - at), "%" PRIu64 "@%s", contact->number,
	    DOMAINS[draw(state, DOMAIN_COUNT)]);
}

/* A permutation of the numbers that a phone can have. */
static uint64_t
place_of(uint64_t seed, uint64_t number)
{
	return (number * 61803399 + seed % DATASET_MOST_CONTACTS) % DATASET_MOST_CONTACTS;
}

static void
make_ext_id(char *ext_id, size_t room, uint64_t place)
{
	snprintf(ext_id, room, "crm-%08" PRIu64, place);
}

/* Who it is, up to its address; returns whether it has one. */
static bool
make_beginning(struct dataset_contact *contact, uint64_t *state, uint64_t seed, uint64_t number)
{
	bool has_email;

	*state = random_mix(random_mix(seed) ^ number);
	has_email = draw(state, 100) < EMAIL_PERCENT;
	contact->number = number;
	contact->english = draw(state, 4) == 0;
	contact->first = (contact->english ? ENGLISH_FIRST : ITALIAN_FIRST)[draw(state, WORDS)];
	contact->last = (contact->english ? ENGLISH_LAST : ITALIAN_LAST)[draw(state, WORDS)];
	contact->city = (contact->english ? ENGLISH_CITIES : ITALIAN_CITIES)[draw(state, WORDS)];
	contact->language = contact->english ? "en" : "it";
	return has_email;
}

void
dataset_make(struct dataset_contact *out, uint64_t seed, uint64_t number)
{
	uint64_t place = place_of(seed, number);
	uint64_t state;
	bool has_email;

	memset(out, 0, sizeof(*out));
	has_email = make_beginning(out, &state, seed, number);
	if (has_email)
		make_email(out->email, sizeof(out->email), out, &state);
	if (draw(&state, 100) < PHONE_PERCENT)
		snprintf(out->phone, sizeof(out->phone), "+3934%08" PRIu64, place);
	/* Somebody without an e-mail address is known by an ext_id. */
	if (draw(&state, 100) < EXT_ID_PERCENT || !has_email)
		make_ext_id(out->ext_id, sizeof(out->ext_id), place);
	if (draw(&state, 100) < PUSH_PERCENT)
		snprintf(out->push, sizeof(out->push), "fcm:%016" PRIx64, random_mix(seed + number));
	out->consent = draw(&state, 100) < CONSENT_PERCENT;
	snprintf(out->address, sizeof(out->address),
	    out->english ? "%" PRIu64 ", High Street" : "Via Roma, %" PRIu64, 1 + draw(&state, 200));
	out->observed_at_s = FIRST_SECOND + (int64_t)draw(&state, SECONDS);
}

void
dataset_make_key(struct dataset_key *out, uint64_t seed, uint64_t number)
{
	struct dataset_contact contact;
	uint64_t state;

	if (make_beginning(&contact, &state, seed, number)) {
		out->namespace_name = "email";
		make_email(out->value, sizeof(out->value), &contact, &state);
	} else {
		out->namespace_name = "ext_id";
		make_ext_id(out->value, sizeof(out->value), place_of(seed, number));
	}
}

uint64_t
dataset_size(const struct dataset *dataset)
{
	return dataset->account_count * dataset->contacts_per_account;
}

void
dataset_account(char name[DATASET_ACCOUNT_BYTES], const struct dataset *dataset, uint64_t account_number)
{
	if (dataset->account_count == 1)
		snprintf(name, DATASET_ACCOUNT_BYTES, "bench");
	else
		snprintf(name, DATASET_ACCOUNT_BYTES, "shop-%09" PRIu64, account_number + 1);
}

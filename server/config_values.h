/* Settings of the daemon from text: the same values with the same bounds, wherever they
 * are written. Private to config.
 *
 * where says for people where a text stands and begins each message: "--listen",
 * "anagraph.yaml:3: listen:". All but config_refuse give 0, or CONFIG_E_USAGE with *error
 * and nothing else touched. */
#ifndef ANAGRAPH_SERVER_CONFIG_VALUES_H
#define ANAGRAPH_SERVER_CONFIG_VALUES_H

#include "server/config.h"

/* Sets *error. CONFIG_E_USAGE. */
int config_refuse(struct config_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Decimal digits alone, from least to most. */
int config_read_number(uint64_t *number, struct config_error *error, const char *where, const char *text,
    uint64_t least, uint64_t most);

/* HOST:PORT, the host an address or localhost; notes whether other machines reach it. */
int config_read_listen(
    struct config *config, struct config_error *error, const char *where, const char *text);

int config_read_threads(
    struct config *config, struct config_error *error, const char *where, const char *text);

int config_read_map_size(
    struct config *config, struct config_error *error, const char *where, const char *text);

/* Where policies run: "worker" or "in-process"; and how long a verdict may take there. */
int config_read_policy_run(
    struct config *config, struct config_error *error, const char *where, const char *text);
int config_read_policy_deadline(
    struct config *config, struct config_error *error, const char *where, const char *text);

/* Whether text is the id of a policy. */
int config_check_policy_id(struct config_error *error, const char *where, const char *text);

/* The id of a policy, which has no options by that; the config borrows text. */
int config_read_policy_id(struct config *config, struct config_error *error, const char *where,
    enum source source, const char *text);

/* The name of a source: "contacts", "conversations", "push". Static. */
const char *config_source_name(enum source source);

#endif

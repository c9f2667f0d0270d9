/* libyaml reads the file into a document whose nodes know their lines. All that is added
 * here is strictness: one document, text keys, each once, no tags, since whoever wrote one
 * meant something that would be ignored; and a file that nobody else could have written.
 *
 * Anchors are shared nodes, never copies, and how deep a tree is looked at is told by the
 * keys that are known: neither makes a small file cost much. */
#include "server/config_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config_values.h"

/* The longest beginning of a path that is shown. */
#define PATH_FORMAT "%.300s"

enum { DEPTH_MAX = 16 };

void
yaml_where(char where[YAML_WHERE_BYTES], const struct yaml_value *value)
{
	if (value->key[0] == '\0')
		snprintf(where, YAML_WHERE_BYTES, PATH_FORMAT ":%zu:", value->file->path, value->line);
	else
		snprintf(where, YAML_WHERE_BYTES, PATH_FORMAT ":%zu: %s:", value->file->path, value->line,
		    value->key);
}

int
yaml_refuse(const struct yaml_value *value, const char *format, ...)
{
	char where[YAML_WHERE_BYTES];
	char message[CONFIG_MESSAGE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	yaml_where(where, value);
	return config_refuse(value->file->error, "%s %s", where, message);
}

/* Nobody but root and this user may have had a hand in it. */
static int
check_file(size_t *size, int fd, const char *path, struct config_error *error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return config_refuse(error, PATH_FORMAT ": is no regular file", path);
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return config_refuse(error,
		    PATH_FORMAT ": belongs to user %u; only root's and user %u's own is read", path,
		    (unsigned)status.st_uid, (unsigned)geteuid());
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return config_refuse(error,
		    PATH_FORMAT ": is writable by group or others (mode %04o): chmod go-w it", path,
		    (unsigned)(status.st_mode & 07777));
	if (status.st_size > LIMIT_CONFIG_FILE_BYTES)
		return config_refuse(error, PATH_FORMAT ": has %jd bytes, more than %d", path,
		    (intmax_t)status.st_size, LIMIT_CONFIG_FILE_BYTES);
	*size = (size_t)status.st_size;
	return 0;
}

/* Reads what an open file had when it was looked at. *text is to be freed. */
static int
read_open(uint8_t **text, size_t *size, int fd, const char *path, struct config_error *error)
{
	uint8_t *read_text;
	size_t want = 0;
	size_t filled = 0;
	int result = check_file(&want, fd, path, error);

	if (result != 0)
		return result;
	read_text = malloc(want + 1);
	if (read_text == NULL)
		return -ENOMEM;
	while (filled < want) {
		ssize_t count = read(fd, read_text + filled, want - filled);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			free(read_text);
			return count < 0
			    ? config_refuse(error, PATH_FORMAT ": can't be read: %m", path)
			    : config_refuse(error, PATH_FORMAT ": changed while it was read", path);
		}
		filled += (size_t)count;
	}
	*text = read_text;
	*size = want;
	return 0;
}

/* O_NONBLOCK so that a FIFO does not hold up the start. */
static int
read_file(uint8_t **text, size_t *size, const char *path, struct config_error *error)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int result;

	if (fd < 0)
		return config_refuse(error, PATH_FORMAT ": can't be opened: %m", path);
	result = read_open(text, size, fd, path, error);
	close(fd);
	return result;
}

/* What libyaml found wrong. It gives no line for bytes that are no text. */
static int
refuse_syntax(const yaml_parser_t *parser, const char *path, struct config_error *error, const uint8_t *text)
{
	const char *problem = parser->problem != NULL ? parser->problem : "no reason given";
	size_t line = parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < parser->problem_offset; i++)
			line += text[i] == '\n';
	}
	return config_refuse(error, PATH_FORMAT ":%zu: is not YAML: %s", path, line, problem);
}

/* Sees that nothing lies deeper than any setting does, which libyaml would take long over. */
static int
check_depth(yaml_parser_t *parser, const char *path, struct config_error *error, const uint8_t *text)
{
	int depth = 0;
	bool ended = false;

	while (!ended) {
		yaml_event_t event;
		size_t line;

		if (yaml_parser_parse(parser, &event) == 0)
			return refuse_syntax(parser, path, error, text);
		if (event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT)
			depth++;
		if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			depth--;
		ended = event.type == YAML_STREAM_END_EVENT;
		line = event.start_mark.line + 1;
		yaml_event_delete(&event);
		if (depth > DEPTH_MAX)
			return config_refuse(
			    error, PATH_FORMAT ":%zu: is deeper than any setting", path, line);
	}
	return 0;
}

/* Loads the one document there is. */
static int
load(struct yaml_file *file, yaml_parser_t *parser, const uint8_t *text)
{
	yaml_document_t second;
	const yaml_node_t *root;
	size_t line;

	if (yaml_parser_load(parser, &file->document) == 0)
		return refuse_syntax(parser, file->path, file->error, text);
	if (yaml_document_get_root_node(&file->document) == NULL)
		return 0;
	if (yaml_parser_load(parser, &second) == 0) {
		yaml_document_delete(&file->document);
		return refuse_syntax(parser, file->path, file->error, text);
	}
	root = yaml_document_get_root_node(&second);
	line = second.start_mark.line + 1;
	yaml_document_delete(&second);
	if (root == NULL)
		return 0;
	yaml_document_delete(&file->document);
	return config_refuse(file->error, PATH_FORMAT ":%zu: begins a second document", file->path, line);
}

int
yaml_open(struct yaml_file *file, struct yaml_value *root, const char *path, struct config_error *error)
{
	yaml_parser_t parser;
	uint8_t *text = NULL;
	size_t size = 0;
	int result = read_file(&text, &size, path, error);

	if (result != 0)
		return result;
	*file = (struct yaml_file){ .path = path, .error = error };
	if (yaml_parser_initialize(&parser) == 0) {
		free(text);
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, text, size);
	result = check_depth(&parser, path, error, text);
	yaml_parser_delete(&parser);
	if (result == 0 && yaml_parser_initialize(&parser) == 0)
		result = -ENOMEM;
	if (result == 0) {
		yaml_parser_set_input_string(&parser, text, size);
		result = load(file, &parser, text);
		yaml_parser_delete(&parser);
	}
	free(text);
	if (result == 0)
		*root = (struct yaml_value){ .file = file, .node = 1, .line = 1 };
	return result;
}

void
yaml_close(struct yaml_file *file)
{
	yaml_document_delete(&file->document);
}

/* The node itself; NULL for a file of nothing. */
static const yaml_node_t *
node_of(const struct yaml_value *value)
{
	return yaml_document_get_node(&value->file->document, value->node);
}

static const char *
type_name(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return "a single value";
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "keys with values";
	case YAML_NO_NODE:
		break;
	}
	return "nothing";
}

/* What stands after a key whose value was left out, as when all below it is a comment. */
static bool
is_nothing(const yaml_node_t *node)
{
	return node == NULL ||
	    (node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0 &&
		node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
}

static int
check_type(const struct yaml_value *value, yaml_node_type_t type, const char *wanted, const char *tag)
{
	const yaml_node_t *node = node_of(value);

	if (node->type != type)
		return yaml_refuse(value, "takes %s, not %s", wanted, type_name(node));
	if (node->tag != NULL && strcmp((const char *)node->tag, tag) != 0)
		return yaml_refuse(value, "takes no tag, such as %.80s", (const char *)node->tag);
	return 0;
}

static int
text_of(const char **text, const struct yaml_value *value)
{
	const yaml_node_t *node = node_of(value);
	int result = check_type(value, YAML_SCALAR_NODE, "a single value", YAML_STR_TAG);

	if (result != 0)
		return result;
	if (strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
		return yaml_refuse(value, "has a NUL in it");
	*text = (const char *)node->data.scalar.value;
	return 0;
}

int
yaml_text(const char **text, const struct yaml_value *value)
{
	if (is_nothing(node_of(value)))
		return yaml_refuse(value, "has no value");
	return text_of(text, value);
}

int
yaml_take_setting(struct config *config, const struct yaml_value *value,
    int (*read)(struct config *config, struct config_error *error, const char *where, const char *text))
{
	char where[YAML_WHERE_BYTES];
	const char *text;
	int result = yaml_text(&text, value);

	if (result != 0)
		return result;
	yaml_where(where, value);
	return read(config, value->file->error, where, text);
}

bool
yaml_is_mapping(const struct yaml_value *value)
{
	const yaml_node_t *node = node_of(value);

	return node != NULL && node->type == YAML_MAPPING_NODE;
}

int
yaml_count_mapping(size_t *count, const struct yaml_value *mapping)
{
	const yaml_node_t *node = node_of(mapping);
	int result;

	if (is_nothing(node)) {
		*count = 0;
		return 0;
	}
	result = check_type(mapping, YAML_MAPPING_NODE, "keys with values", YAML_MAP_TAG);
	if (result == 0)
		*count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	return result;
}

int
yaml_count_sequence(size_t *count, const struct yaml_value *sequence)
{
	const yaml_node_t *node = node_of(sequence);
	int result;

	if (is_nothing(node)) {
		*count = 0;
		return 0;
	}
	result = check_type(sequence, YAML_SEQUENCE_NODE, "a list", YAML_SEQ_TAG);
	if (result == 0)
		*count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	return result;
}

/* One value of a mapping, named by format after the mapping. */
static int
take_pair(struct yaml_value *member, const char **key, const struct yaml_value *mapping, size_t index,
    const char *before, const char *after)
{
	const yaml_node_pair_t *pair = node_of(mapping)->data.mapping.pairs.start + index;
	struct yaml_value of_key = *mapping;
	int result;

	of_key.node = pair->key;
	of_key.line = node_of(&of_key)->start_mark.line + 1;
	result = text_of(key, &of_key);
	if (result != 0)
		return result;
	*member = of_key;
	member->node = pair->value;
	snprintf(member->key, sizeof(member->key), "%.120s%s%.80s%s", mapping->key, before, *key, after);
	return 0;
}

int
yaml_member(struct yaml_value *member, const char **key, const struct yaml_value *mapping, size_t index)
{
	return take_pair(member, key, mapping, index, "[", "]");
}

int
yaml_item(struct yaml_value *item, const struct yaml_value *sequence, size_t index)
{
	*item = *sequence;
	item->node = node_of(sequence)->data.sequence.items.start[index];
	/* Of an anchor's items the line is theirs, wherever they are referred to. */
	item->line = node_of(item)->start_mark.line + 1;
	snprintf(item->key, sizeof(item->key), "%.200s[%zu]", sequence->key, index);
	return 0;
}

static int
refuse_unknown(const struct yaml_value *value, const struct yaml_key *keys, size_t key_count)
{
	char known[256] = "";
	size_t size = 0;

	for (size_t i = 0; i < key_count && size < sizeof(known); i++)
		size += (size_t)snprintf(
		    known + size, sizeof(known) - size, "%s%s", i == 0 ? "" : ", ", keys[i].name);
	return yaml_refuse(value, "is no setting; there are %s", known);
}

int
yaml_take_mapping(
    const struct yaml_value *mapping, const struct yaml_key *keys, size_t key_count, void *target)
{
	uint64_t taken = 0;
	size_t count;
	int result = yaml_count_mapping(&count, mapping);

	for (size_t i = 0; result == 0 && i < count; i++) {
		struct yaml_value value;
		const char *name;
		size_t k = 0;

		result = take_pair(&value, &name, mapping, i, mapping->key[0] == '\0' ? "" : ".", "");
		if (result != 0)
			return result;
		while (k < key_count && strcmp(keys[k].name, name) != 0)
			k++;
		if (k == key_count)
			return refuse_unknown(&value, keys, key_count);
		if ((taken >> k & 1) != 0)
			return yaml_refuse(&value, "is there twice");
		taken |= UINT64_C(1) << k;
		result = keys[k].take(target, &value);
	}
	return result;
}

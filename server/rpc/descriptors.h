/* The descriptors of what the daemon serves, as data: made from the .proto files by
 * descriptors.py when the daemon is built, so that none is needed when it runs. */
#ifndef ANAGRAPH_SERVER_RPC_DESCRIPTORS_H
#define ANAGRAPH_SERVER_RPC_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>

struct descriptor_file {
	const char *name;    /* as imports name it */
	const uint8_t *data; /* an encoded google.protobuf.FileDescriptorProto */
	size_t size;
	const uint8_t *needed; /* the file's own index, then those of all that it imports */
	size_t needed_count;
};

/* A message, field, oneof, enum, enum value, service, method or extension. */
struct descriptor_symbol {
	const char *name; /* fully qualified, without a dot before it */
	uint8_t file;
};

extern const struct descriptor_file DESCRIPTOR_FILES[];
extern const size_t DESCRIPTOR_FILE_COUNT;
extern const struct descriptor_symbol DESCRIPTOR_SYMBOLS[]; /* by name, in byte order */
extern const size_t DESCRIPTOR_SYMBOL_COUNT;
extern const char *const DESCRIPTOR_SERVICES[]; /* in byte order */
extern const size_t DESCRIPTOR_SERVICE_COUNT;

#endif

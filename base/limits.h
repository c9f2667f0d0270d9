/* Every limit that a caller, a policy or an operator can run into, in one table.
 * The README's table lists the same; each has a test at the number and one past
 * it. */
#ifndef ANAGRAPH_BASE_LIMITS_H
#define ANAGRAPH_BASE_LIMITS_H

enum limits {
	/* What a caller may send. */
	LIMIT_REQUEST_BYTES = 1024 * 1024,   /* one message; beyond it gRPC answers RESOURCE_EXHAUSTED */
	LIMIT_REQUEST_FIELDS = 16384,        /* in one message, nested ones included: LIMIT_EXCEEDED */
	LIMIT_METADATA_BYTES = 8192,         /* of a call; beyond it gRPC answers RESOURCE_EXHAUSTED */
	LIMIT_CONNECTION_CALLS = 1024,       /* at once on one connection; gRPC has the others wait */
	LIMIT_ACCOUNT_BYTES = 64,            /* ACCOUNT_INVALID */
	LIMIT_EVENT_IDENTIFIERS = 64,        /* LIMIT_EXCEEDED */
	LIMIT_EVENT_ATTRIBUTES = 100,        /* LIMIT_EXCEEDED */
	LIMIT_IDENTIFIER_BYTES = 256,        /* every namespace but e-mail: IDENTIFIER_INVALID */
	LIMIT_EMAIL_LOCAL_BYTES = 64,        /* IDENTIFIER_INVALID */
	LIMIT_EMAIL_DOMAIN_BYTES = 253,      /* IDENTIFIER_INVALID */
	LIMIT_EMAIL_LABEL_BYTES = 63,        /* IDENTIFIER_INVALID */
	LIMIT_RAW_IDENTIFIER_BYTES = 1024,   /* before trimming: IDENTIFIER_INVALID */
	LIMIT_ATTRIBUTE_NAME_BYTES = 64,     /* ATTRIBUTE_INVALID */
	LIMIT_ATTRIBUTE_STRING_BYTES = 1024, /* once trimmed: ATTRIBUTE_INVALID */
	LIMIT_CONVERSATION_BYTES = 128,      /* FIELD_INVALID */
	LIMIT_REQUEST_ID_BYTES = 64,         /* FIELD_INVALID */
	LIMIT_OPERATOR_BYTES = 128,          /* FIELD_INVALID */
	LIMIT_LIST_BYTES = 64,               /* a list's name: FIELD_INVALID */
	LIMIT_BATCH_KEYS = 1000,             /* in one BatchResolve: LIMIT_EXCEEDED */
	LIMIT_PAGE_ITEMS = 1000,             /* contacts or entries of a page: LIMIT_EXCEEDED */
	LIMIT_FUTURE_SECONDS = 5 * 60,       /* observed_at past it is clamped to it */

	/* What a contact may hold; past it the least gives way, no call fails. */
	LIMIT_CONTACT_DEVICES = 64,
	LIMIT_CONTACT_ATTRIBUTES = 100,
	LIMIT_CONTACT_SECONDARIES = 16,
	LIMIT_CONTACT_ALIASES = 256,
	LIMIT_CONTACT_DISMISSALS = 256, /* past it the oldest is forgotten */

	/* What a policy may say. */
	LIMIT_POLICY_ID_BYTES = 64,
	LIMIT_POLICY_VERSION_BYTES = 32,
	LIMIT_POLICY_REASON_BYTES = 63,
	LIMIT_POLICY_FILE_BYTES = 16 * 1024 * 1024,
	LIMIT_POLICY_OPTIONS = 64,
	LIMIT_POLICY_OPTION_NAME_BYTES = 64,
	LIMIT_POLICY_OPTION_BYTES = 1024,

	/* What a policy in a process of its own may take, and how often it may fail. */
	LIMIT_POLICY_DEADLINE_MS = 10000,              /* that may be set */
	LIMIT_POLICY_MEMORY_BYTES = 256 * 1024 * 1024, /* addresses: more can't be allocated */
	LIMIT_POLICY_START_MS = 5000,                  /* loading and making its instance: refused */
	LIMIT_POLICY_FAILURES = 3,                     /* in a row: it is not asked for a while */
	LIMIT_POLICY_REST_SECONDS = 30,                /* the first while; each next one is twice as long */
	LIMIT_POLICY_REST_MOST_SECONDS = 60 * 60,
	LIMIT_REPLAY_HOLD_SECONDS = 3600, /* a replay's read transaction, if it is let */
	LIMIT_SHADOW_WAITING = 4096, /* conflicts that a shadow has not been asked yet: more are skipped */
	LIMIT_POLICY_QUESTION_LINES = 16, /* of its log for one question: more are dropped */

	/* What one call may cost. */
	LIMIT_CALL_ARENA_BYTES = 4 * 1024 * 1024, /* unpacked request: LIMIT_EXCEEDED */
	LIMIT_ANSWER_BYTES = 4 * 1024 * 1024,     /* conflicts past it are left out of an answer */
	LIMIT_PAGE_BYTES = 2 * 1024 * 1024,       /* a page ends at it, never before its first item */
	LIMIT_PAGE_STEPS = 8192,                  /* times two filters disagree; past it a page ends */
	LIMIT_CALLS_IN_FLIGHT = 32768,            /* on all connections: OVERLOADED */
	LIMIT_WRITE_QUEUE = 16384,                /* calls waiting for the committer: OVERLOADED */
	LIMIT_WATCHERS = 256,                     /* streams of Health.Watch: OVERLOADED */
	LIMIT_REFLECTION_STREAMS = 64,            /* of each version: OVERLOADED */
	LIMIT_EVENT_STREAMS = 64,                 /* of IdentifyStream: OVERLOADED */
	LIMIT_STREAM_EVENTS = 256,                /* of one stream without their answers; no more are read */
	LIMIT_STREAM_BYTES = 16 * 1024 * 1024,    /* of one stream's events and answers; likewise */
	LIMIT_BATCH_EVENTS = 1024,                /* events in one transaction */

	/* How long an answer is kept for who asks for it again with its request_id. */
	LIMIT_REPLAY_SECONDS = 24 * 60 * 60,

	/* What the daemon may be told. */
	LIMIT_THREADS = 64,
	LIMIT_PEM_BYTES = 1024 * 1024, /* a certificate's or a key's file */
	LIMIT_CALLERS = 1000,          /* that the settings know */
	LIMIT_CALLER_NAME_BYTES = 256, /* as its certificate has it */
	LIMIT_CALLER_ACCOUNTS = 10000, /* that one caller's settings list */
	LIMIT_CONFIG_FILE_BYTES = 1024 * 1024,
	LIMIT_CONFIG_ACCOUNTS = 10000,         /* with settings of their own */
	LIMIT_MAP_SIZE_MIB = 64 * 1024 * 1024, /* half of what a process can address */

	/* What an account may have set. */
	LIMIT_BLOCKED_VALUES = 1000, /* in one list (N5) */
	LIMIT_JOURNAL_RETENTION_DAYS = 36500,
	LIMIT_SHARED_LIMIT = 100, /* values of one namespace beside an identifier that is not shared (N6) */

	/* How full the store may get, in per cent of the space it could have. */
	LIMIT_STORE_ALARM_PERCENT = 80,
	LIMIT_STORE_WRITE_PERCENT = 90, /* STORE_FULL */
	/* And left free on the disk, where that has no room for all of the map: STORE_FULL. */
	LIMIT_STORE_RESERVE_BYTES = 64 * 1024 * 1024,
};

#endif

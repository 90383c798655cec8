-- Times are microseconds since 1970-01-01 UTC. Text is compared by its bytes (collation BINARY).
CREATE TABLE state_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE state_events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (stream, version)
) STRICT;

-- A deleted document leaves its row without data, so that its versions go on.
CREATE TABLE state_documents (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    data TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (collection, key)
) STRICT;

-- A row stays for ever, so that its fence goes on; without a holder the lease is free.
CREATE TABLE state_leases (
    name TEXT PRIMARY KEY,
    holder TEXT,
    fence INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

-- state: 0 waits, 1 delivered, 2 given up. claimed_until is null unless somebody took the message and has not settled it.
CREATE TABLE state_messages (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    data TEXT NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    created INTEGER NOT NULL,
    due INTEGER NOT NULL,
    claimed_until INTEGER,
    settled INTEGER,
    error TEXT,
    UNIQUE (channel, key)
) STRICT;

CREATE INDEX state_messages_by_state ON state_messages (channel, state, id);

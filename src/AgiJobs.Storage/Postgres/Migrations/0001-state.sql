-- Times are microseconds since 1970-01-01 UTC. Text is compared by its bytes (collation C).
CREATE TABLE state_migrations (
    number bigint PRIMARY KEY,
    name text NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE state_events (
    position bigint PRIMARY KEY,
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    type text NOT NULL,
    data text NOT NULL,
    at bigint NOT NULL,
    UNIQUE (stream, version)
);

-- A deleted document leaves its row without data, so that its versions go on.
CREATE TABLE state_documents (
    collection text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    data text,
    at bigint NOT NULL,
    PRIMARY KEY (collection, key)
);

-- A row stays for ever, so that its fence goes on; without a holder the lease is free.
CREATE TABLE state_leases (
    name text COLLATE "C" PRIMARY KEY,
    holder text,
    fence bigint NOT NULL,
    until bigint NOT NULL
);

-- state: 0 waits, 1 delivered, 2 given up. claimed_until is null unless somebody took the message and has not settled it.
CREATE TABLE state_messages (
    id bigint PRIMARY KEY,
    channel text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    data text NOT NULL,
    state bigint NOT NULL,
    attempts bigint NOT NULL,
    created bigint NOT NULL,
    due bigint NOT NULL,
    claimed_until bigint,
    settled bigint,
    error text,
    UNIQUE (channel, key)
);

CREATE INDEX state_messages_by_state ON state_messages (channel, state, id);

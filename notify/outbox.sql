-- The outbox: one small file in the state folder. Times are seconds since 1970, UTC.

-- what happened and waits to be told; alike troubles are one row with a count, moved to the end
CREATE TABLE events (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    recovers TEXT NOT NULL,             -- the kind of trouble that it ends, or empty
    rank     INTEGER NOT NULL,          -- 0 info ... 3 critical: the least goes first when it is full
    event    TEXT NOT NULL,             -- the newest of them, as JSON
    first_s  REAL,                      -- NULL: the clock was not set yet
    last_s   REAL,
    count    INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX events_alike ON events (kind, subject, recovers);

-- what was told of each trouble: so that it is told once, and its end too
CREATE TABLE told (
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    how      TEXT NOT NULL,
    severity TEXT NOT NULL,
    since_s  REAL NOT NULL,
    told_s   REAL NOT NULL,
    last_s   REAL NOT NULL,
    letters  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    open     INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) WITHOUT ROWID;

-- what is to be sent, once for each channel; frozen from the first attempt on
CREATE TABLE letters (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    channel    TEXT NOT NULL,
    form       TEXT NOT NULL,
    items      TEXT NOT NULL,
    made_s     REAL NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_s     REAL NOT NULL DEFAULT 0,
    state      TEXT NOT NULL DEFAULT 'waiting',   -- waiting, sent, given up
    done_s     REAL,
    problem    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX letters_waiting ON letters (state, channel);

-- when letters were made, for the cap per hour
CREATE TABLE made (at_s REAL NOT NULL);

-- the outbox's own name, the front half of each Message-ID
CREATE TABLE about (name TEXT NOT NULL);

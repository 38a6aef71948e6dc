-- What sunward remembers, schema version 1 (PRAGMA user_version).
--
-- Tables (singular names) are sunward's own and may change with a version. Views (plural names, below)
-- are for everyone else, keep their names, and may be read while sunward runs:
--     sqlite3 'file:history.db?mode=ro' 'SELECT * FROM house_days'
--
-- Time is kept in whole seconds since 1970 (UTC). Energy is kept in joules (1 Wh = 3600 J), current in
-- ampere-seconds, all of them whole numbers: each column is a sum over the row's time, so that rows of
-- any length are joined by adding, and adding loses nothing. A mean is a sum divided by the seconds in
-- which its source was known: grid_j / grid_s are watts.
--
-- level: 3 = a minute, 2 = a quarter hour, 1 = an hour, 0 = a day from local midnight to the next.

CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE house (
    level         INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    seconds       INTEGER NOT NULL,
    grid_s        INTEGER NOT NULL,
    grid_in_j     INTEGER NOT NULL,
    grid_out_j    INTEGER NOT NULL,
    solar_s       INTEGER NOT NULL,
    solar_j       INTEGER NOT NULL,
    battery_s     INTEGER NOT NULL,
    battery_in_j  INTEGER NOT NULL,     -- into the house: discharged
    battery_out_j INTEGER NOT NULL,     -- out of the house: charged
    house_s       INTEGER NOT NULL,
    house_j       INTEGER NOT NULL,
    chargers_j    INTEGER NOT NULL,
    soc_s         INTEGER NOT NULL,
    soc_percent_s INTEGER NOT NULL,     -- percent x seconds
    PRIMARY KEY (level, at)
) WITHOUT ROWID;

CREATE TABLE charger_name (n INTEGER PRIMARY KEY, charger_id TEXT NOT NULL UNIQUE);

CREATE TABLE charger (
    level      INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    n          INTEGER NOT NULL REFERENCES charger_name,
    seconds    INTEGER NOT NULL,
    offered_as INTEGER NOT NULL,
    drawn_as   INTEGER NOT NULL,
    energy_j   INTEGER NOT NULL,
    sun_j      INTEGER NOT NULL,
    battery_j  INTEGER NOT NULL,
    grid_j     INTEGER NOT NULL,
    PRIMARY KEY (level, at, n)
) WITHOUT ROWID;

-- Minutes measured while nobody knew what time it was; placed once the clock is known.
CREATE TABLE adrift (id INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, mono_s REAL NOT NULL, body TEXT NOT NULL);

CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    charger_id TEXT NOT NULL,
    vin TEXT NOT NULL,
    boot TEXT NOT NULL,                 -- mono seconds count from this boot of the computer
    start_at REAL, start_mono_s REAL NOT NULL, start_reason TEXT NOT NULL,
    seen_at REAL, seen_mono_s REAL NOT NULL,
    end_at REAL, end_mono_s REAL, end_reason TEXT NOT NULL,
    charged_s REAL NOT NULL,
    energy_wh REAL NOT NULL, sun_wh REAL NOT NULL, battery_wh REAL NOT NULL, grid_wh REAL NOT NULL,
    peak_amps REAL NOT NULL,
    counter_start_wh REAL, counter_end_wh REAL, counter_base_wh REAL, counter_mark_wh REAL,
    note TEXT NOT NULL
);
CREATE INDEX session_start ON session (start_at);
CREATE INDEX session_open ON session (end_reason) WHERE end_reason = '';
CREATE INDEX session_adrift ON session (boot) WHERE start_at IS NULL OR seen_at IS NULL;

CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL, boot TEXT NOT NULL, mono_s REAL NOT NULL,
    kind TEXT NOT NULL, severity TEXT NOT NULL, subject TEXT NOT NULL, recovers TEXT NOT NULL,
    sentence TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX event_adrift ON event (boot) WHERE at IS NULL;

-- Each change of an offer's reason: "why did it stop at 14:05?"
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL, boot TEXT NOT NULL, mono_s REAL NOT NULL,
    charger_id TEXT NOT NULL, before_amps REAL, after_amps REAL NOT NULL,
    reason TEXT NOT NULL, steps TEXT NOT NULL
);
CREATE INDEX journal_at ON journal (at);
CREATE INDEX journal_adrift ON journal (boot) WHERE at IS NULL;

-- Views for others ------------------------------------------------------------------------------------
-- house_minutes, house_quarters, house_hours, house_days: start (UTC text), at, and
--   grid_w solar_w battery_w house_w chargers_w     mean watts, NULL where unknown; grid + is import,
--                                                   battery + is discharging
--   import_wh export_wh solar_wh discharged_wh charged_wh house_wh chargers_wh, soc_percent
-- The coarse ones are complete up to the last full hour (reader.py adds the rest from the minutes);
-- minutes are kept for about three months, quarter hours for two years, the others for ever.

CREATE VIEW house_all AS
SELECT level, at, datetime(at, 'unixepoch') AS start, seconds,
    1.0 * (grid_in_j - grid_out_j) / nullif(grid_s, 0) AS grid_w,
    1.0 * solar_j / nullif(solar_s, 0) AS solar_w,
    1.0 * (battery_in_j - battery_out_j) / nullif(battery_s, 0) AS battery_w,
    1.0 * house_j / nullif(house_s, 0) AS house_w,
    1.0 * chargers_j / nullif(seconds, 0) AS chargers_w,
    grid_in_j / 3600.0 AS import_wh, grid_out_j / 3600.0 AS export_wh, solar_j / 3600.0 AS solar_wh,
    battery_in_j / 3600.0 AS discharged_wh, battery_out_j / 3600.0 AS charged_wh,
    house_j / 3600.0 AS house_wh, chargers_j / 3600.0 AS chargers_wh,
    1.0 * soc_percent_s / nullif(soc_s, 0) AS soc_percent
FROM house;

CREATE VIEW house_minutes AS SELECT * FROM house_all WHERE level = 3;
CREATE VIEW house_quarters AS SELECT * FROM house_all WHERE level = 2;
CREATE VIEW house_hours AS SELECT * FROM house_all WHERE level = 1;
CREATE VIEW house_days AS SELECT * FROM house_all WHERE level = 0;

CREATE VIEW charger_all AS
SELECT level, at, datetime(at, 'unixepoch') AS start, charger_id, seconds,
    1.0 * offered_as / nullif(seconds, 0) AS offered_amps, 1.0 * drawn_as / nullif(seconds, 0) AS drawn_amps,
    1.0 * energy_j / nullif(seconds, 0) AS watts, energy_j / 3600.0 AS energy_wh,
    sun_j / 3600.0 AS sun_wh, battery_j / 3600.0 AS battery_wh, grid_j / 3600.0 AS grid_wh
FROM charger JOIN charger_name USING (n);

CREATE VIEW charger_minutes AS SELECT * FROM charger_all WHERE level = 3;
CREATE VIEW charger_quarters AS SELECT * FROM charger_all WHERE level = 2;
CREATE VIEW charger_hours AS SELECT * FROM charger_all WHERE level = 1;
CREATE VIEW charger_days AS SELECT * FROM charger_all WHERE level = 0;

-- Charging sessions: from plugging in to unplugging; end is NULL and end_reason empty while one lasts.
CREATE VIEW sessions AS
SELECT id, charger_id, vin, datetime(start_at, 'unixepoch') AS start, datetime(end_at, 'unixepoch') AS end,
    start_reason, end_reason, charged_s, energy_wh, sun_wh, battery_wh, grid_wh,
    sun_wh / nullif(energy_wh, 0) AS sun_share, peak_amps, counter_end_wh - counter_start_wh AS counter_wh, note
FROM session;

CREATE VIEW events AS
SELECT id, datetime(at, 'unixepoch') AS time, kind, severity, subject, recovers, sentence, data FROM event;

CREATE VIEW decisions AS
SELECT id, datetime(at, 'unixepoch') AS time, charger_id, before_amps, after_amps, reason, steps FROM journal;

-- Schema version 2: what a kilowatt-hour cost at the time, and what charging cost.
--
-- Money is kept in millionths of the currency, as whole numbers, and summed like everything else: a price is
-- kept as a sum of price x seconds (buy_s seconds in which it was known), so that a mean is buy_us / buy_s.
-- Which currency it was stands with each session.

ALTER TABLE house ADD COLUMN buy_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE house ADD COLUMN buy_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE house ADD COLUMN sell_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE house ADD COLUMN sell_us INTEGER NOT NULL DEFAULT 0;

ALTER TABLE charger ADD COLUMN priced_j INTEGER NOT NULL DEFAULT 0;  -- energy whose price was known
ALTER TABLE charger ADD COLUMN cost_u INTEGER NOT NULL DEFAULT 0;
ALTER TABLE charger ADD COLUMN saved_u INTEGER NOT NULL DEFAULT 0;   -- against buying all of it

ALTER TABLE session ADD COLUMN priced_wh REAL NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN cost REAL NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN saved REAL NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN currency TEXT NOT NULL DEFAULT '';

DROP VIEW house_all;
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
    1.0 * soc_percent_s / nullif(soc_s, 0) AS soc_percent,
    buy_us / 1e6 / nullif(buy_s, 0) AS buy_per_kwh, sell_us / 1e6 / nullif(sell_s, 0) AS sell_per_kwh
FROM house;

DROP VIEW charger_all;
CREATE VIEW charger_all AS
SELECT level, at, datetime(at, 'unixepoch') AS start, charger_id, seconds,
    1.0 * offered_as / nullif(seconds, 0) AS offered_amps, 1.0 * drawn_as / nullif(seconds, 0) AS drawn_amps,
    1.0 * energy_j / nullif(seconds, 0) AS watts, energy_j / 3600.0 AS energy_wh,
    sun_j / 3600.0 AS sun_wh, battery_j / 3600.0 AS battery_wh, grid_j / 3600.0 AS grid_wh,
    priced_j / 3600.0 AS priced_wh, cost_u / 1e6 AS cost, saved_u / 1e6 AS saved
FROM charger JOIN charger_name USING (n);

DROP VIEW sessions;
CREATE VIEW sessions AS
SELECT id, charger_id, vin, datetime(start_at, 'unixepoch') AS start, datetime(end_at, 'unixepoch') AS end,
    start_reason, end_reason, charged_s, energy_wh, sun_wh, battery_wh, grid_wh,
    sun_wh / nullif(energy_wh, 0) AS sun_share, peak_amps, counter_end_wh - counter_start_wh AS counter_wh, note,
    priced_wh, CASE WHEN priced_wh > 0 THEN cost END AS cost, CASE WHEN priced_wh > 0 THEN saved END AS saved,
    currency
FROM session;

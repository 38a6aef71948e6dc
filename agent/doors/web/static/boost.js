// Boost: one tap for an hour, or another end; and the way back to the sun in one tap.

import { call } from "/static/api.js";
import { h, put, say, settle, show } from "/static/dom.js";
import { icon } from "/static/icons.js";
import { amps, clockBy, percent, span } from "/static/words.js";

const LENGTHS = [["30 min", 1800], ["1 h", 3600], ["3 h", 10800], ["6 h", 21600]];

/** An element and an update(charger); `act(promise)` shows refusals and fetches what changed. */
export function boost(id, act) {
  const start = (ask) => {
    panel.open = false;
    const limit = ampsField.value ? { amps: Number(ampsField.value) } : {};
    act(call("PUT", "/boost", { ...ask, ...limit, charger: id }));
  };
  const ampsField = h("input", { type: "number", inputmode: "numeric", min: 6, placeholder: "all", id: `amps-${id}` });
  const now = h("button", { onclick: () => start({ for_s: 3600 }) }, icon("bolt"), "Boost 1 h");
  const end = (label, input, unit, ask) =>
    h("form", { class: "end", onsubmit: (event) => { event.preventDefault(); start(ask(input.value)); } },
      h("label", { for: input.id }, label), input, h("span", { class: "unit" }, unit), h("button", { type: "submit" }, "Start"));
  const until = h("input", { type: "time", value: "07:00", required: true, id: `until-${id}` });
  const soc = h("input", { type: "number", inputmode: "numeric", min: 1, max: 100, value: 80, required: true, id: `soc-${id}` });
  const kwh = h("input", { type: "number", inputmode: "decimal", min: 0.5, max: 250, step: 0.5, value: 10, required: true, id: `kwh-${id}` });
  const toSoc = end("until the car has", soc, "%", (value) => ({ to_soc_percent: Number(value) }));
  const panel = h("details", { class: "ends" },
    h("summary", {}, "Other end"),
    h("div", { class: "panel" },
      h("div", { class: "chips", role: "group", "aria-label": "Boost for" },
        LENGTHS.map(([word, seconds]) => h("button", { onclick: () => start({ for_s: seconds }) }, word))),
      end("until", until, "", (value) => ({ until: value })),
      toSoc,
      end("for", kwh, "kWh", (value) => ({ to_energy_kwh: Number(value) })),
      h("p", { class: "end" }, h("label", { for: ampsField.id }, "with at most"), ampsField, h("span", { class: "unit" }, "A"))));
  const text = h("p", { class: "boosted" });
  const stop = h("button", { onclick: () => act(call("DELETE", `/boost?charger=${encodeURIComponent(id)}`)) }, icon("leaf"), "Back to normal");
  const idle = h("div", { class: "boost idle" }, now, panel);
  const busy = h("div", { class: "boost busy", hidden: true }, text, stop);

  function update(charger, nowIso) {
    const on = charger.boost;
    const held = element.contains(document.activeElement);
    show(idle, !on);
    show(busy, Boolean(on));
    if (held) settle(on ? stop : now);
    put(now, "class", charger.plugged || charger.charging ? "primary" : "plain");
    show(toSoc, charger.car?.soc_percent !== null && charger.car?.soc_percent !== undefined);
    if (ampsField.max !== String(charger.max_amps)) ampsField.max = charger.max_amps;
    if (!on) return;
    const goals = [];
    if (on.to_soc_percent !== null) goals.push(`until ${percent(on.to_soc_percent)}`);
    if (on.to_energy_kwh !== null) goals.push(`for ${on.to_energy_kwh} kWh`);
    const latest = on.ends ? `${goals.length ? "at the latest at" : "until"} ${clockBy(on.ends, nowIso)}` : "";
    const left = on.left_s !== null && !goals.length ? ` (${span(on.left_s)} left)` : "";
    const limit = on.amps !== null ? ` with ${amps(on.amps)}` : "";
    say(text, `Boost${limit} ${[...goals, latest].filter(Boolean).join(", ")}${left}`);
  }

  const element = h("div", {}, idle, busy);
  return { element, update };
}

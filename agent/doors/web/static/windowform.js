// One charging window as a form.

import { h, put, show } from "/static/dom.js";
import { DAY_NAMES, daysOf, daysText } from "/static/weekdays.js";
import { MODES } from "/static/words.js";

const PRESETS = [["Every day", [0, 1, 2, 3, 4, 5, 6]], ["Mon–Fri", [0, 1, 2, 3, 4]], ["Weekend", [5, 6]]];

/** element, open(row, isNew), close(). `hooks`: save(before, row), remove(row), closed(). */
export function windowForm(hooks) {
  let before = null;
  let days = [];
  let mode = "fast";
  const name = h("input", { id: "w-name", maxlength: 60, required: true, pattern: "[A-Za-z0-9_.\\-]([A-Za-z0-9 _.\\-]*[A-Za-z0-9_.\\-])?", title: "Letters, digits, spaces, dots and dashes" });
  const from = h("input", { id: "w-from", type: "time", required: true, step: 60 });
  const to = h("input", { id: "w-to", type: "time", required: true, step: 60 });
  const amps = h("input", { id: "w-amps", type: "number", inputmode: "numeric", min: 6, max: 80, step: 1, placeholder: "all" });
  const charger = h("select", { id: "w-charger" });
  const until = h("input", { id: "w-until", type: "date", title: "Left empty, it holds for good" });
  const enabled = h("input", { id: "w-enabled", type: "checkbox" });
  const title = h("h2", { id: "w-title", tabindex: "-1" });
  const dayButtons = DAY_NAMES.map((word, day) => h("button", { type: "button", "aria-label": word, onclick: () => setDays(days.includes(day) ? days.filter((one) => one !== day) : [...days, day]) }, word.slice(0, 2)));
  const modeButtons = MODES.map((one) => h("button", { type: "button", title: one.hint, onclick: () => setMode(one.mode) }, one.word));
  const remove = h("button", { type: "button", class: "plain bad", onclick: () => hooks.remove(before) }, "Delete");
  const complaint = h("p", { class: "problem", role: "alert" });
  const field = (label, input, unit) => h("div", { class: "field" }, h("label", { for: input.id }, label), input, unit ? h("span", { class: "unit" }, unit) : null);

  function setDays(chosen) {
    days = chosen;
    dayButtons.forEach((button, day) => put(button, "aria-pressed", days.includes(day)));
  }
  function setMode(chosen) {
    mode = chosen;
    MODES.forEach((one, at) => put(modeButtons[at], "aria-pressed", one.mode === mode));
    show(amps.parentNode, mode !== "off");
  }

  function send(event) {
    event.preventDefault();
    const wrong = days.length ? "" : "Choose at least one day.";
    complaint.textContent = wrong;
    if (wrong) return;
    hooks.save(before, {
      ...(before ?? {}), name: name.value.trim(), days: daysText(days), from: from.value, to: to.value === "00:00" ? "24:00" : to.value, mode,
      amps: amps.value && mode !== "off" ? Number(amps.value) : null, charger: charger.value || null, until: until.value || null, enabled: enabled.checked,
    });
  }

  const element = h("form", { class: "card window-form", hidden: true, onsubmit: send, "aria-labelledby": "w-title" },
    title, field("Name", name),
    h("div", { class: "field" }, h("span", {}, "Days"), h("div", { class: "chips days", role: "group", "aria-label": "Days" }, dayButtons)),
    h("div", { class: "chips presets" }, PRESETS.map(([word, chosen]) => h("button", { type: "button", onclick: () => setDays(chosen) }, word))),
    h("div", { class: "pair" }, field("From", from), field("To", to)),
    h("div", { class: "modes", role: "group", "aria-label": "Mode in this window" }, modeButtons),
    field("At most", amps, "A"), field("Charger", charger), field("Last day", until),
    h("label", { class: "check", for: "w-enabled" }, enabled, "In force"), complaint,
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, "Save"), h("button", { type: "button", onclick: () => close() }, "Cancel"), remove));
  element.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });

  function open(row, chargers, known) {
    before = known ? row : null;
    title.textContent = known ? `Window “${row.name}”` : "A new window";
    name.value = row.name;
    from.value = row.from;
    to.value = row.to === "24:00" ? "00:00" : row.to;
    amps.value = row.amps ?? "";
    charger.replaceChildren(h("option", { value: "" }, "Every charger"), ...chargers.map((one) => h("option", { value: one.id }, one.name)));
    charger.value = row.charger ?? "";
    until.value = row.until ?? "";
    enabled.checked = row.enabled ?? true;
    complaint.textContent = "";
    setDays(daysOf(row.days));
    setMode(row.mode);
    show(remove, known);
    show(element, true);
    (matchMedia("(pointer: coarse)").matches ? title : name).focus({ preventScroll: true }); // no keyboard over the form unasked
    element.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
  function close() {
    show(element, false);
    hooks.closed();
  }
  return { element, open, close };
}

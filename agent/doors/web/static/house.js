// Screen "House": devices and their health, the bus, the clouds, the doctor, keys, backup, settings, versions.

import { BASE, call, get } from "/static/api.js";
import { busFacts, cloudRows, deviceList } from "/static/devices.js";
import { h, say, settle, show } from "/static/dom.js";
import { keys } from "/static/keys.js";

const TRY_AGAIN_MS = 10000;
const MARKS = { good: "well", odd: "look at it", bad: "needs your hand" };
const card = (title, ...children) => h("section", { class: "card" }, h("h2", {}, title), ...children);

/** A screen: an element, and an update(live) for each change. */
export function houseScreen(live, act) {
  const devices = deviceList();
  const verdict = h("p", {});
  const facts = h("dl", { class: "facts" });
  const clouds = h("div", { class: "clouds" });
  const findings = h("ul", { class: "rows findings", "aria-live": "polite" });
  const examine = h("button", { onclick: () => act(look(), { quietly: true }) }, "Examine the house");
  const ring = keys(act);
  const file = h("input", { type: "file", accept: "application/json,.json", id: "restore" });
  const restored = h("p", { role: "status" });
  const settings = h("div", { class: "settings" });
  const versions = h("p", { class: "quiet" });
  const cloudCard = card("Calls to Tesla's cloud today", clouds);
  let drawn = "", account = null;

  async function look() {
    examine.disabled = true;
    try {
      const found = await call("POST", "/admin/doctor");
      const order = ["bad", "odd", "good"];
      found.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
      findings.replaceChildren(...found.map((one) => h("li", { class: `device ${one.level === "odd" ? "calm" : one.level}` },
        h("span", { class: "lamp", role: "img", "aria-label": MARKS[one.level] }), h("span", {}, h("strong", {}, one.about), h("small", {}, one.says)))));
    } finally {
      examine.disabled = false;
      settle(examine);
    }
  }

  async function restore(event) {
    event.preventDefault();
    let backup;
    try {
      backup = JSON.parse(await file.files[0].text());
    } catch {
      say(restored, "That file is no backup of sunward: choose sunward-backup.json.");
      return;
    }
    if (!confirm("Put modes and windows back to what this file says?")) return;
    await act(call("PUT", "/admin/restore", backup).then(() => say(restored, "Modes and windows are what the backup says.")));
  }

  async function begin() {
    account = await get("/calls");
    const about = await get("/about");
    say(versions, Object.entries(about.versions).map(([part, version]) => `${part} ${version}`).join(" · "));
    if (about.scope === "admin") {
      await ring.look(about, live.state.now);
      settings.replaceChildren(...settingRows(await get("/admin/settings")));
    }
  }

  let tried = -Infinity;
  function update({ state }) {
    if (!state) return;
    devices.update(state);
    const bus = busFacts(state);
    say(verdict, bus.verdict);
    const figures = JSON.stringify(bus.facts);
    if (figures !== drawn) facts.replaceChildren(...bus.facts.map(([word, value]) => h("div", {}, h("dt", {}, word), h("dd", {}, value))));
    drawn = figures;
    const told = state.chargers.map((one) => one.car).filter((car) => car?.calls);
    const cars = told.length || !account ? told : [{ name: "House battery", vin: "", calls: account }];
    const calls = JSON.stringify(cars.map((car) => car.calls));
    if (clouds.dataset.drawn !== calls) clouds.replaceChildren(...cloudRows(cars));
    clouds.dataset.drawn = calls;
    show(cloudCard, clouds.childElementCount > 0);
    if (performance.now() - tried < TRY_AGAIN_MS) return;
    tried = performance.now();
    act(begin(), { quietly: true }).then((done) => { tried = done ? Infinity : tried; });
  }

  const element = h("div", { class: "house-screen" },
    h("div", { class: "column" }, card("Devices", devices.element), card("The bus", verdict, facts), cloudCard,
      card("Doctor", h("p", { class: "quiet" }, "Looks at everything that can be tried while the house runs. It changes nothing."), examine, findings)),
    h("div", { class: "column" }, ring.element,
      card("Backup", h("p", { class: "quiet" }, "Modes and windows as people set them, to keep elsewhere."),
        h("p", { class: "links" }, h("a", { href: `${BASE}/admin/backup`, download: "sunward-backup.json" }, "Download the backup")),
        h("form", { class: "restore", onsubmit: restore }, h("label", { for: "restore" }, "Put one back"), file, h("button", { type: "submit" }, "Restore")), restored),
      card("Settings", h("p", { class: "quiet" }, "As they hold now, defaults included. They are changed in sunward.toml; secrets are never shown."), settings),
      card("Versions", versions)));
  return { element, update };
}

/** Nested settings as sections that open by a tap. */
function settingRows(all) {
  const shown = (value) => (value === null || value === "" ? "–" : Array.isArray(value) && !value.length ? "none" : typeof value === "object" ? JSON.stringify(value) : String(value));
  return Object.entries(all).map(([section, values]) => {
    const tables = Array.isArray(values) ? values : [values];
    return h("details", {}, h("summary", {}, `[${section}]`),
      tables.map((table) => h("dl", { class: "facts wide" }, Object.entries(table ?? {}).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, shown(value)))))),
      tables.length ? null : h("p", { class: "quiet" }, "none"));
  });
}

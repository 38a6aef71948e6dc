// Two bars of the same length: where the power comes from, and where it goes.

import { h, put, say, show } from "/static/dom.js";
import { power } from "/static/words.js";

const LEAST_W = 25;
const LETTER_PX = 7.4; // rather no label than half of one
const PADDING_PX = 18;

function bar(title) {
  const parts = h("div", { class: "bar" });
  const sum = h("span", { class: "bar-sum" });
  const known = new Map();
  function update(values) {
    const all = values.reduce((total, [, , watts]) => total + watts, 0);
    for (const [kind, word, watts] of values) {
      if (!known.has(kind)) {
        known.set(kind, h("span", { class: `part ${kind}` }));
        parts.append(known.get(kind));
      }
      const part = known.get(kind);
      const share = all > LEAST_W ? watts / all : 0;
      part.style.flexGrow = Math.round(share * 1000);
      show(part, share > 0.004);
      const room = share * (parts.clientWidth || 200) - PADDING_PX;
      say(part, [`${word} ${power(watts)}`, power(watts)].find((text) => text.length * LETTER_PX <= room) ?? "");
      put(part, "title", `${word} ${power(watts)}`);
    }
    say(sum, power(all));
  }
  return { element: h("div", { class: "bar-row", "aria-hidden": "true" }, h("span", { class: "bar-title" }, title), parts, sum), update };
}

/** An element and an update(state). The flow's own words say the same, so screen readers pass it by. */
export function bars() {
  const from = bar("in");
  const to = bar("out");
  const element = h("div", { class: "bars" }, from.element, to.element);
  function update({ power: now }) {
    const plus = (watts) => Math.max(0, watts ?? 0);
    from.update([["sun", "sun", plus(now.solar_w)], ["battery", "battery", plus(now.battery_w)], ["grid", "grid", plus(now.grid_w)]]);
    to.update([["house", "house", plus(now.house_w)], ["car", "cars", plus(now.chargers_w)], ["battery", "battery", plus(-now.battery_w)], ["grid", "sold", plus(-now.grid_w)]]);
    show(element, now.grid_w !== null || now.solar_w !== null);
  }
  return { element, update };
}

// What flows: sun, grid and battery around the house, and each charger below it. Dots run the way the power
// runs, faster with more of it; the line's width tells how much.

import { put, s, say } from "/static/dom.js";
import { iconAt } from "/static/icons.js";
import { power, percent } from "/static/words.js";

const HUB = { x: 180, y: 146 };
const STILL_W = 25;
const MOST_CARS = 3;

function node(kind, x, y, radius) {
  const value = s("text", { x, y: y + 17, class: "value" });
  const name = s("text", { x, y: y + radius + 17, class: "name" });
  const group = s("g", { class: `node ${kind}` }, s("circle", { cx: x, cy: y, r: radius }), iconAt(kind, x, y - 9, 24), value, name);
  return { group, value, name };
}

function wire(kind, x, y) {
  const bend = x === HUB.x ? `M${x} ${y}L${HUB.x} ${HUB.y}` : y === HUB.y ? `M${x} ${y}L${HUB.x} ${HUB.y}` : `M${x} ${y}Q${x} ${HUB.y + 44} ${HUB.x} ${HUB.y}`;
  const dots = s("path", { d: bend, class: "dots" });
  const line = s("path", { d: bend, class: "line" });
  return { group: s("g", { class: `wire ${kind}` }, line, dots), line, dots };
}

/** inward: watts that flow from the node to the house. */
function run(one, inward) {
  const watts = inward ?? 0;
  const still = Math.abs(watts) < STILL_W;
  const pace = still ? "still" : Math.abs(watts) > 4000 ? "quick" : Math.abs(watts) > 1200 ? "brisk" : "slow";
  put(one.dots, "class", `dots ${pace} ${watts < 0 ? "out" : "in"}`);
  put(one.line, "stroke-width", still ? 2 : (2.5 + Math.min(9, Math.sqrt(Math.abs(watts)) / 9)).toFixed(1));
}

/** An element and an update(state). */
export function flow() {
  const wires = s("g", {});
  const nodes = s("g", {});
  const drawing = s("svg", { viewBox: "0 0 360 306", class: "flow", role: "img" }, wires, nodes);
  const fixed = {};
  for (const [kind, x, y] of [["sun", 180, 42], ["grid", 44, HUB.y], ["battery", 316, HUB.y]]) {
    fixed[kind] = { ...node(kind, x, y, 34), wire: wire(kind, x, y) };
    wires.append(fixed[kind].wire.group);
    nodes.append(fixed[kind].group);
  }
  for (const side of [fixed.grid, fixed.battery]) put(side.name, "y", HUB.y - 46); // above: the cars' wires run below
  put(fixed.battery.name, "x", 354);
  put(fixed.battery.name, "class", "name ending");
  put(fixed.sun.name, "x", 222);
  put(fixed.sun.name, "y", 30);
  put(fixed.sun.name, "class", "name beside");
  const house = node("house", HUB.x, HUB.y, 38);
  put(house.name, "x", 222);
  put(house.name, "y", HUB.y - 22);
  put(house.name, "class", "name beside");
  nodes.append(house.group);
  let cars = [];

  function layCars(count) {
    for (const one of cars) {
      one.group.remove();
      one.wire.group.remove();
    }
    const places = { 1: [180], 2: [106, 254], 3: [50, 180, 310] }[count] ?? [];
    cars = places.map((x) => {
      const one = { ...node("car", x, 250, 34), wire: wire("car", x, 250) };
      wires.append(one.wire.group);
      nodes.append(one.group);
      return one;
    });
  }

  function update(state) {
    const { grid_w: grid, solar_w: sun, battery_w: battery, house_w: used, chargers_w: all } = state.power;
    const chargers = state.chargers.length > MOST_CARS ? [{ name: "Cars", drawn_w: all, charging: all > STILL_W }] : state.chargers;
    if (cars.length !== chargers.length) layCars(chargers.length);
    tell(fixed.sun, "Sun", sun, sun);
    tell(fixed.grid, grid === null ? "Grid" : grid < -STILL_W ? "Selling" : grid > STILL_W ? "Buying" : "Grid", grid, grid);
    const charge = state.battery_soc_percent;
    const does = battery === null || Math.abs(battery) < STILL_W ? "Battery" : battery < 0 ? "Battery charges" : "Battery gives";
    tell(fixed.battery, charge === null ? does : `${does} · ${percent(charge)}`, battery, battery);
    for (const part of [fixed.battery.group, fixed.battery.wire.group]) part.toggleAttribute("hidden", battery === null);
    say(house.value, power(used));
    say(house.name, "House");
    chargers.forEach((charger, at) => tell(cars[at], short(charger.name), charger.drawn_w, -charger.drawn_w));
    put(drawing, "aria-label", inWords(state, chargers));
  }

  function tell(one, name, watts, inward) {
    say(one.value, power(watts));
    say(one.name, name);
    put(one.group, "data-idle", watts === null || Math.abs(watts) < STILL_W);
    run(one.wire, inward);
  }

  return { element: drawing, update };
}

const short = (name) => (name.length > 16 ? `${name.slice(0, 15)}…` : name);

function inWords({ power: now, battery_soc_percent: charge }, chargers) {
  const words = [];
  if (now.solar_w !== null) words.push(`The sun gives ${power(now.solar_w)}`);
  if (now.grid_w !== null) words.push(`${power(now.grid_w)} ${now.grid_w < 0 ? "go to" : "come from"} the grid`);
  if (now.battery_w !== null) words.push(`${power(now.battery_w)} ${now.battery_w < 0 ? "go into" : "come from"} the battery`);
  if (charge !== null) words.push(`the battery holds ${percent(charge)}`);
  if (now.house_w !== null) words.push(`the house uses ${power(now.house_w)}`);
  for (const charger of chargers) words.push(`${charger.name} draws ${power(charger.drawn_w)}`);
  return `${words.join(", ")}.`;
}

// A week that one can draw in: drag over an empty stretch to add a window, drag a window to move it, drag its
// ends to stretch it, tap it (or press Enter) to edit it.

import { h, renew } from "/static/dom.js";
import { DAY_MIN, DAY_NAMES, hhmm, minutes, parts } from "/static/weekdays.js";
import { amps, modeWord } from "/static/words.js";

const SNAP = 15;
const EDGE_PX = 12;
const MOVED_PX = 5;
const ROW_PX = matchMedia("(pointer: coarse)").matches ? 46 : 30; // a finger is broader than a mouse
const LETTER_PX = 7.5; // rather no name than half of one

/** Rows of a day each. `hooks`: pick(row), draw(day, from, to), move(row, from, to), all in minutes. */
export function week(hooks) {
  const tracks = DAY_NAMES.map(() => h("div", { class: "lane" }));
  const hours = h("div", { class: "hours", "aria-hidden": "true" }, ["0", "6", "12", "18", "24"].map((hour) => h("span", {}, hour)));
  const element = h("div", { class: "week", role: "group", "aria-label": "The week's windows" },
    DAY_NAMES.map((name, day) => h("div", { class: "week-row" }, h("span", { class: "day", "aria-label": name }, name.slice(0, 2)), tracks[day])), h("div", { class: "week-row" }, h("span", { class: "day" }), hours));
  tracks.forEach((track, day) => track.addEventListener("pointerdown", (event) => begin(event, track, day)));

  function minuteAt(track, clientX) {
    const box = track.getBoundingClientRect();
    return Math.round((Math.min(1, Math.max(0, (clientX - box.left) / box.width)) * DAY_MIN) / SNAP) * SNAP;
  }

  function begin(event, track, day) {
    if (event.button) return;
    const block = event.target.closest(".block");
    const start = minuteAt(track, event.clientX);
    const ghost = h("div", { class: "ghost" });
    const gesture = block ? grip(block, event.clientX) : "draw";
    const row = block?.window;
    let span = null;
    let moved = false;

    function follow(moving) {
      moved ||= Math.abs(moving.clientX - event.clientX) > MOVED_PX;
      if (!moved) return;
      if (!ghost.parentNode) track.append(ghost);
      const at = minuteAt(track, moving.clientX);
      span = stretched(gesture, row, start, at);
      place(ghost, Math.min(span[0], DAY_MIN), span[1] > span[0] ? span[1] : DAY_MIN);
      ghost.textContent = `${hhmm(span[0])} – ${hhmm(span[1], true)}`;
    }
    function end(ending) {
      for (const [name, listener] of listeners) removeEventListener(name, listener);
      ghost.remove();
      if (ending.type === "pointercancel" || !span || span[0] === span[1]) return;
      track.dataset.dragged = "1"; // the click that follows is the drag's, nobody's wish to edit
      setTimeout(() => delete track.dataset.dragged);
      if (gesture === "draw") hooks.draw(day, ...span);
      else hooks.move(row, ...span);
    }
    const listeners = [["pointermove", follow], ["pointerup", end], ["pointercancel", end]];
    for (const [name, listener] of listeners) addEventListener(name, listener);
  }

  function update(rows, picked) {
    const byDay = DAY_NAMES.map(() => []);
    rows.forEach((row) => parts(row).forEach((part) => byDay[part.day].push({ row, ...part })));
    byDay.forEach((found, day) => {
      const lanes = [];
      const blocks = found.map((part) => {
        let lane = lanes.findIndex((end) => end <= part.from);
        if (lane < 0) lane = lanes.push(0) - 1;
        lanes[lane] = part.to;
        return block(part, day, lane, picked);
      });
      tracks[day].style.height = `${8 + Math.max(1, lanes.length) * ROW_PX}px`;
      renew(tracks[day], blocks);
    });
  }

  function block({ row, from, to, first }, day, lane, picked) {
    const words = `${row.name}, ${DAY_NAMES[day]} ${hhmm(from)} to ${hhmm(to, true)}, ${modeWord(row.mode)}${row.amps ? `, ${amps(row.amps)}` : ""}${row.enabled ? "" : ", switched off"}`;
    const element = h("button", {
      class: `block ${row.mode}${row.enabled ? "" : " resting"}${row.name === picked ? " picked" : ""}`, "aria-label": words, title: words, tabindex: first ? undefined : "-1", "data-key": first ? row.name : undefined,
      onclick: () => { if (!tracks[day].dataset.dragged) hooks.pick(row); },
    }, [row.name, row.amps ? amps(row.amps) : ""].find((text) => text.length * LETTER_PX <= roomPx(tracks[day], from, to)) ?? "");
    element.window = row;
    place(element, from, to);
    element.style.top = `${4 + lane * ROW_PX}px`;
    element.style.height = element.style.lineHeight = `${ROW_PX - 2}px`;
    return element;
  }

  /** The block that a keyboard reaches a window by, or null. */
  const find = (name) => [...element.querySelectorAll(".block:not([tabindex])")].find((one) => one.window.name === name) ?? null;
  return { element, update, find };
}

const roomPx = (track, from, to) => ((to - from) / DAY_MIN) * (track.clientWidth || 600) - 12;

export function place(element, from, to) {
  element.style.left = `${(100 * from) / DAY_MIN}%`;
  element.style.width = `${(100 * (to - from)) / DAY_MIN}%`;
}

function grip(block, clientX) {
  const box = block.getBoundingClientRect();
  if (box.width < 4 * EDGE_PX) return "move";
  if (clientX - box.left < EDGE_PX) return "from";
  return box.right - clientX < EDGE_PX ? "to" : "move";
}

/** The stretch that a gesture means, from where it began to where the finger is. */
function stretched(gesture, row, start, at) {
  if (gesture === "draw") return [Math.min(start, at), Math.max(start, at)];
  const from = minutes(row.from);
  const to = minutes(row.to);
  if (gesture === "from") return [at % DAY_MIN, to];
  if (gesture === "to") return [from, at || DAY_MIN];
  const wrap = (minute) => (((minute + at - start) % DAY_MIN) + DAY_MIN) % DAY_MIN;
  return [wrap(from), wrap(to) || DAY_MIN];
}

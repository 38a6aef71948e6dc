// Reads a chart by pointer or arrow keys: a line at what is nearest, and its words below.

import { h, put, s, say } from "/static/dom.js";

/** "Touch a bar to read it.", or what one does with a mouse. */
export const invite = (what) => `${matchMedia("(hover: hover)").matches ? "Point at" : "Touch"} ${what} to read it.`;

/** A figure of a drawing and its reader. points: [{ms}] in order, x(ms), words(point), top and bottom in pixels. */
export function readable(drawing, { points, x, words, top, bottom, wide, hint = points.length ? invite("the chart") : "Nothing was recorded." }) {
  const line = s("path", { class: "cursor" });
  const text = h("p", { class: "reader quiet", "aria-live": "polite" }, hint);
  let at = -1;
  function read(next) {
    at = Math.min(points.length - 1, Math.max(0, next));
    put(line, "d", `M${x(points[at].ms).toFixed(1)} ${top}V${bottom}`);
    say(text, words(points[at]));
  }
  drawing.append(line);
  if (points.length) {
    put(drawing, "tabindex", "0");
    drawing.addEventListener("pointermove", (event) => {
      const box = drawing.getBoundingClientRect();
      const here = ((event.clientX - box.left) / box.width) * wide;
      read(points.reduce((best, one, index) => (Math.abs(x(one.ms) - here) < Math.abs(x(points[best].ms) - here) ? index : best), 0));
    });
    drawing.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -4, PageDown: 4, Home: -Infinity, End: Infinity }[event.key];
      if (!step) return;
      event.preventDefault();
      read(at < 0 ? (step > 0 && step < 9 ? 0 : step < -9 ? 0 : points.length - 1) : at + step);
    });
  }
  return h("figure", {}, drawing, text);
}

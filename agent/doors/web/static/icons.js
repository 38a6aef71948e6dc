// Line drawings on a 24 x 24 grid.

import { s } from "/static/dom.js";

const PATHS = {
  sun: "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM12 1.8v2.4M12 19.8v2.4M1.8 12h2.4M19.8 12h2.4M4.8 4.8l1.7 1.7M17.5 17.5l1.7 1.7M19.2 4.8l-1.7 1.7M6.5 17.5l-1.7 1.7",
  grid: "M9.5 2.5h5L17.5 21.5M9.5 2.5 6.5 21.5M4.5 7.5h15M5.5 11.5h13M8.7 7.5l6.9 8.5M15.3 7.5l-6.9 8.5",
  house: "M3 11.5 12 4l9 7.5M5.5 9.8V20h13V9.8M10 20v-5.5h4V20",
  battery: "M5 7.5h12.5a1.5 1.5 0 0 1 1.5 1.5v6a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 15V9A1.5 1.5 0 0 1 5 7.5zM21.5 10.5v3",
  car: "M4.5 16.5H3v-4l2.2-1L7.3 7h9.4l2.1 4.5 2.2 1v4h-1.5M8.5 16.5h7M5.2 11.5h13.6M6.5 14.7a1.9 1.9 0 1 0 0 3.8 1.9 1.9 0 0 0 0-3.8zM17.5 14.7a1.9 1.9 0 1 0 0 3.8 1.9 1.9 0 0 0 0-3.8z",
  bolt: "M13 2.5 5.5 13.5h5.5l-1 8 7.5-11H12z",
  leaf: "M5 19C5 9 10 5 20 4.5 20 14 16 19.5 8 18M5 21c1-5 4-8.5 8.5-10.5",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2",
};

/** An icon as an SVG group or element; decoration only, so hidden from screen readers. */
export const icon = (name) =>
  s("svg", { viewBox: "0 0 24 24", width: 20, height: 20, class: "icon", "aria-hidden": "true" }, s("path", { d: PATHS[name] }));

/** The same inside another drawing, centred on a point. */
export const iconAt = (name, x, y, size) =>
  s("g", { transform: `translate(${x - size / 2} ${y - size / 2}) scale(${size / 24})`, class: "icon" }, s("path", { d: PATHS[name] }));

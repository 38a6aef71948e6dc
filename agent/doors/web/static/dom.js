// Builds elements. Text only ever becomes text nodes, so no name or sentence can turn into markup.

const RUNNING = new Set(["p", "span", "li", "small", "strong", "td", "dd"]);
const SVG = "http://www.w3.org/2000/svg";

const UNITS = /(\d) (?=(?:[kM]?Wh?|A|V|%|s|min|h|g|€|£|\$)(?![\p{L}\d]))/gu;

/** Keeps a figure and its unit on one line. */
export const glued = (text) => text.replace(UNITS, "$1\u00a0");

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined).map((child) => (typeof child === "string" && RUNNING.has(element.localName) ? glued(child) : child)));
  return element;
}

/** h("button", {class: "big", onclick: f}, "Boost"): an HTML element. */
export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);

/** The same for SVG. */
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

/** Password managers want to know whose password a form asks for; nobody sees it. */
export const username = () => h("input", { type: "text", autocomplete: "username", value: "sunward", hidden: true });

/** Sets text only where it changed, so that screen readers and selections stay calm. */
export function say(element, text) {
  const shown = glued(text);
  if (element.textContent !== shown) element.textContent = shown;
}

const nameOf = (element) => element.dataset.key ?? element.ariaLabel ?? element.textContent;

/** Puts children in place of others; the focus stays with what has the same name, or else with the place. */
export function renew(place, children) {
  const held = place.contains(document.activeElement) && nameOf(document.activeElement);
  place.replaceChildren(...children);
  if (held === false) return;
  const same = [...place.querySelectorAll("button, a, summary, [tabindex]")].find((one) => nameOf(one) === held);
  if (!same) place.tabIndex = -1;
  (same ?? place).focus({ preventScroll: true });
}

/** The focus where nothing has it any more: what had it is gone, and a keyboard must not begin anew. */
export function settle(element) {
  if (document.activeElement === document.body || !document.activeElement?.checkVisibility()) element.focus({ preventScroll: true });
}

/** Shows or hides. */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Sets an attribute only where it changed. */
export function put(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

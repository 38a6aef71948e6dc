// Who holds a key: the password, browsers that are logged in, and tokens for programs. In the House screen.

import { call, get } from "/static/api.js";
import { h, renew, show, username } from "/static/dom.js";
import { clock, dayWord } from "/static/words.js";

const SCOPES = [["read", "may look"], ["control", "may change modes and windows"], ["admin", "may do everything"]];
const when = (iso, now) => (iso ? `${dayWord(iso, now)} ${clock(iso)}` : "at an unknown time");

/** An element, and look(about, now) to fill it. */
export function keys(act) {
  const sessions = h("ul", { class: "rows" });
  const tokens = h("ul", { class: "rows" });
  const others = h("button", { onclick: () => redo(call("DELETE", "/admin/sessions")) }, "Log out all others");
  const out = h("button", { onclick: () => act(call("POST", "/logout").then(() => location.reload()), { quietly: true }) }, "Log out");
  const name = h("input", { id: "t-name", required: true, maxlength: 40, pattern: "[A-Za-z0-9_.\\-]([A-Za-z0-9 _.\\-]*[A-Za-z0-9_.\\-])?", placeholder: "what for, like evcc" });
  const scope = h("select", { id: "t-scope" }, SCOPES.map(([key, words]) => h("option", { value: key }, `${key}: ${words}`)));
  const made = h("div", { class: "made", role: "status" });
  const browsers = h("div", {}, h("h3", {}, "Browsers"), sessions, h("div", { class: "buttons" }, others, out));
  const open = h("p", { class: "quiet" }, "The page is open to whoever uses this computer. Set a password to lock it, and before you open it to the home network.");
  const secret = (id, words, more) => h("input", { type: "password", id, required: true, maxlength: 1000, "aria-label": words, placeholder: words, ...more });
  const old = secret("p-old", "The password now", { autocomplete: "current-password" });
  const fresh = secret("p-new", "The new password", { autocomplete: "new-password", minlength: 10 });
  const twice = secret("p-twice", "The new one again", { autocomplete: "new-password" });
  const setIt = h("button", { type: "submit" }, "Set a password");
  const told = h("p", { role: "status", class: "quiet" });
  const rule = h("p", { class: "quiet" }, "At least ten characters: three words are easier to type than one riddle.");
  const lock = h("form", { class: "lock-form", hidden: true, onsubmit: (event) => act(keep(event), { quietly: true }) }, username(), old, fresh, twice, setIt);
  let again = () => {};
  const redo = (promise) => act(promise.then(() => again()), { quietly: true });

  async function make(event) {
    event.preventDefault();
    const token = await call("POST", "/admin/tokens", { name: name.value.trim(), scope: scope.value });
    name.value = "";
    made.replaceChildren(h("p", {}, `The token “${token.name}”, shown this once:`), h("code", { tabindex: "0" }, token.token));
  }

  async function keep(event) {
    event.preventDefault();
    told.textContent = "";
    if (fresh.value !== twice.value) {
      told.textContent = "These were two different ones. Nothing changed.";
      return;
    }
    const first = old.hidden;
    await call("PUT", "/admin/password", first ? { new: fresh.value } : { old: old.value, new: fresh.value });
    old.value = fresh.value = twice.value = "";
    await again(await get("/about"));
    const needed = first && !tokens.querySelector("[data-fixed]");
    told.textContent = `The password holds, and every other browser is logged out.${needed ? " Programs need a token from now on; the scheduler's is WEB_TOKEN in credentials.env." : ""}`;
  }

  const element = h("section", { class: "card keys" }, h("h2", {}, "Keys"), open, h("h3", {}, "Password"), rule, lock, told, browsers,
    h("h3", {}, "Tokens for programs"), tokens, made,
    h("form", { class: "token-form", onsubmit: (event) => redo(make(event)) },
      h("label", { for: "t-name" }, "Name"), name, h("label", { for: "t-scope" }, "Scope"), scope, h("button", { type: "submit" }, "Make a token")));

  async function look(about, now) {
    again = (known = about) => look(known, now);
    show(open, !about.locked);
    show(old, about.locked);
    old.required = about.locked;
    show(lock, true);
    setIt.textContent = about.locked ? "Change the password" : "Set a password";
    show(browsers, about.locked);
    const [known, programs] = await Promise.all([get("/admin/sessions"), get("/admin/tokens")]);
    show(others, known.length > 1);
    renew(sessions, known.map((one) => h("li", {}, h("span", {}, h("strong", {}, one.device), one.current ? " (this one)" : "", h("small", {}, `${one.address}, since ${when(one.opened, now)}`)),
      one.current ? null : h("button", { "aria-label": `Log out ${one.device}`, onclick: () => redo(call("DELETE", `/admin/sessions/${one.id}`)) }, "Log out"))));
    renew(tokens, programs.map((one) => h("li", { "data-fixed": one.fixed || undefined }, h("span", {}, h("strong", {}, one.name), ` ${one.scope}`, h("small", {}, one.fixed ? "from credentials.env" : `made ${when(one.made, now)}`)),
      one.fixed ? null : h("button", { class: "bad", "aria-label": `Revoke ${one.name}`, onclick: () => redo(call("DELETE", `/admin/tokens/${encodeURIComponent(one.name)}`)) }, "Revoke"))));
    if (!programs.length) tokens.append(h("li", { class: "quiet" }, "None yet."));
  }
  return { element, look };
}

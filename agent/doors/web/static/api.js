// The only file that talks to the server: the public API, and nothing else.

export const BASE = "/api/v1";

/** A refusal; its message is the server's sentence. */
export class Refusal extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** call("PUT", "/mode", {mode: "fast"}) -> the answer's JSON. Throws Refusal. */
export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path === "/login" || path === "/logout" ? path : BASE + path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refusal(0, "sunward did not answer. Nothing was changed.");
  }
  const value = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refusal(answer.status, value?.detail ?? `sunward answered ${answer.status}.`);
  return value;
}

export const get = (path) => call("GET", path);

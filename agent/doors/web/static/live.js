// The house as of now: one event stream, the last state, and honesty about how old it is.
// The browser's EventSource reconnects by itself; this file notices when it doesn't succeed.

import { BASE, get } from "/static/api.js";

const OLD_AFTER_S = 12;
const LOST_AFTER_MS = 5000;

export class Live {
  constructor() {
    this.state = null;
    this.events = [];
    this.lostSince = null;
    this.locked = false;
    this.listeners = new Set();
    this.newest = -1;
    this.at = performance.now();
  }

  /** Calls back now and after each change. */
  watch(listener) {
    this.listeners.add(listener);
    if (this.state) listener(this);
    return () => this.listeners.delete(listener);
  }

  async start() {
    try {
      this.take(await get("/state"));
      this.remember(await get("/events?limit=200"));
      this.locked = false;
      this.listen();
    } catch (refusal) {
      this.locked = refusal.status === 401;
      this.lose();
      if (!this.locked) setTimeout(() => this.start(), 2000);
    }
    this.tell();
  }

  listen() {
    this.source?.close();
    this.source = new EventSource(`${BASE}/stream`);
    this.source.addEventListener("state", (message) => this.take(JSON.parse(message.data)));
    this.source.addEventListener("event", (message) => {
      this.remember([JSON.parse(message.data)]);
      this.tell();
    });
    this.source.onerror = () => {
      this.lose();
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.start(), 2000);
      this.tell();
    };
    clearInterval(this.clockwork);
    this.clockwork = setInterval(() => this.tell(), 1000);
  }

  lose() {
    this.lostSince ??= Date.now();
  }

  /** A state, from the stream or as the answer to a change. */
  take(state) {
    this.state = state;
    this.at = performance.now();
    this.lostSince = null;
    this.tell();
  }

  remember(events) {
    for (const event of events) {
      if (event.id <= this.newest) continue;
      this.newest = event.id;
      this.events.push(event);
    }
    this.events.splice(0, Math.max(0, this.events.length - 1000));
  }

  /** Seconds since the house decided what the page shows. */
  ageS() {
    return this.state ? this.state.age_s + (performance.now() - this.at) / 1000 : 0;
  }

  /** "live", "old" or "offline". */
  quality() {
    if (this.lostSince && (!this.state || Date.now() - this.lostSince > LOST_AFTER_MS)) return "offline";
    return this.ageS() > OLD_AFTER_S ? "old" : "live";
  }

  tell() {
    for (const listener of this.listeners) listener(this);
  }
}

// SPDX-License-Identifier: Apache-2.0
// The agent on this computer, by its loopback interface.

import { eventsOf } from "./event_stream.js";
import { LONG_PATIENCE_MILLISECONDS, ProblemError, ask, send } from "./requests.js";

export const API = 1;

export class Agent {
  #origin;
  #pairing = "";

  constructor(origin) {
    this.#origin = origin;
  }

  /** Take the secret that this launch of the agent shares with the session. */
  pair(secret) {
    this.#pairing = `Pairing ${secret}`;
  }

  hello(signal) {
    return this.#ask("hello", { signal });
  }

  handoff(signal) {
    return this.#ask("handoffs", { method: "POST", body: {}, patience: LONG_PATIENCE_MILLISECONDS, signal });
  }

  check(signal) {
    return this.#ask("check", { patience: LONG_PATIENCE_MILLISECONDS, signal });
  }

  card(signal) {
    return this.#paired("card", { signal });
  }

  start(body, signal) {
    return this.#paired("operations", { method: "POST", body, patience: LONG_PATIENCE_MILLISECONDS, signal });
  }

  sendCode(operation, body, signal) {
    return this.#paired(`operations/${operation}/code`, { method: "POST", body, signal });
  }

  /** The operation that runs, or the last one; null where there was none. */
  async current(signal) {
    try {
      return await this.#paired("operations/current", { signal });
    } catch (error) {
      if (error instanceof ProblemError && error.status === 404) return null;
      throw error;
    }
  }

  /** What becomes of an operation, from behind the event `after`. */
  async *progress(operation, after, signal) {
    yield* await this.#events(`operations/${operation}/events`, after, signal);
  }

  /** What becomes of the card and of who is signed in. */
  async *states(signal) {
    yield* await this.openStates(null, signal);
  }

  /** The same, from behind the event `after`; of what happens once this is there, nothing is missed. */
  openStates(after, signal) {
    return this.#events("events", after, signal);
  }

  async #events(path, after, signal) {
    const headers = after === null ? {} : { "Last-Event-ID": after };
    const response = await send(this.#url(path), {
      ...this.#options(),
      headers: { ...headers, Accept: "text/event-stream", Authorization: this.#pairing },
      patience: null,
      signal,
    });
    return eventsOf(response, signal);
  }

  #ask(path, options) {
    return ask(this.#url(path), { ...this.#options(), ...options });
  }

  #paired(path, options) {
    return this.#ask(path, { ...options, headers: { Authorization: this.#pairing } });
  }

  #url(path) {
    return `${this.#origin}/v1/${path}`;
  }

  #options() {
    return { credentials: "omit", mode: "cors" };
  }
}

/** Tell whether the browser was told to keep this page from this computer's programs. */
export async function isBlocked() {
  // Local Network Access: first one permission, then two of them.
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      const permission = await navigator.permissions.query({ name });
      if (permission.state === "denied") return true;
    } catch {
      // A browser that does not know the permission does not ask for it either.
    }
  }
  return false;
}

/** Tell whether an agent is older than this page needs. */
export function isTooOld(hello, minimum) {
  if (hello.api !== API) return true;
  const [found, needed] = [hello.version, minimum].map((version) =>
    (/^\d+(\.\d+)*/.exec(version) ?? ["0"])[0].split(".").map(Number),
  );
  for (let at = 0; at < needed.length; at += 1) {
    const difference = (found[at] ?? 0) - needed[at];
    if (difference !== 0) return difference < 0;
  }
  return false;
}

// SPDX-License-Identifier: Apache-2.0
// The portal's own side: the session, and leave for an operation.

import { ProblemError, ask } from "./requests.js";

export class Portal {
  #base;

  constructor(base) {
    this.#base = base;
  }

  /** The session this browser has; null where it has none. Asking keeps it. */
  async session(signal) {
    try {
      return await this.#ask("session", { signal });
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return null;
      throw error;
    }
  }

  begin(handoff, signal) {
    return this.#ask("session", { method: "POST", body: { handoff }, signal });
  }

  end(signal) {
    return this.#ask("session", { method: "DELETE", signal });
  }

  async ticket(operation, signal) {
    return (await this.#ask("operations", { method: "POST", body: { operation }, signal })).ticket;
  }

  #ask(path, options) {
    const headers = { "X-Selfrenew": "1" };
    return ask(this.#base + path, { credentials: "same-origin", headers, ...options });
  }
}

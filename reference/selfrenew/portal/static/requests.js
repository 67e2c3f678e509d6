// SPDX-License-Identifier: Apache-2.0
// JSON over fetch, and what can become of it.

const PATIENCE_MILLISECONDS = 10_000;
/** For what the agent has to ask of others, which it gives half a minute each. */
export const LONG_PATIENCE_MILLISECONDS = 90_000;

/** Nobody answered. */
export class UnreachableError extends Error {}

/** A refusal, as application/problem+json tells it; `message` is a person's text or empty. */
export class ProblemError extends Error {
  constructor(status, problem) {
    super(typeof problem.message === "string" ? problem.message : "");
    this.status = status;
    this.reason = typeof problem.reason === "string" ? problem.reason : "";
  }
}

/**
 * Send a request; return the response, or throw UnreachableError or ProblemError. `patience` is in
 * milliseconds, null without end.
 */
export async function send(url, { signal, patience = PATIENCE_MILLISECONDS, ...options } = {}) {
  const signals = [signal, patience === null ? null : AbortSignal.timeout(patience)];
  const combined = anyOf(signals.filter(Boolean));
  let response;
  try {
    response = await fetched(url, { cache: "no-store", redirect: "error", ...options, signal: combined });
  } catch (error) {
    signal?.throwIfAborted();
    throw new UnreachableError("", { cause: error });
  }
  if (!response.ok) {
    throw new ProblemError(response.status, await response.json().catch(() => ({})));
  }
  return response;
}

// A change of network ends what is being sent; what only asks is asked a second time.
async function fetched(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (options.signal.aborted || (options.method ?? "GET") !== "GET") throw error;
    return fetch(url, options);
  }
}

/** Send a request and read the object that answers it; null where there is no content. */
export async function ask(url, { body, headers = {}, signal, ...options } = {}) {
  if (body !== undefined) {
    headers = { ...headers, "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await send(url, { ...options, headers, signal });
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch (error) {
    signal?.throwIfAborted();
    throw new UnreachableError("", { cause: error });
  }
}

/** Wait, unless there is something else to do before. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

// AbortSignal.any is younger than the oldest browser of the table.
function anyOf(signals) {
  if (signals.length === 1) return signals[0];
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
  }
  return controller.signal;
}

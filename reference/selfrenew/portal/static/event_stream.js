// SPDX-License-Identifier: Apache-2.0
// Server-sent events (HTML, 9.2) over fetch, since EventSource sends no Authorization.

import { UnreachableError } from "./requests.js";

/** Read the events of a response as { id, type, data }, data being JSON. */
export async function* eventsOf(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let event = blank();
  try {
    for (;;) {
      const { done, value } = await read(reader, signal);
      if (done) return;
      text += value;
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      text = lines.pop();
      for (const line of lines) {
        if (line !== "") {
          take(event, line);
        } else if (event.data.length) {
          yield { id: event.id, type: event.type, data: JSON.parse(event.data.join("\n")) };
          event = { ...blank(), id: event.id };
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function read(reader, signal) {
  try {
    return await reader.read();
  } catch (error) {
    signal.throwIfAborted();
    throw new UnreachableError("", { cause: error });
  }
}

function blank() {
  return { id: null, type: "message", data: [] };
}

function take(event, line) {
  const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
  if (name === "data") event.data.push(value);
  else if (name === "event") event.type = value;
  else if (name === "id") event.id = value;
}

// SPDX-License-Identifier: Apache-2.0
// After a renewal the person logs out by taking the card out and logs back in; the page watches.

import { followed, remember } from "./memory.js";
import { UnreachableError, pause } from "./requests.js";
import { fill } from "./view.js";

const OUT = ["no_card", "no_reader"];
const OPENING_MILLISECONDS = 10_000;

/**
 * Follow the person out and in again, until they are signed in with the new certificate; `show`
 * shows where that is told, once nothing can be missed of what it leads to.
 */
export async function watchRelogin(journey, renewed, signal, show) {
  const serial = renewed.find(({ slot }) => slot === "authentication")?.new_serial ?? null;
  const { launch } = journey.session;
  const known = followed();
  const opening = journey.agent.openStates(known.launch === launch ? known.seen : null, signal);
  // That it worked is told all the same where the agent does not answer any more.
  await Promise.race([opening, pause(OPENING_MILLISECONDS, signal)]).catch(() =>
    signal.throwIfAborted(),
  );
  show();
  let phase = known.phase ?? "remove";
  tell(phase);
  for await (const { id, data } of await opening) {
    const next = after(phase, data, serial);
    // Kept, so that a reload goes on from there.
    remember({ phase: next, seen: id, launch });
    if (next === phase) continue;
    phase = next;
    tell(phase, data.signed_in?.serial ?? serial);
  }
  throw new UnreachableError();
}

function after(phase, { state, signed_in: login }, serial) {
  // The renewal itself signed in with the new certificate, so the card has to be out first.
  if (OUT.includes(state)) return "insert";
  if (phase === "remove") return phase;
  if (state !== "signed_in" || !login) return phase === "insert" ? "sign_in" : phase;
  if (!login.spine) return "no_spine";
  return serial === null || login.serial === serial ? "done" : "other";
}

function tell(phase, serial) {
  const place = document.querySelector("[data-part=relogin]");
  const name = phase.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  place.textContent = fill(place.dataset[name], { serial });
  place.dataset.phase = phase;
  const order = ["remove", "insert", "sign_in"];
  const reached = phase === "done" ? order.length : Math.max(0, order.indexOf(phase));
  for (const item of document.querySelectorAll("[data-relogin]")) {
    item.classList.toggle("portal-next__done", order.indexOf(item.dataset.relogin) < reached);
  }
}

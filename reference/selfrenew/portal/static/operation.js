// SPDX-License-Identifier: Apache-2.0
// An operation of the card: begun with leave of the portal, followed to its end, told how it ended.

import { follow, remember } from "./memory.js";
import { showProgress, updateProgress } from "./progress.js";
import { watchRelogin } from "./relogin.js";
import { ProblemError, UnreachableError } from "./requests.js";
import { showOldPasscode, showPasscode } from "./select.js";
import { showCode, showLocked } from "./unlock.js";
import { fill, moment, setValues } from "./view.js";

/** What another session for the card that is in now may set right. */
const STALE = ["no_card", "wrong_card", "ticket_invalid", "ticket_expired", "ticket_used"];

/** What ends the same however often it is tried. */
const FOR_GOOD = [
  "certificate_expired",
  "nothing_vouches",
  "unsupported_certificate",
  "unlocking_key_blocked",
];

export function isOver(operation) {
  return operation.state === "succeeded" || operation.state === "failed";
}

/** Begin an operation; `refused` is told the text where the form is what is wrong. */
export function operate(journey, kind, secrets, refused) {
  return journey.begin(async (signal) => {
    try {
      const { operation } = await begin(journey, kind, secrets, signal);
      return followOperation(journey, { operation, kind, steps: [] });
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      if (error.status === 422 && refused) return refused(error.message);
      // Another tab was quicker: what it began is shown here too.
      if (error.reason === "busy") return journey.connect();
      if (error.reason === "limited_session") return journey.connect();
      throw error;
    }
  });
}

async function begin(journey, kind, secrets, signal) {
  try {
    return await attempt(journey, kind, secrets, signal);
  } catch (error) {
    if (!(error instanceof ProblemError) || !STALE.includes(error.reason)) throw error;
    await journey.handOff(signal);
    return attempt(journey, kind, secrets, signal);
  }
}

async function attempt(journey, kind, secrets, signal) {
  const ticket = await journey.portal.ticket(kind, signal);
  return journey.agent.start({ ticket, ...secrets }, signal);
}

/**
 * Show an operation's progress until it ends or needs the person. `after` is the last event seen,
 * `tried` says that a code was sent, so that one asked for again was wrong.
 */
export function followOperation(journey, operation, { after = null, tried = false } = {}) {
  follow(operation.operation);
  return journey.begin(async (signal) => {
    if (operation.state === "awaiting_code") return showCode(journey, operation, { after, tried });
    showProgress(journey, operation, signal);
    journey.keepAlive(signal).catch(() => {});
    for await (const { id, data } of journey.agent.progress(operation.operation, after, signal)) {
      if (data.state === "awaiting_code") return showCode(journey, data, { after: id, tried });
      if (isOver(data)) return showOutcome(journey, data);
      updateProgress(data);
    }
    throw new UnreachableError();
  });
}

/** Show how an operation ended. */
export function showOutcome(journey, operation) {
  return journey.begin(async (signal) => {
    const result = operation.result ?? {};
    if (operation.state === "failed") return showFailure(journey, operation.kind, result, signal);
    if (operation.kind === "unlock") return journey.show("unlocked");
    if (operation.kind !== "renew") return journey.show("changed");
    const renewed = result.renewed ?? [];
    return watchRelogin(journey, renewed, signal, () =>
      journey.show("succeeded", { prepare: (content) => listRenewed(content, renewed) }),
    );
  });
}

async function showFailure(journey, kind, result, signal) {
  if (result.reason === "locked" && kind !== "unlock") return showLocked(journey);
  if (result.reason === "wrong_passcode" && kind !== "unlock") {
    // Nothing to come back to after a reload: the next try is another operation.
    remember({ operation: null });
    const card = await journey.agent.card(signal);
    const ask = kind === "renew" ? showPasscode : showOldPasscode;
    return ask(journey, card, result.message);
  }
  return journey.show("failed", {
    prepare: (content) => {
      setValues(content, result);
      content.querySelector("[data-action=again]").hidden = FOR_GOOD.includes(result.reason);
    },
  });
}

function listRenewed(content, renewed) {
  const list = content.querySelector("[data-part=renewed]");
  for (const { slot, new_serial: serial, not_after: until } of renewed) {
    const item = document.createElement("li");
    const values = { slot: list.dataset[slot] ?? slot, serial, not_after: moment(until) };
    item.textContent = fill(list.dataset.line, values);
    list.append(item);
  }
}

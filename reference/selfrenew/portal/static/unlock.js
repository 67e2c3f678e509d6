// SPDX-License-Identifier: Apache-2.0
// The way out of a locked card or a forgotten passcode: a code by email, then a new passcode.

import { followOperation, isOver, operate, showOutcome } from "./operation.js";
import { newPasscode } from "./select.js";
import { onSubmit, showProblems } from "./view.js";

/** Where the card may be while the person reads of it. */
const EXPECTED = ["locked", "busy", "card", "signed_in"];

export function showLocked(journey) {
  return journey.begin(async (signal) => {
    journey.show((await unlockable(journey, signal)) ? "locked" : "locked_for_good");
    await journey.watch(signal, EXPECTED);
  });
}

export function showUnlock(journey) {
  return journey.begin(async (signal) => {
    if (await unlockable(journey, signal)) {
      journey.show("unlock", {
        prepare: (content) => onSubmit(content, () => operate(journey, "unlock", {})),
      });
    } else {
      journey.show("not_unlockable");
    }
    await journey.watch(signal, EXPECTED);
  });
}

async function unlockable(journey, signal) {
  const card = await journey.agent.card(signal);
  // An agent of before does not tell.
  return card.unlockable !== false;
}

/** Ask for the code; where one was tried, the operation's `message` says what was wrong with it. */
export function showCode(journey, operation, { after, tried }) {
  return journey.begin(async (signal) => {
    journey.show("code", {
      prepare: (content) =>
        onSubmit(content, (form) => {
          const code = form.querySelector("#code").value.trim();
          const problems = code === "" ? [["code", form.dataset.codeMissing]] : [];
          const chosen = newPasscode(form, problems);
          if (chosen !== null) send(journey, operation, after, { code, new_passcode: chosen });
        }),
    });
    if (tried) showProblems([["code", operation.message]]);
    journey.keepAlive(signal).catch(() => {});
    // The code is of this one card: that it goes is told by how the operation ends.
    for await (const { data } of journey.agent.progress(operation.operation, after, signal)) {
      if (isOver(data)) return showOutcome(journey, data);
    }
  });
}

function send(journey, operation, after, body) {
  return journey.begin(async (signal) => {
    try {
      await journey.agent.sendCode(operation.operation, body, signal);
    } catch (error) {
      if (error.status !== 422) throw error;
      return showProblems([["new-passcode", error.message]]);
    }
    return followOperation(journey, { ...operation, state: "running" }, { after, tried: true });
  });
}

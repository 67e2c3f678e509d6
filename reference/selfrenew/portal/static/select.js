// SPDX-License-Identifier: Apache-2.0
// The three steps: which service, the passcode, and the confirmation or the new passcode.

import { operate } from "./operation.js";
import { fill, moment, onSubmit, setValues, show, showProblems } from "./view.js";

/** Where the card may be while the person fills in a step. */
const EXPECTED = ["signed_in", "busy"];
const RENEWABLE = ["due", "interrupted"];

export function showSelect(journey, card) {
  return journey.begin(async (signal) => {
    const renewable = whyNot(card) === null;
    journey.show("select", {
      prepare: (content) => {
        const hint = content.querySelector("#service-renew-hint");
        const renew = content.querySelector("#service-renew");
        hint.textContent = whyNot(card, hint.dataset) ?? whenDue(card.window, hint.dataset);
        renew.disabled = !renewable;
        renew.checked = renewable;
        onSubmit(content, (form) => {
          const chosen = form.elements.service.value;
          if (chosen === "") showProblems([["service", hint.dataset.nothing]]);
          else if (chosen === "renew") showPasscode(journey, card);
          else showOldPasscode(journey, card);
        });
      },
    });
    await journey.watch(signal, EXPECTED);
  });
}

/** Say why the certificates cannot be renewed now; null where they can. */
function whyNot(card, texts = {}) {
  const { state } = card.window;
  if (RENEWABLE.includes(state)) return card.renewal_refused ?? null;
  const { notDue, expired, unsupported, nothingVouches } = texts;
  const text = { not_due: notDue, expired, unsupported }[state] ?? nothingVouches;
  return fill(text ?? "", times(card.window));
}

function whenDue(window, texts) {
  if (window.state === "interrupted") return texts.interrupted;
  const text = window.days_left < 1 ? texts.today : window.days_left === 1 ? texts.oneDay : texts.due;
  return fill(text, times(window));
}

function times(window) {
  return {
    days_left: window.days_left,
    due_from: window.due_from && moment(window.due_from),
    not_after: window.not_after && moment(window.not_after),
  };
}

/** Ask for the passcode of a renewal; `problem` says what was wrong with the last one. */
export function showPasscode(journey, card, problem) {
  return askPasscode(journey, "passcode", card, problem, (passcode) =>
    showConfirmation(journey, card, passcode),
  );
}

/** Ask for the passcode that is to be changed. */
export function showOldPasscode(journey, card, problem) {
  return askPasscode(journey, "old_passcode", card, problem, (passcode) =>
    showNewPasscode(journey, card, passcode),
  );
}

function askPasscode(journey, state, card, problem, next) {
  return journey.begin(async (signal) => {
    journey.show(state, {
      actions: { back: () => showSelect(journey, card) },
      prepare: (content) => {
        const { dataset } = content.querySelector("form");
        const hint = card.tries_left === 1 ? dataset.oneTry : dataset.hint;
        content.querySelector("#passcode-hint").textContent = fill(hint, { tries: card.tries_left });
        onSubmit(content, (form) => {
          const passcode = form.querySelector("#passcode").value;
          if (passcode === "") showProblems([["passcode", dataset.missing]]);
          else next(passcode);
        });
      },
    });
    if (problem) showProblems([["passcode", problem]]);
    await journey.watch(signal, EXPECTED);
  });
}

function showConfirmation(journey, card, passcode) {
  return journey.begin(async (signal) => {
    journey.show("confirm", {
      actions: { back: () => showPasscode(journey, card) },
      prepare: (content) => {
        const { name } = journey.session;
        content.querySelector("[data-row=holder]").hidden = !name;
        setValues(content, {
          holder: name,
          card: card.guid,
          expires: card.window.not_after && moment(card.window.not_after),
        });
        const refused = (text) => showPasscode(journey, card, text);
        onSubmit(content, () => operate(journey, "renew", { passcode }, refused));
      },
    });
    await journey.watch(signal, EXPECTED);
  });
}

function showNewPasscode(journey, card, passcode) {
  return journey.begin(async (signal) => {
    journey.show("new_passcode", {
      actions: { back: () => showSelect(journey, card) },
      prepare: (content) => {
        onSubmit(content, (form) => {
          const chosen = newPasscode(form);
          if (chosen === null) return;
          const refused = (text) => showProblems([["new-passcode", text]]);
          operate(journey, "change-passcode", { passcode, new_passcode: chosen }, refused);
        });
      },
    });
    await journey.watch(signal, EXPECTED);
  });
}

/** Read a new passcode that was typed twice; null, and said so, where it cannot be one. */
export function newPasscode(form, problems = []) {
  const [chosen, repeated] = ["new-passcode", "repeat-passcode"].map(
    (id) => form.querySelector(`#${id}`).value,
  );
  if (chosen === "") problems.push(["new-passcode", form.dataset.missing]);
  else if (chosen !== repeated) problems.push(["repeat-passcode", form.dataset.differ]);
  if (problems.length === 0) return chosen;
  showProblems(problems);
  return null;
}

// SPDX-License-Identifier: Apache-2.0
// The window that shows a renewal going on: each step by its name, and the time left.

import { announce, fill } from "./view.js";

const TICK_MILLISECONDS = 1_000;
const HALF_A_MINUTE = 30;
const MINUTE = 60;

let shown = null;

/** Show the window for an operation and count its time down until it is over. */
export function showProgress(journey, operation, signal) {
  journey.show("progress", {
    template: `progress-${operation.kind}`,
    prepare: (content) => {
      shown = {
        bar: content.querySelector("[data-part=bar]"),
        steps: content.querySelector(".portal-progress"),
        ends: null,
        longest: 0,
        announced: null,
      };
    },
  });
  updateProgress(operation);
  const timer = setInterval(showTime, TICK_MILLISECONDS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** Show what the agent says of the operation now. */
export function updateProgress(operation) {
  if (typeof operation.seconds_left === "number") {
    shown.ends = Date.now() + operation.seconds_left * 1000;
    shown.longest = Math.max(shown.longest, operation.seconds_left);
  }
  showTime();
  showSteps(operation.steps ?? []);
}

function secondsLeft() {
  return Math.max(0, (shown.ends - Date.now()) / 1000);
}

function timeText() {
  if (shown.ends === null) return "";
  const { seconds, oneMinute, minutes } = shown.bar.dataset;
  const left = secondsLeft();
  if (left <= HALF_A_MINUTE) return seconds;
  if (left <= 1.5 * MINUTE) return oneMinute;
  return fill(minutes, { minutes: Math.round(left / MINUTE) });
}

function showTime() {
  const text = shown.bar.querySelector("[data-part=left]");
  // Written only where it changes, so that a screen reader's cursor stays in its place.
  if (text.textContent !== timeText()) text.textContent = timeText();
}

function showSteps(steps) {
  const progress = shown.bar.querySelector("progress");
  const done = steps.filter((step) => step.state === "done").length;
  if (steps.length) {
    progress.max = steps.length;
    progress.value = done;
  }
  if (shown.steps === null || steps.length === 0) return;
  for (const item of shown.steps.querySelectorAll("[data-step]")) {
    // A renewal that goes on where another broke off has fewer steps.
    if (!steps.some(({ step }) => step === item.dataset.step)) item.remove();
  }
  for (const { step, state } of steps) {
    const item = shown.steps.querySelector(`[data-step="${CSS.escape(step)}"]`);
    if (item === null || item.dataset.stepState === state) continue;
    item.dataset.stepState = state;
    item.querySelector(".portal-progress__state").textContent = shown.steps.dataset[state];
    if (state === "active") item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  tell(steps);
}

/** Say each step once, as it begins. */
function tell(steps) {
  const at = steps.findIndex((step) => step.state === "active");
  if (at < 0 || shown.announced === steps[at].step) return;
  shown.announced = steps[at].step;
  const item = shown.steps.querySelector(`[data-step="${CSS.escape(steps[at].step)}"]`);
  const step = item?.querySelector(".portal-progress__text").textContent ?? "";
  const values = { number: at + 1, total: steps.length, step, left: timeText() };
  announce(fill(shown.bar.dataset.announced, values));
}

// SPDX-License-Identifier: Apache-2.0
// The check of the set-up: what only this computer knows, and the report of all of it.

import { Agent, isBlocked, isTooOld } from "./agent.js";
import { fill } from "./view.js";

const main = document.getElementById("main");
const results = document.getElementById("results");
const texts = results.dataset;
const OF_THE_AGENT = ["reader", "card", "ca", "management", "spine", "portal"];

async function check() {
  const { signal } = new AbortController();
  const agent = new Agent(main.dataset.agent);
  summarise(document.getElementById("summary").dataset.running);
  mark("agent", "running", "");
  let hello;
  try {
    hello = await agent.hello(signal);
  } catch {
    mark("agent", "failed", (await isBlocked()) ? texts.agentBlocked : texts.agentMissing);
    return finish();
  }
  if (isTooOld(hello, main.dataset.minimumVersion)) {
    mark("agent", "failed", texts.agentOld);
    return finish();
  }
  mark("agent", "ok", fill(texts.agentOk, { version: hello.version }));
  for (const name of OF_THE_AGENT) mark(name, "running", "");
  try {
    for (const { check: name, ok, message } of (await agent.check(signal)).checks) {
      mark(name, ok ? "ok" : "failed", message);
    }
  } catch (error) {
    mark("agent", "failed", error.message || texts.agentMissing);
  }
  for (const name of OF_THE_AGENT) {
    if (row(name).dataset.result === "running") mark(name, "unknown", texts.needsAgent);
  }
  return finish();
}

function row(name) {
  return results.querySelector(`[data-check="${CSS.escape(name)}"]`);
}

function mark(name, result, detail) {
  const found = row(name);
  if (found === null) return;
  found.dataset.result = result;
  found.querySelector("[data-part=result]").textContent = texts[result];
  found.querySelector("[data-part=detail]").textContent = detail;
}

function summarise(text) {
  document.getElementById("summary").textContent = text;
}

function finish() {
  const problems = results.querySelectorAll("[data-result=failed]").length;
  const { none, one, many } = document.getElementById("summary").dataset;
  summarise(problems === 0 ? none : problems === 1 ? one : fill(many, { problems }));
  const group = document.getElementById("report-group");
  document.getElementById("report").value = report(group.dataset.time);
  group.hidden = false;
  document.getElementById("actions").hidden = false;
  document.getElementById("print").addEventListener("click", () => print());
  main.dataset.state = "checked";
}

function report(timeLabel) {
  const lines = [...results.tBodies[0].rows].map((each) => {
    const [what, result, detail] = [...each.cells].map((cell) => cell.textContent.trim());
    return `${what}: ${result}. ${detail}`;
  });
  return [`${timeLabel}: ${new Date().toISOString()}`, ...lines, navigator.userAgent].join("\n");
}

check();

// SPDX-License-Identifier: Apache-2.0
// The person's way through the page: finds the agent and a session, then lets a state take over.
// Only one thing goes on at a time: whatever begins ends what was before.

import { Agent, isBlocked, isTooOld } from "./agent.js";
import { followOperation, isOver, showOutcome } from "./operation.js";
import { forget, followed } from "./memory.js";
import { Portal } from "./portal.js";
import { ProblemError, UnreachableError, pause } from "./requests.js";
import { showSelect } from "./select.js";
import { showLocked, showUnlock } from "./unlock.js";
import { onAction, show, showPerson, shownState } from "./view.js";

const LOOK_MILLISECONDS = 1_000;
const KEEP_MILLISECONDS = 60_000;
/** Where a card or a reader is waited for, by the agent's word for it. */
const WAITING = ["no_reader", "no_card", "several_cards", "foreign_card"];
/** What the agent tells of a card for as long as it does not yet tell another state. */
const SOON_OVER = ["busy", "card_removed"];
/** What the slot that signs in may be, so that no passcode helps. */
const NO_SIGN_IN = ["expired", "missing", "corrupt", "unsupported"];
const settings = document.getElementById("main").dataset;

class Journey {
  agent = new Agent(settings.agent);
  portal = new Portal(settings.base);
  session = null;
  #current = new AbortController();
  #met = false;

  /** End what goes on and begin something else, each failure of which has its state. */
  async begin(work) {
    this.#current.abort();
    this.#current = new AbortController();
    const { signal } = this.#current;
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted) await this.#fail(error);
    }
  }

  /** Show a state whose buttons all do what their names say. */
  show(state, { actions = {}, prepare = () => {}, ...options } = {}) {
    show(state, {
      ...options,
      prepare: (content) => {
        onAction(content, {
          again: () => this.restart(),
          back: () => this.restart(),
          close: () => this.close(),
          unlock: () => showUnlock(this),
          ...actions,
        });
        prepare(content);
      },
    });
  }

  /** Leave what was shown behind and begin again at the first step. */
  restart() {
    forget();
    return this.connect();
  }

  connect() {
    return this.begin((signal) => this.#connect(signal));
  }

  close() {
    forget();
    return this.begin(async (signal) => {
      showPerson(null);
      this.show("closed");
      await this.portal.end(signal).catch(() => {});
    });
  }

  /** Get another session for the card that is in now. */
  async handOff(signal) {
    const { handoff } = await this.agent.handoff(signal);
    this.session = await this.portal.begin(handoff, signal);
    this.agent.pair(this.session.pairing_secret);
    showPerson(this.session.name);
  }

  /** Watch the card while a step waits for the person; what it does to the step is seen at once. */
  async watch(signal, expected) {
    for (;;) {
      for await (const { data } of this.agent.states(signal)) {
        if (!expected.includes(data.state)) return this.connect();
      }
      // It ended in order, with its agent or without: to open it again tells which.
      await pause(LOOK_MILLISECONDS, signal);
    }
  }

  /** Keep the session while the card works; that it is gone changes nothing for the card. */
  async keepAlive(signal) {
    for (;;) {
      await pause(KEEP_MILLISECONDS, signal);
      await this.portal.session(signal).catch(() => signal.throwIfAborted());
    }
  }

  async #connect(signal) {
    if (shownState() !== "connecting") this.show("connecting");
    // Asked of both at once; only the session's answer means something without the other's.
    const found = this.portal.session(signal);
    found.catch(() => {});
    const hello = await this.agent.hello(signal);
    if (isTooOld(hello, settings.minimumVersion)) return diagnose("agent-old");
    this.#met = true;
    await this.#findSession(hello, await found, signal);
    if (this.session !== null) {
      const operation = await this.agent.current(signal);
      const isFollowed = operation !== null && operation.operation === followed().operation;
      if (operation?.state === "running") return followOperation(this, operation);
      // Whoever left it for another step, or has not seen it here, is not led back to it.
      if (isFollowed && isOver(operation)) return showOutcome(this, operation);
      if (isFollowed) return followOperation(this, operation);
    }
    if (WAITING.includes(hello.state)) return this.#wait(hello.state, signal);
    if (this.session === null) await this.handOff(signal);
    const card = await this.agent.card(signal);
    if (card.locked || hello.state === "locked") return showLocked(this);
    if (this.session.limited) return this.#waitForSignIn(card, signal);
    return showSelect(this, card);
  }

  /** Take up the session of before, unless it is another launch's, card's or sign-in's. */
  async #findSession(hello, session, signal) {
    this.session = session;
    if (session === null) return;
    const signedIn = hello.state === "signed_in";
    const signedOut = hello.state === "card";
    if (
      this.session.launch !== hello.launch ||
      (this.session.limited && signedIn) ||
      (!this.session.limited && signedOut)
    ) {
      this.session = null;
      return;
    }
    this.agent.pair(this.session.pairing_secret);
    showPerson(this.session.name);
    if (WAITING.includes(hello.state) || hello.state === "busy") return;
    const { guid } = await this.agent.card(signal);
    if (guid !== this.session.card) this.session = null;
  }

  async #wait(state, signal) {
    this.show(state);
    for (;;) {
      await pause(LOOK_MILLISECONDS, signal);
      if (state === "several_cards") {
        // Only a handoff tells that there is one card too many.
        await this.handOff(signal);
        return this.connect();
      }
      if ((await this.agent.hello(signal)).state !== state) return this.connect();
    }
  }

  async #waitForSignIn(card, signal) {
    const state = card.slots.find(({ slot }) => slot === "authentication")?.state;
    if (NO_SIGN_IN.includes(state)) {
      this.show("no_sign_in", {
        prepare: (content) => {
          const [why, next] = ["why", "next"].map((part) =>
            content.querySelector(`[data-part=${part}]`),
          );
          why.textContent = why.dataset[state];
          if (card.window.state === "interrupted") next.textContent = next.dataset.interrupted;
        },
      });
    } else {
      this.show("signed_out");
    }
    for await (const { data } of this.agent.states(signal)) {
      if (data.state !== "card" && data.state !== "busy") return this.connect();
    }
    throw new UnreachableError();
  }

  async #fail(error) {
    if (error instanceof ProblemError) {
      if (WAITING.includes(error.reason)) {
        return this.begin((signal) => this.#wait(error.reason, signal));
      }
      if (SOON_OVER.includes(error.reason)) {
        return this.begin(async (signal) => {
          await pause(LOOK_MILLISECONDS, signal);
          return this.#connect(signal);
        });
      }
      if (error.reason === "agent_old") return diagnose("agent-old");
      if (error.reason === "portal_unreachable") return this.show("unreachable");
      if (error.reason === "no_session") return this.show("expired");
      // Another launch of the agent than the one the session is paired with.
      if (error.reason === "not_paired") return this.connect();
      return showOutcome(this, { state: "failed", result: { reason: error.reason, message: error.message } });
    }
    if (error instanceof UnreachableError) return this.#findOutWhoIsLost();
    console.error(error);
    return this.show("unreachable");
  }

  async #findOutWhoIsLost() {
    return this.begin(async (signal) => {
      const isAgentThere = () => answers(this.agent.hello(signal), signal);
      if (await isAgentThere()) {
        if (!(await answers(this.portal.session(signal), signal))) return this.show("unreachable");
        // Both are: one of them was away for a moment, or is about to stop.
        await pause(LOOK_MILLISECONDS, signal);
        return this.connect();
      }
      if (!this.#met) return diagnose((await isBlocked()) ? "agent-blocked" : "agent-missing");
      this.show("lost");
      do {
        await pause(LOOK_MILLISECONDS, signal);
      } while (!(await isAgentThere()));
      return this.connect();
    });
  }
}

async function answers(asked, signal) {
  try {
    await asked;
    return true;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof ProblemError;
  }
}

function diagnose(name) {
  location.replace(`${settings.base}help/${name}`);
}

new Journey().connect();

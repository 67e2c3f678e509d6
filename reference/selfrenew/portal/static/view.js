// SPDX-License-Identifier: Apache-2.0
// Shows a state of the page from its template, and speaks of what happens within it.

const main = document.getElementById("main");
const announcer = document.getElementById("announcer");
const language = document.documentElement.lang;
// The page's language as it is written where the person is, such as en-GB.
const local = navigator.languages.find((each) => each.split("-")[0] === language.split("-")[0]);
const moments = new Intl.DateTimeFormat(local ?? language, { dateStyle: "long", timeStyle: "short" });

/** Fill in the names in braces of a text. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Write a moment that came as ISO 8601. */
export function moment(text) {
  return moments.format(new Date(text));
}

/** Show a state and go to its heading; `prepare` fills it in before it is seen. */
export function show(state, { template = state, prepare = () => {} } = {}) {
  const content = document.getElementById(`state-${template}`).content.cloneNode(true);
  prepare(content);
  const heading = content.querySelector("h1");
  main.replaceChildren(content);
  main.dataset.state = state;
  document.title = fill(main.dataset.title, { heading: heading.textContent });
  announcer.textContent = "";
  heading.focus();
}

export function shownState() {
  return main.dataset.state;
}

/** Have it said by a screen reader. */
export function announce(text) {
  announcer.textContent = text;
}

/** Name who is signed in, or nobody. */
export function showPerson(name) {
  const person = document.getElementById("person");
  person.textContent = name ? fill(person.dataset.text, { name }) : "";
  person.hidden = !name;
}

/** Put texts into the elements with `data-value`; null leaves what the template has. */
export function setValues(content, values) {
  for (const element of content.querySelectorAll("[data-value]")) {
    const value = values[element.dataset.value];
    if (!value) continue;
    element.textContent = element.dataset.text ? fill(element.dataset.text, values) : value;
    element.hidden = false;
  }
}

/** Show what is wrong with a form: [field, text] each; go to the summary. */
export function showProblems(problems) {
  const summary = main.querySelector("[data-part=problems]");
  const list = summary.querySelector("ul");
  clearProblems();
  for (const [field, text] of problems) {
    const link = Object.assign(document.createElement("a"), { href: `#${field}`, textContent: text });
    link.addEventListener("click", (event) => {
      event.preventDefault();
      document.getElementById(field).focus();
    });
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
    mark(field, text);
  }
  summary.hidden = false;
  summary.focus();
}

function mark(field, text) {
  const error = document.getElementById(`${field}-error`);
  const input = document.getElementById(field);
  error.textContent = text;
  error.hidden = false;
  input.closest(".nhsuk-form-group").classList.add("nhsuk-form-group--error");
  if (input.type === "radio") return;
  input.setAttribute("aria-invalid", "true");
  input.classList.add("nhsuk-input--error");
  describe(input, [error.id, ...described(input)]);
}

function clearProblems() {
  main.querySelector("[data-part=problems] ul").replaceChildren();
  for (const group of main.querySelectorAll(".nhsuk-form-group--error")) {
    group.classList.remove("nhsuk-form-group--error");
    group.querySelector(".nhsuk-error-message").hidden = true;
    for (const input of group.querySelectorAll("[aria-invalid]")) {
      input.removeAttribute("aria-invalid");
      input.classList.remove("nhsuk-input--error");
      describe(input, described(input).filter((id) => id !== `${input.id}-error`));
    }
  }
}

function described(input) {
  return (input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
}

function describe(input, ids) {
  if (ids.length) input.setAttribute("aria-describedby", ids.join(" "));
  else input.removeAttribute("aria-describedby");
}

/** Call back when a form of the state is sent; it never leaves the page. */
export function onSubmit(content, callback) {
  content.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    callback(event.target);
  });
}

/** Call back when something with this `data-action` is used. */
export function onAction(content, actions) {
  for (const element of content.querySelectorAll("[data-action]")) {
    const action = actions[element.dataset.action];
    element.addEventListener("click", (event) => {
      event.preventDefault();
      action();
    });
  }
}

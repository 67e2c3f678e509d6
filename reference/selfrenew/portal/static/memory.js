// SPDX-License-Identifier: Apache-2.0
// What this tab remembers over a reload: which operation it followed, and how far the person is
// with logging back in. Nothing secret.

const KEY = "selfrenew.followed";

export function followed() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export function follow(operation) {
  if (followed().operation !== operation) remember({ operation });
}

export function remember(values) {
  write(JSON.stringify({ ...followed(), ...values }));
}

export function forget() {
  write("{}");
}

function write(text) {
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // A browser that keeps nothing shows the result once only.
  }
}

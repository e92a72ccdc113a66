// From the address behind # to a view.  A view gets where it is to stand and a
// signal that ends its requests when somebody goes elsewhere.

import { ApiError, isIn, signOut, user } from "./api.js";
import { fill, h } from "./dom.js";
import { appendView } from "./append.js";
import { eventView } from "./event.js";
import { metadataView } from "./metadata.js";
import { nodeView } from "./node.js";
import { signInView } from "./signin.js";
import { streamView } from "./stream.js";
import { streamsView } from "./streams.js";
import { newUserView, userView, usersView } from "./users.js";

const routes = [
  [/^$/, "streams", streamsView],
  [/^streams\/([^/]+)$/, "streams", streamView],
  [/^streams\/([^/]+)\/metadata$/, "streams", metadataView],
  [/^streams\/([^/]+)\/(\d+)$/, "streams", eventView],
  [/^streams\/([^/]+)\/([0-9A-Fa-f]+|head)\/(forward|backward)\/(\d+)$/, "streams", streamView],
  [/^append(?:\/([^/]+))?$/, "append", appendView],
  [/^users$/, "users", usersView],
  [/^users\/new$/, "users", newUserView],
  [/^users\/edit\/([^/]+)$/, "users", userView],
  [/^node$/, "node", nodeView],
  [/^sign-in$/, "", signInView],
];

const main = document.getElementById("content");
let current = new AbortController();

function find() {
  const path = location.hash.replace(/^#\/?/, "").replace(/\/$/, "");
  for (const [pattern, name, view] of routes) {
    const match = pattern.exec(path);
    if (match) return { name, view, args: match.slice(1).map(decode) };
  }
  return { name: "", view: lost, args: [] };
}

function decode(text) {
  if (text === undefined) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function lost({ main: where }) {
  fill(where, h("p", { class: "empty" }, "There is no such page. ", h("a", { href: "#/" }, "To the streams")));
}

function sayWho() {
  const who = document.getElementById("who");
  if (user() === null) {
    fill(who, h("a", { href: "#/sign-in", class: "button" }, "Sign in"));
    return;
  }
  fill(who, h("a", { href: `#/users/edit/${encodeURIComponent(user().login)}`, title: "Your account" }, user().login),
    h("button", { type: "button", class: "plain", onclick: leave }, "Sign out"));
}

function leave() {
  signOut();
  show();
}

// What a view could not show, and what may be done about it.
function explain(place, error) {
  const denied = error instanceof ApiError && error.status === 401;
  const title = denied ? (user() ? "Your account lacks the right" : "Please sign in") : error.status === 404 ? "Nothing is here"
    : error.status === 410 ? "Deleted for good" : "That did not work";
  fill(place, h("section", { class: "card narrow" }, h("h1", null, title), h("p", null, error.message),
    denied ? h("a", { class: "button", href: "#/sign-in", onclick: remember }, user() ? "Use another account" : "Sign in")
      : h("button", { type: "button", onclick: show }, "Try again")));
  if (!(error instanceof ApiError)) console.error(error);
}

function remember() {
  sessionStorage.setItem("rill.return", location.hash);
}

async function show() {
  current.abort();
  current = new AbortController();
  const { name, view, args } = find();
  for (const link of document.querySelectorAll("[data-nav]")) {
    if (link.dataset.nav === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (link.dataset.nav === "users") link.hidden = !isIn("$admins");
  }
  sayWho();
  document.title = "Rill";
  const { signal } = current;
  // A place of its own: a view that comes late cannot stand in another's.
  const place = h("div");
  try {
    await view({ main: place, signal, args });
  } catch (error) {
    if (!signal.aborted) explain(place, error);
  }
  if (signal.aborted) return;
  fill(main, place);
  place.querySelector("[autofocus]")?.focus();
}

document.getElementById("go").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = event.target.stream.value.trim();
  if (name !== "") location.hash = `#/streams/${encodeURIComponent(name)}`;
  event.target.reset();
});

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.getElementById("go-name").focus();
  }
});

window.addEventListener("hashchange", () => {
  show().then(() => window.scrollTo(0, 0));
});
show();

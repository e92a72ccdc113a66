// What has been created and changed lately, as the newest events of $all say.

import { ApiError, feed, user } from "./api.js";
import { fill, h, streamLink, when } from "./dom.js";

const PAGES = 5;
const PAGE = 100;

async function newest(signal) {
  let path = `/streams/%24all/head/backward/${PAGE}`;
  const entries = [];
  for (let i = 0; i < PAGES && path; i++) {
    const page = await feed(path, { signal });
    entries.push(...page.entries);
    path = page.link.next;
  }
  return entries;
}

function lists(entries) {
  const changed = new Map(), created = new Map();
  for (const entry of entries) {
    const name = entry.positionStreamId ?? entry.streamId;
    if (name === undefined) continue;
    if (!changed.has(name)) changed.set(name, entry);
    if ((entry.positionEventNumber ?? entry.eventNumber) === 0) created.set(name, entry);
  }
  return { changed, created };
}

function table(title, streams, about) {
  const rows = [...streams].slice(0, 25).map(([name, entry]) => h("tr", null,
    h("td", { class: "name" }, streamLink(name)),
    h("td", { class: "dim" }, about(entry)),
    h("td", { class: "right" }, when(entry.updated))));
  return h("section", { class: "card" }, h("h2", null, title),
    rows.length === 0 ? h("p", { class: "empty" }, "None among the newest events.")
      : h("div", { class: "scroll" }, h("table", null, h("thead", { class: "hidden" }, h("tr", null, h("th", null, "Stream"), h("th", null, "Event"), h("th", null, "When"))), h("tbody", null, rows))));
}

export async function streamsView({ main, signal }) {
  const system = h("input", { type: "checkbox", id: "system" });
  let entries;
  try {
    entries = await newest(signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    fill(main, welcome());
    return;
  }
  const grid = h("div", { class: "grid" });
  const draw = () => {
    const shown = entries.filter((e) => system.checked || !(e.positionStreamId ?? e.streamId ?? "").startsWith("$"));
    const { changed, created } = lists(shown);
    fill(grid, table("Recently changed", changed, (e) => e.eventType === "$streamDeleted" ? "deleted for good" : `${e.eventNumber} · ${e.summary}`),
      table("Recently created", created, (e) => e.summary));
  };
  system.addEventListener("change", draw);
  fill(main, h("div", { class: "title" }, h("h1", null, "Streams"),
    h("label", { class: "switch", for: "system" }, system, "system streams"),
    h("a", { class: "button", href: "#/streams/%24all" }, "Everything ($all)"),
    h("a", { class: "button primary", href: "#/append" }, "Append an event")), grid);
  draw();
}

function welcome() {
  return h("section", { class: "card narrow" },
    h("h1", null, "Streams"),
    h("p", null, "Type a stream's name above to open it."),
    h("p", { class: "dim" }, "The list of all streams comes from ", h("code", null, "$all"), ", which is for administrators",
      user() ? ": your account lacks the right to read it." : "."),
    user() ? null : h("a", { class: "button primary", href: "#/sign-in" }, "Sign in"));
}

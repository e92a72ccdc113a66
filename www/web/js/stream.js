// A stream's feed: a page at a time, by the links that it gives; at the head,
// what comes in is shown as it comes.

import { feed, send, streamPath } from "./api.js";
import { confirmed, eventLink, fill, h, notify, streamLink, when } from "./dom.js";
import { pretty } from "./json.js";

const POLL_S = 30;
const MOST_LIVE = 200;

// The feed's link as an address of this page.
function address(path) {
  const [, , name, ...rest] = path.split("?")[0].split("/");
  return `#/streams/${name}${rest.length ? `/${rest.join("/")}` : ""}`;
}

// The beginning of an event's data in a line.
function glance(text) {
  const line = text.slice(0, 400).replace(/\s+/g, " ");
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

export function row(entry, withStream) {
  const number = entry.eventNumber ?? Number(entry.title.split("@")[0]);
  const stream = entry.streamId ?? entry.title.slice(entry.title.indexOf("@") + 1);
  const isLink = entry.positionStreamId !== undefined && (entry.positionStreamId !== stream || entry.positionEventNumber !== number);
  const data = entry.data === undefined ? h("span", { class: "dim" }, "not JSON")
    : h("details", null, h("summary", null, h("code", null, glance(entry.data))));
  data.addEventListener("toggle", () => {
    if (data.open && data.childElementCount === 1) data.append(pretty(entry.data));
  });
  return h("tr", null,
    h("td", { class: "number" }, eventLink(stream, number, String(number))),
    withStream ? h("td", { class: "name" }, streamLink(stream)) : null,
    h("td", { class: "type" }, entry.eventType ?? entry.summary,
      isLink ? h("small", { class: "dim" }, ` link ${entry.positionEventNumber} of `, streamLink(entry.positionStreamId)) : null,
      entry.eventType === undefined ? h("small", { class: "dim" }, " link to what is not there") : null,
      withStream || !isLink ? null : h("small", { class: "dim" }, " → ", streamLink(stream))),
    h("td", { class: "data" }, data),
    h("td", { class: "right" }, when(entry.updated)));
}

function pager(page) {
  const link = (relation, text) => page.link[relation]
    ? h("a", { class: "button", href: address(page.link[relation]), rel: relation }, text)
    : h("span", { class: "button off", "aria-disabled": "true" }, text);
  return h("nav", { class: "pager", "aria-label": "Pages" },
    h("a", { class: "button", href: address(page.link.self) }, "Newest"),
    link("previous", "‹ Newer"), link("next", "Older ›"), link("last", "Oldest"));
}

async function remove(name) {
  if (!(await confirmed(`Delete ${name}?`, "Its events are no longer shown. It may be written again later, and its numbers go on.", "Delete the stream"))) return;
  await erase(name, {});
}

async function removeForGood(name) {
  if (!(await confirmed(`Delete ${name} for good?`, "Nothing can bring its events back, and nobody can ever write to a stream of this name again.", "Delete for good"))) return;
  await erase(name, { "ES-HardDelete": "True" });
}

async function erase(name, headers) {
  try {
    await send(streamPath(name), { method: "DELETE", headers });
    notify(`${name} is deleted.`);
    location.hash = "#/";
  } catch (error) {
    notify(error.message, "fault");
  }
}

function head(name, live) {
  const here = encodeURIComponent(name);
  const isAll = name === "$all";
  return h("div", { class: "title" },
    h("h1", null, h("span", { class: "dim" }, isAll ? "" : "Stream "), name), live,
    isAll ? null : h("a", { class: "button primary", href: `#/append/${here}` }, "Append"),
    h("a", { class: "button", href: `#/streams/${here}/metadata` }, "Metadata and access"),
    isAll ? null : h("details", { class: "menu" }, h("summary", { class: "button" }, "Delete…"),
      h("div", null, h("button", { type: "button", onclick: () => remove(name) }, "Delete"),
        h("button", { type: "button", class: "danger", onclick: () => removeForGood(name) }, "Delete for good"))));
}

export async function streamView({ main, signal, args }) {
  const [name, from, direction, count] = args;
  const path = streamPath(name, ...(from === undefined ? [] : [from, direction, count]));
  document.title = `${name} · Rill`;
  const isAll = name === "$all";
  const isHead = from === undefined || from === "head";
  const page = await feed(path, { signal });
  const live = isHead ? h("span", { class: "live", title: "New events appear as they are written" }, "live") : null;
  const body = h("tbody", null, page.entries.map((entry) => row(entry, isAll)));
  const table = h("table", { class: "events" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "No."), isAll ? h("th", { scope: "col" }, "Stream") : null,
      h("th", { scope: "col" }, "Type"), h("th", { scope: "col" }, "Data"), h("th", { scope: "col", class: "right" }, "Written"))), body);
  const none = h("p", { class: "empty" }, "No events here.");
  none.hidden = page.entries.length > 0;
  fill(main, head(name, live), h("section", { class: "card" }, h("div", { class: "scroll" }, table), none), pager(page));
  if (isHead) follow({ page, body, none, live, isAll, signal });
}

// Long polls, one after the other, on the link to what comes next.
async function follow({ page, body, none, live, isAll, signal }) {
  let path = page.link.previous;
  while (path && !signal.aborted) {
    try {
      const next = await feed(path, { signal, poll: POLL_S });
      if (signal.aborted) return;
      live.classList.remove("off");
      const rows = next.entries.map((entry) => row(entry, isAll));
      rows.forEach((r) => r.classList.add("new"));
      body.prepend(...rows);
      while (body.rows.length > MOST_LIVE) body.lastElementChild.remove();
      if (rows.length) none.hidden = true;
      path = next.link.previous ?? path;
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      live.classList.add("off");
      if ([401, 404, 410].includes(error.status)) return;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

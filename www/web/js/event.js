// One event: what it is, its data and metadata, pretty and raw.

import { ATOM, feed, send, streamPath } from "./api.js";
import { fill, h, streamLink, when } from "./dom.js";
import { isJson, pretty } from "./json.js";

function fact(name, ...value) {
  return [h("dt", null, name), h("dd", null, ...value)];
}

// Pretty, and raw at the press of a button.
function part(title, text) {
  if (text === undefined || text === "") return h("section", { class: "card" }, h("h2", null, title), h("p", { class: "empty" }, "None."));
  const box = h("div", null, pretty(text));
  const button = h("button", { type: "button", class: "plain", "aria-pressed": "false", onclick: toggle }, "Raw");
  function toggle() {
    const raw = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(raw));
    fill(box, raw ? h("pre", { tabindex: "0" }, text) : pretty(text));
  }
  return h("section", { class: "card" }, h("div", { class: "title small" }, h("h2", null, title),
    isJson(text) ? button : null,
    h("button", { type: "button", class: "plain", onclick: () => navigator.clipboard?.writeText(text) }, "Copy")), box);
}

// As it is stored; bytes that are no text are only counted.
async function data(stream, number) {
  const bytes = await (await send(streamPath(stream, number), { headers: { Accept: "application/octet-stream" } })).arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return `${bytes.byteLength} bytes that are no text`;
  }
}

export async function eventView({ main, signal, args }) {
  const [stream, number] = args;
  document.title = `${number}@${stream} · Rill`;
  const page = await feed(streamPath(stream, number, "backward", 1), { signal });
  const entry = page.entries.find((e) => String(e.positionEventNumber ?? e.eventNumber ?? e.title.split("@")[0]) === number);
  if (entry === undefined) {
    await send(streamPath(stream, number), { headers: { Accept: ATOM } });
    throw new Error("There is no such event.");
  }
  const isLink = entry.positionStreamId !== undefined && entry.positionStreamId !== entry.streamId;
  const n = Number(number);
  fill(main, h("div", { class: "title" },
    h("h1", null, h("span", { class: "dim" }, `${number} of `), streamLink(stream)),
    n > 0 ? h("a", { class: "button", href: `#/streams/${encodeURIComponent(stream)}/${n - 1}` }, "‹ Before") : null,
    h("a", { class: "button", href: `#/streams/${encodeURIComponent(stream)}/${n + 1}` }, "After ›")),
  h("section", { class: "card" }, h("dl", { class: "facts" },
    fact("Type", h("strong", null, entry.eventType ?? entry.summary)),
    fact("Id", h("code", null, entry.eventId ?? "—")),
    fact("Written", when(entry.updated), h("span", { class: "dim" }, ` ${entry.updated}`)),
    isLink ? fact("Link to", streamLink(entry.streamId), ` number ${entry.eventNumber}`) : null,
    fact("JSON", entry.isJson ? "yes" : "no"))),
  part("Data", await data(stream, number)),
  part("Metadata", entry.metaData),
  isLink ? part("Metadata of the link", entry.linkMetaData) : null);
}

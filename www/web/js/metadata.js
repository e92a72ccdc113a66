// A stream's metadata: what the store does with it, who may do what, and the
// document itself.  What this page does not know stays as it is.

import { ApiError, streamPath, text, writeMetadata } from "./api.js";
import { field, fill, h, notify, streamLink } from "./dom.js";

const LIMITS = [
  ["$maxCount", "Newest events to keep", "Older ones are no longer shown, and removed when the store is scavenged."],
  ["$maxAge", "Seconds to keep events", "Older ones are no longer shown."],
  ["$tb", "First event number to show", "Events with lower numbers are hidden."],
  ["$cacheControl", "Seconds that caches may keep the head", "Empty: they must ask each time."],
];

const RIGHTS = [
  ["$r", "Read", "its events"],
  ["$w", "Write", "append events"],
  ["$d", "Delete", "the stream"],
  ["$mr", "Read metadata", "this document"],
  ["$mw", "Write metadata", "this document, and with it all rights"],
];

async function read(name) {
  try {
    const document = (await text(streamPath(name, "metadata"), "application/json")).trim();
    return document === "" ? "{}" : document;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return "{}";
    throw error;
  }
}

function listOf(value) {
  return value === undefined ? null : Array.isArray(value) ? value : [value];
}

// null: not said, the default decides.
function parseRoles(input, decides) {
  if (!decides.checked) return undefined;
  const roles = input.value.split(/[,\s]+/).filter((r) => r !== "");
  return roles.length === 1 ? roles[0] : roles;
}

function right([key, title, about], acl, name) {
  const roles = listOf(acl[key]);
  const decides = h("input", { type: "checkbox", "aria-label": `Decide who may ${title.toLowerCase()}`, checked: roles !== null });
  const input = h("input", { value: (roles ?? []).join(", "), spellcheck: "false", "aria-label": `Who may ${title.toLowerCase()}`,
    placeholder: "nobody but $admins" });
  const byDefault = name.startsWith("$") ? "$admins" : "$all";
  const update = () => {
    input.disabled = !decides.checked;
    input.placeholder = decides.checked ? "nobody but $admins" : `default, usually ${byDefault}`;
  };
  decides.addEventListener("change", update);
  update();
  return { key, value: () => parseRoles(input, decides),
    element: h("tr", null, h("td", null, decides), h("th", { scope: "row" }, title, h("small", { class: "dim" }, ` ${about}`)), h("td", null, input)) };
}

function explanation() {
  return h("details", { class: "explain" }, h("summary", null, "How rights work"),
    h("ul", null,
      h("li", null, "Each right is given to logins or groups, separated by commas. ", h("code", null, "$all"), " is everybody, signed in or not."),
      h("li", null, h("code", null, "$admins"), " may do everything, whatever is said here."),
      h("li", null, "A right that is not ticked follows the defaults: the stream ", h("code", null, "$settings"), ", else ",
        h("code", null, "$all"), " for ordinary streams and ", h("code", null, "$admins"), " for those whose names begin with ", h("code", null, "$"), "."),
      h("li", null, "A ticked right with nobody in it is for administrators alone.")));
}

export async function metadataView({ main, args }) {
  const [name] = args;
  document.title = `Metadata of ${name} · Rill`;
  const source = await read(name);
  const known = JSON.parse(source);
  const raw = h("textarea", { rows: 10, class: "mono", spellcheck: "false", value: source });
  const limits = LIMITS.map(([key, title, hint]) => {
    const input = h("input", { inputmode: "numeric", pattern: "\\d*", value: known[key] ?? "" });
    return { key, input, element: field(title, input, hint) };
  });
  const rights = RIGHTS.map((r) => right(r, known.$acl ?? {}, name));
  const fault = h("p", { class: "fault", role: "alert" });

  function composed() {
    const result = { ...known };
    for (const { key, input } of limits) {
      if (input.value.trim() === "") delete result[key];
      else if (input.value !== String(known[key])) result[key] = Number(input.value);
    }
    const acl = Object.fromEntries(rights.map((r) => [r.key, r.value()]).filter(([, v]) => v !== undefined));
    if (Object.keys(acl).length > 0) result.$acl = acl;
    else delete result.$acl;
    return JSON.stringify(result, null, 2);
  }

  async function save(document) {
    fill(fault);
    try {
      await writeMetadata(name, document);
      notify("The metadata is written.");
      await metadataView({ main, args });
    } catch (error) {
      fill(fault, error.message);
    }
  }

  fill(main, h("div", { class: "title" }, h("h1", null, h("span", { class: "dim" }, "Metadata of "), streamLink(name)),
    h("a", { class: "button", href: `#/streams/${encodeURIComponent("$$" + name)}` }, "History")),
  h("form", { class: "card", onsubmit: (e) => { e.preventDefault(); save(composed()); } },
    h("h2", null, "Limits"), h("div", { class: "columns" }, limits.map((l) => l.element)),
    h("h2", null, "Who may do what"), explanation(),
    h("table", { class: "rights" }, h("tbody", null, rights.map((r) => r.element))), fault,
    h("div", { class: "actions" }, h("button", { class: "primary" }, "Save"))),
  h("form", { class: "card", onsubmit: (e) => { e.preventDefault(); save(raw.value); } },
    h("h2", null, "The document"), h("p", { class: "dim" }, "Members of your own are kept as they are."),
    field("JSON", raw), h("div", { class: "actions" }, h("button", null, "Save the document"))));
}

// Elements out of calls: h("p", {class: "x"}, "text", child).  Whatever comes
// from a stream passes through here as text; nothing is ever read as markup.

export function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
}

// A sentence that shows for a while, for what was done or went wrong.
export function notify(text, kind = "done") {
  const note = h("p", { class: `notice ${kind}` }, text,
    h("button", { type: "button", class: "plain", "aria-label": "Dismiss", onclick: () => note.remove() }, "×"));
  document.getElementById("notices").append(note);
  setTimeout(() => note.remove(), kind === "done" ? 5000 : 12000);
}

export function field(label, control, hint) {
  const id = `f-${label.toLowerCase().replace(/\W+/g, "-")}-${Math.random().toString(36).slice(2, 6)}`;
  control.id = id;
  const hintElement = hint ? h("small", { id: `${id}-hint` }, hint) : null;
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return h("div", { class: "field" }, h("label", { for: id }, label), control, hintElement);
}

// Resolves to true when the person agrees.
export function confirmed(title, text, verb) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "ask-title" },
      h("h2", { id: "ask-title" }, title), h("p", null, text),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, verb),
        h("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Cancel")));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function when(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime()) || time.getUTCFullYear() < 2) return h("span", { class: "dim" }, "—");
  return h("time", { datetime: iso, title: iso }, relative(time));
}

function relative(time) {
  const seconds = (Date.now() - time.getTime()) / 1000;
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

export function streamLink(name, text) {
  return h("a", { href: `#/streams/${encodeURIComponent(name)}`, class: "stream" }, text ?? name);
}

export function eventLink(name, number, text) {
  return h("a", { href: `#/streams/${encodeURIComponent(name)}/${number}` }, text ?? `${number}@${name}`);
}

// JSON shown as it was written: reindented and coloured token by token, never
// parsed into values, so that 0.10 and 12345678901234567890 stay what they are.

import { h } from "./dom.js";

const TOKEN = /\s+|("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)|[{}\[\],]|./gsu;

function tokens(text) {
  const found = [];
  for (const match of text.matchAll(TOKEN)) {
    const [all, string, colon, number, word] = match;
    if (string !== undefined) found.push([colon === undefined ? "string" : "name", string, colon !== undefined]);
    else if (number !== undefined) found.push(["number", number]);
    else if (word !== undefined) found.push(["word", word]);
    else if (all.trim() !== "") found.push(["mark", all]);
  }
  return found;
}

export function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// The text as spans; what is no JSON stands as it is.
export function pretty(text) {
  const out = h("pre", { class: "json", tabindex: "0" });
  if (!isJson(text)) {
    out.append(text);
    return out;
  }
  const list = tokens(text);
  let depth = 0;
  const line = () => out.append("\n" + "  ".repeat(depth));
  list.forEach(([kind, value], i) => {
    const next = list[i + 1]?.[1];
    if (kind !== "mark") {
      out.append(h("span", { class: `j-${kind}` }, value));
      if (kind === "name") out.append(": ");
      return;
    }
    if (value === "{" || value === "[") {
      out.append(value);
      if (next === "}" || next === "]") return;
      depth++;
      line();
    } else if (value === "}" || value === "]") {
      const before = list[i - 1]?.[1];
      if (before !== "{" && before !== "[") {
        depth--;
        line();
      }
      out.append(value);
    } else {
      out.append(value);
      if (value === ",") line();
    }
  });
  return out;
}

// What /metrics says, and how fast it moves between two looks.

import { text } from "./api.js";

const LINE = /^rill_(\w+)(?:\{(.*)\})? (\S+)$/;

// The sums of all lines of a name, and of those with a label: "role{master}".
export async function metrics() {
  const sums = new Map();
  const add = (name, value) => sums.set(name, (sums.get(name) ?? 0) + value);
  for (const line of (await text("/metrics", "*/*")).split("\n")) {
    const [, name, labels, value] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    add(name, Number(value));
    for (const [, label] of (labels ?? "").matchAll(/"([^"]*)"/g)) add(`${name}{${label}}`, Number(value));
  }
  return { at: performance.now(), get: (name) => sums.get(name) ?? 0 };
}

export function rate(before, now, name) {
  return Math.max(0, ((now.get(name) - before.get(name)) * 1000) / (now.at - before.at));
}

// Of what happened between the two looks, in milliseconds; null: nothing did.
export function meanMs(before, now, what) {
  const count = now.get(`request_seconds_count{${what}}`) - before.get(`request_seconds_count{${what}}`);
  const sum = now.get(`request_seconds_sum{${what}}`) - before.get(`request_seconds_sum{${what}}`);
  return count > 0 ? (sum * 1000) / count : null;
}

// The node and its cluster: roles, positions, how they move, and upkeep.

import { isIn, json } from "./api.js";
import { chart, sparkline } from "./chart.js";
import { fill, h } from "./dom.js";
import { maintenance } from "./maintenance.js";
import { meanMs, metrics, rate } from "./metrics.js";
import { bytes } from "./size.js";

const EVERY_MS = 2000;

const ROLES = { Master: "master", Slave: "replica", Unknown: "unknown" };

// Each with what it is made of, of two looks at /metrics.
const CHARTS = [
  ["Requests", "/ s", (before, now) => rate(before, now, "requests_total")],
  ["Appends", "/ s", (before, now) => rate(before, now, "appends_total")],
  ["Events written", "/ s", (before, now) => rate(before, now, "events_written_total")],
  ["Read time", "ms", (before, now) => meanMs(before, now, "read")],
  ["Append time", "ms", (before, now) => meanMs(before, now, "append")],
  ["Waiting for events", "", (before, now) => now.get("waiting_requests")],
];

function address(member) {
  return `${member.externalHttpIp}:${member.externalHttpPort}`;
}

// The members' table; each row keeps its line of how far it was behind.
function memberTable() {
  const lines = new Map();
  const body = h("tbody");

  function row(member, newest) {
    const lag = Math.max(0, newest - Number(member.lastCommitPosition));
    const name = address(member);
    const role = member.isAlive ? ROLES[member.state] ?? member.state.toLowerCase() : "gone";
    if (!lines.has(name)) lines.set(name, sparkline());
    lines.get(name).add(lag);
    return h("tr", { class: member.isAlive ? null : "off" }, h("td", { class: "name" }, name),
      h("td", null, h("span", { class: `tag ${role === "master" ? "good" : member.isAlive ? "" : "warn"}` }, role)),
      h("td", { class: "right number" }, Number(member.lastCommitPosition).toLocaleString()),
      h("td", { class: "right number" }, lag.toLocaleString()),
      h("td", { class: "lag" }, lines.get(name).element));
  }

  const element = h("div", { class: "scroll members", tabindex: "0", role: "region", "aria-label": "Members" }, h("table", null,
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Address"), h("th", { scope: "col" }, "Role"),
      h("th", { scope: "col", class: "right" }, "Position"), h("th", { scope: "col", class: "right" }, "Behind by"),
      h("th", { scope: "col", class: "lag" }, h("span", { class: "hidden" }, "Behind by, of late")))), body));
  return {
    element,
    show(members) {
      element.classList.toggle("alone", members.length === 1);
      const newest = Math.max(...members.map((m) => Number(m.lastCommitPosition)));
      fill(body, members.map((m) => row(m, newest)));
    },
  };
}

function activity() {
  const charts = CHARTS.map(([title, unit, of]) => ({ of, ...chart(title, unit) }));
  const refused = h("p", { class: "dim", hidden: true }, "The figures of this node are for members of $ops and $admins.");
  const box = h("div", { class: "charts" }, charts.map((c) => c.element));
  let before = null;
  return {
    element: h("section", { class: "card" }, h("h2", null, "Activity"), refused, box),
    // Undefined when they are not for everybody.
    async look() {
      const now = await metrics().catch((error) => {
        if (error.status !== 401) throw error;
      });
      box.hidden = now === undefined;
      refused.hidden = !box.hidden;
      if (now && before) for (const c of charts) c.add(c.of(before, now));
      before = now;
      return now;
    },
  };
}

function factList(info, now) {
  const list = [["State", info.state], ["Rill", info.rillVersion ?? "—"], ["Protocol", `Event Store ${info.esVersion}`], ["Address", location.host]];
  if (now) {
    list.push(["Store", `${bytes(now.get("table_bytes"))}, and ${bytes(now.get("log_bytes"))} of log`],
      ["Free on the disk", bytes(now.get("disk_free_bytes"))],
      ["Memory", `${bytes(now.get("resident_memory_bytes"))} of ${now.get("processes")} processes`]);
  }
  return list.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]);
}

export async function nodeView({ main, signal }) {
  document.title = "Node · Rill";
  const facts = h("dl", { class: "facts" });
  const members = memberTable();
  const rates = activity();
  const upkeep = isIn("$admins") || isIn("$ops") ? maintenance() : null;
  fill(main, h("div", { class: "title" }, h("h1", null, "Node")),
    h("div", { class: "node" }, h("section", { class: "card" }, h("h2", null, "This node"), facts), rates.element),
    h("section", { class: "card" }, h("h2", null, "Members"), members.element),
    upkeep?.element);

  async function look() {
    const [info, gossip, now] = await Promise.all([json("/info"), json("/gossip"), rates.look(), upkeep?.look()]);
    fill(facts, factList(info, now));
    members.show(gossip.members);
  }

  await look();
  (async () => {
    while (!signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      if (signal.aborted) return;
      await look().catch((error) => fill(facts, h("dt", null, "State"), h("dd", { class: "fault" }, error.message)));
    }
  })();
}

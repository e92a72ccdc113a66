// The node and its cluster: roles, positions, and how they move.

import { isIn, json, send } from "./api.js";
import { chart } from "./chart.js";
import { confirmed, fill, h, notify } from "./dom.js";

const EVERY_MS = 2000;

const ROLES = { Master: "master", Slave: "replica", Unknown: "unknown" };

function address(member) {
  return `${member.externalHttpIp}:${member.externalHttpPort}`;
}

function memberRow(member, newest) {
  const lag = newest - member.lastCommitPosition;
  const role = member.isAlive ? ROLES[member.state] ?? member.state.toLowerCase() : "gone";
  return h("tr", { class: member.isAlive ? null : "off" }, h("td", { class: "name" }, address(member)),
    h("td", null, h("span", { class: `tag ${role === "master" ? "good" : member.isAlive ? "" : "warn"}` }, role)),
    h("td", { class: "right number" }, Number(member.lastCommitPosition).toLocaleString()),
    h("td", { class: "right number" }, lag > 0 ? lag.toLocaleString() : "0"));
}

async function scavenge() {
  if (!(await confirmed("Scavenge the store?", "What is hidden by $maxCount, $maxAge, $tb or deletion is removed from the disk. Appends go on meanwhile.", "Scavenge"))) return;
  try {
    await send("/admin/scavenge", { method: "POST" });
    notify("The agent scavenges in the background; its log says what it freed.");
  } catch (error) {
    notify(error.message, "fault");
  }
}

export async function nodeView({ main, signal }) {
  document.title = "Node · Rill";
  const facts = h("dl", { class: "facts" });
  const members = h("tbody");
  const rate = chart("Events written", "per second");
  const lag = chart("Lag of the last replica", "events");
  const lagBox = h("div", null, lag.element);
  fill(main, h("div", { class: "title" }, h("h1", null, "Node"),
    isIn("$admins") || isIn("$ops") ? h("button", { type: "button", onclick: scavenge }, "Scavenge…") : null),
  h("div", { class: "grid" },
    h("section", { class: "card" }, h("h2", null, "This node"), facts),
    h("section", { class: "card" }, h("h2", null, "Activity"), rate.element, lagBox)),
  h("section", { class: "card" }, h("h2", null, "Members"), h("div", { class: "scroll" }, h("table", null,
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Address"), h("th", { scope: "col" }, "Role"),
      h("th", { scope: "col", class: "right" }, "Position"), h("th", { scope: "col", class: "right" }, "Behind by"))), members))));

  let before = null;
  async function look() {
    const [info, gossip] = await Promise.all([json("/info"), json("/gossip")]);
    const list = gossip.members;
    const newest = Math.max(...list.map((m) => Number(m.lastCommitPosition)));
    const now = performance.now();
    fill(facts, [["State", info.state], ["Rill", info.rillVersion ?? "—"], ["Protocol", `Event Store ${info.esVersion}`], ["Address", location.host]]
      .map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
    fill(members, list.map((m) => memberRow(m, newest)));
    if (before !== null) rate.add(Math.max(0, ((newest - before.newest) * 1000) / (now - before.now)));
    const alive = list.filter((m) => m.isAlive);
    lagBox.hidden = list.length < 2;
    lag.add(newest - Math.min(...alive.map((m) => Number(m.lastCommitPosition))));
    before = { newest, now };
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

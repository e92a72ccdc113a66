// What operators have the node's agent do: scavenge, back up.

import { json, send } from "./api.js";
import { confirmed, fill, h, notify, when } from "./dom.js";
import { bytes } from "./size.js";

async function scavenge() {
  if (!(await confirmed("Scavenge the store?", "What is hidden by $maxCount, $maxAge, $tb or deletion is removed from the disk. Appends go on meanwhile.", "Scavenge"))) return;
  try {
    await send("/admin/scavenge", { method: "POST" });
    notify("The agent scavenges in the background; its log says what it freed.");
  } catch (error) {
    notify(error.message, "fault");
  }
}

function lastLine(last) {
  if (last === null) return "None yet.";
  const what = last.isIncrement ? "what was written since the one before" : "a full one";
  return last.error === null ? [when(last.endedAt), `, ${what}, ${bytes(last.bytes)}`]
    : [when(last.endedAt), ": ", h("span", { class: "fault" }, last.error)];
}

// The panel; look() brings it up to date and says whether a backup is made.
export function maintenance() {
  const folder = h("dd", { class: "mono" });
  const last = h("dd");
  const bar = h("progress", { "aria-label": "Backup", max: "1" });
  const said = h("span", { class: "dim" });
  const progress = h("p", { class: "progress", role: "status" }, bar, said);
  const buttons = [["Back up", ""], ["Back up in full", "?full=true"]].map(([name, query]) =>
    h("button", { type: "button", onclick: () => begin(query) }, name));
  const facts = h("dl", { class: "facts" }, h("dt", null, "Folder"), folder, h("dt", null, "Last backup"), last);
  const without = h("p", { class: "dim" }, "Set ", h("code", null, "backup_folder"), " in rill.json to make backups from here.");
  const element = h("section", { class: "card" }, h("h2", null, "Maintenance"),
    h("div", { class: "columns upkeep" },
      h("div", null, h("h3", null, "Backup"), without, facts, progress, h("div", { class: "actions" }, buttons)),
      h("div", null, h("h3", null, "Scavenging"), h("p", { class: "dim" }, "Removes from the disk what nobody can read any more."),
        h("div", { class: "actions" }, h("button", { type: "button", onclick: scavenge }, "Scavenge…")))));

  function show(state) {
    const { running } = state;
    without.hidden = state.folder !== null;
    facts.hidden = state.folder === null;
    fill(folder, state.folder ?? "");
    fill(last, lastLine(state.last));
    for (const button of buttons) {
      button.hidden = state.folder === null;
      button.setAttribute("aria-disabled", running !== null);
    }
    progress.hidden = running === null;
    if (running === null) return;
    if (running.bytesExpected === null) bar.removeAttribute("value");
    else bar.value = Math.min(1, running.bytes / running.bytesExpected);
    fill(said, `${bytes(running.bytes)} copied`);
  }

  async function begin(query) {
    if (!progress.hidden) return;
    try {
      show(await (await send(`/admin/backup${query}`, { method: "POST" })).json());
      while (!progress.hidden && element.isConnected) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        await look();
      }
    } catch (error) {
      notify(error.message, "fault");
    }
  }

  async function look() {
    show(await json("/admin/backup"));
  }

  return { element, look };
}

import { append, newId } from "./api.js";
import { field, fill, h, notify } from "./dom.js";
import { isJson } from "./json.js";

export function appendView({ main, args }) {
  document.title = "Append · Rill";
  const stream = h("input", { name: "stream", required: true, value: args[0] ?? "", autocomplete: "off", spellcheck: "false" });
  const type = h("input", { name: "type", required: true, placeholder: "order-placed", autocomplete: "off", spellcheck: "false" });
  const id = h("input", { name: "id", required: true, value: newId(), spellcheck: "false", class: "mono" });
  const expected = h("input", { name: "expected", inputmode: "numeric", pattern: "-[124]|\\d+", placeholder: "any" });
  const data = h("textarea", { name: "data", rows: 10, class: "mono", spellcheck: "false", value: "{\n  \n}" });
  const metadata = h("textarea", { name: "metadata", rows: 4, class: "mono", spellcheck: "false" });
  const fault = h("p", { class: "fault", role: "alert" });
  const form = h("form", { class: "card", onsubmit: submit },
    h("h1", null, "Append an event"),
    h("div", { class: "columns" }, field("Stream", stream), field("Event type", type),
      field("Event id", id, "An id is written once: to send the form again with the same one is harmless."),
      field("Expected version", expected, "The number of the newest event that you know; -1: the stream is new. Empty: any.")),
    field("Data (JSON)", data), field("Metadata (JSON, optional)", metadata), fault,
    h("div", { class: "actions" }, h("button", { class: "primary" }, "Append")));
  fill(main, form);
  (args[0] ? type : stream).setAttribute("autofocus", "");

  async function submit(event) {
    event.preventDefault();
    fill(fault);
    for (const [name, control, needed] of [["Data", data, true], ["Metadata", metadata, false]]) {
      if ((needed || control.value.trim() !== "") && !isJson(control.value)) {
        fill(fault, `${name} is not JSON.`);
        control.focus();
        return;
      }
    }
    try {
      const answer = await append(stream.value, { type: type.value, id: id.value, data: data.value, metadata: metadata.value, expected: expected.value });
      const number = answer.headers.get("Location").split("/").pop();
      notify(`Written: ${number}@${stream.value}`);
      location.hash = `#/streams/${encodeURIComponent(stream.value)}`;
    } catch (error) {
      fill(fault, error.message);
    }
  }
}

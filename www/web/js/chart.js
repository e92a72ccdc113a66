// A small line chart of the newest values; the newest stands on the right.

import { fill, h, svg } from "./dom.js";

const WIDTH = 240, HEIGHT = 56, MOST = 60;

export function chart(title, unit) {
  const values = [];
  const line = svg("polyline", { class: "line", fill: "none" });
  const area = svg("polygon", { class: "area" });
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, area, line);
  const now = h("strong", null, "—");
  const element = h("figure", { class: "chart" }, h("figcaption", null, title, " ", now, " ", h("span", { class: "dim" }, unit)), picture);

  function draw() {
    const top = Math.max(1, ...values);
    const points = values.map((v, i) => {
      const x = WIDTH - (values.length - 1 - i) * (WIDTH / (MOST - 1));
      return `${x.toFixed(1)},${(HEIGHT - 2 - (v / top) * (HEIGHT - 6)).toFixed(1)}`;
    });
    line.setAttribute("points", points.join(" "));
    const first = points[0]?.split(",")[0] ?? WIDTH;
    area.setAttribute("points", `${first},${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`);
    fill(now, values.length ? Math.round(values.at(-1)).toLocaleString() : "—");
  }

  return {
    element,
    add(value) {
      values.push(value);
      if (values.length > MOST) values.shift();
      draw();
    },
  };
}

// A small line chart of the newest values, and what the newest is in words.

import { fill, h, svg } from "./dom.js";

const WIDTH = 240, HEIGHT = 56, MOST = 60;

export function number(value) {
  return value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 });
}

// The line alone; draw() returns the greatest value on it.
export function sparkline() {
  const values = [];
  const line = svg("polyline", { class: "line", fill: "none" });
  const area = svg("polygon", { class: "area" });
  const element = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true", class: "spark" }, area, line);

  function draw() {
    const top = Math.max(...values);
    const points = values.map((v, i) => {
      const x = WIDTH - (values.length - 1 - i) * (WIDTH / (MOST - 1));
      return `${x.toFixed(1)},${(HEIGHT - 2 - (v / (top || 1)) * (HEIGHT - 6)).toFixed(1)}`;
    });
    line.setAttribute("points", points.join(" "));
    area.setAttribute("points", `${points[0].split(",")[0]},${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`);
    return top;
  }

  return {
    element,
    add(value) {
      values.push(value);
      if (values.length > MOST) values.shift();
      return draw();
    },
  };
}

export function chart(title, unit) {
  const spark = sparkline();
  const now = h("strong", null, "—");
  const most = h("span", { class: "dim most" });
  const element = h("figure", { class: "chart" },
    h("figcaption", null, h("span", null, title), h("span", { class: "now" }, now, " ", h("span", { class: "dim" }, unit)), most), spark.element);

  return {
    element,
    // null: nothing happened that could be measured; the line goes on.
    add(value) {
      const top = spark.add(value ?? 0);
      fill(now, value === null ? "—" : number(value));
      fill(most, top > 0 ? `at most ${number(top)}` : "");
    },
  };
}

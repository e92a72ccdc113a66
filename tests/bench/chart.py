"""Charts as SVG, readable on light and dark pages alike.

They bring their own ground, since a page may show the one where the browser
asks for the other.
"""

import html
import math
from statistics import median

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 760, 210, 70, 56, 30
BAR, GAP, GROUP_GAP = 14, 2, 14
LINES_HEIGHT = 320
LETTER = 6.5  # about as wide as one is
COLOURS = [("#1f6feb", "#58a6ff"), ("#8c959f", "#8b949e"),
           ("#bf5b04", "#f0883e"), ("#1a7f37", "#3fb950"),
           ("#8250df", "#bc8cff"), ("#bf3989", "#f778ba")]


def style():
    fills = "".join(f".c{i}{{fill:{light}}}" f".l{i}{{stroke:{light}}}"
                    for i, (light, _) in enumerate(COLOURS))
    dark = "".join(f".c{i}{{fill:{shade}}}" f".l{i}{{stroke:{shade}}}"
                   for i, (_, shade) in enumerate(COLOURS))
    return ("<style>text{fill:#1f2328}.ground{fill:#fff}"
            ".grid{stroke:#d1d9e0}.range{stroke:#1f2328}" + fills +
            "@media(prefers-color-scheme:dark){text{fill:#f0f6fc}"
            ".ground{fill:#0d1117}.grid{stroke:#3d444d}"
            ".range{stroke:#f0f6fc}" + dark + "}</style>")


def text(x, y, what, **more):
    attributes = "".join(f' {k.replace("_", "-")}="{v}"'
                         for k, v in more.items())
    return (f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{html.escape(what)}'
            "</text>")


def line(kind, points, **more):
    attributes = "".join(f' {k.replace("_", "-")}="{v}"'
                         for k, v in more.items())
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path class="{kind}" fill="none" d="M{path}"{attributes}/>'


def legend(names):
    parts, x = [], 10
    for i, name in enumerate(names):
        parts.append(f'<rect x="{x}" y="30" width="10" height="10" '
                     f'class="c{i}"/>')
        parts.append(text(x + 15, 39, name))
        x += 30 + LETTER * len(name)
    return parts


def steps(most, count=5):
    """Round values from 0 up to most or a little more."""
    size = 10 ** math.floor(math.log10(most / count))
    step = next(size * n for n in (1, 2, 2.5, 5, 10)
                if size * n * count >= most)
    return [step * n for n in range(math.ceil(most / step) + 1)]


def drawing(height, title, parts):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
        f'{height}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{html.escape(title)}</title>", style(),
        f'<rect width="{WIDTH}" height="{height}" rx="6" class="ground"/>',
        text(10, 20, title, font_weight="bold", font_size=14), *parts,
        "</svg>", ""])


def bar(y, i, samples, scale):
    right, value = scale(median(samples)), median(samples)
    low, high = scale(min(samples)), scale(max(samples))
    middle = y + BAR / 2
    return [f'<rect x="{LEFT}" y="{y}" width="{right - LEFT:.1f}" '
            f'height="{BAR}" class="c{i}"/>',
            line("range", [(low, middle), (high, middle)]),
            text(max(right, high) + 5, y + 11, f"{value:,.0f}",
                 font_size=11)]


def bars(title, names, groups, most):
    """groups: (label, {name: samples}); a line shows the samples' range.
    Charts that are to be compared have the same most."""
    marks = steps(most)

    def scale(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * value / marks[-1]

    y, parts = TOP, []
    for label, found in groups:
        used = [n for n in names if n in found]
        middle = y + (BAR + GAP) * len(used) / 2
        parts.append(text(LEFT - 10, middle + 3, label, text_anchor="end"))
        for name in used:
            parts += bar(y, names.index(name), found[name], scale)
            y += BAR + GAP
        y += GROUP_GAP
    grid = [line("grid", [(scale(v), TOP - 6), (scale(v), y - 6)])
            for v in marks]
    grid += [text(scale(v), y + 8, f"{v:,.0f}", text_anchor="middle",
                  font_size=11) for v in marks]
    return drawing(y + 20, title, [*legend(names), *grid, *parts])


def lines(title, names, ticks, series, target):
    """series: {name: one value for each tick}; target: a dashed line."""
    left, bottom = 50, LINES_HEIGHT - BOTTOM
    marks = steps(max(target, *(v for s in series.values() for v in s)) * 1.05)

    def x_of(n):
        return left + 40 + (WIDTH - left - 110) * n / max(1, len(ticks) - 1)

    def y_of(value):
        return bottom - (bottom - TOP) * value / marks[-1]

    parts = legend(names)
    for v in marks:
        parts += [line("grid", [(left, y_of(v)), (WIDTH - 20, y_of(v))]),
                  text(left - 8, y_of(v) + 4, f"{v:.2f}", text_anchor="end",
                       font_size=11)]
    parts += [text(x_of(n), bottom + 18, tick, text_anchor="middle")
              for n, tick in enumerate(ticks)]
    parts += [line("range", [(left, y_of(target)), (WIDTH - 20, y_of(target))],
                   stroke_dasharray="6 4"),
              text(left + 4, y_of(target) - 6, f"target {target}",
                   font_size=11)]
    for i, name in enumerate(names):
        points = [(x_of(n), y_of(v)) for n, v in enumerate(series[name])]
        parts.append(line(f"l{i}", points, stroke_width=2.5))
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="c{i}"/>'
                  for x, y in points]
    return drawing(LINES_HEIGHT, title, parts)

"""Bar charts as SVG, readable on light and dark pages."""

import html
from statistics import median

WIDTH, LEFT, RIGHT = 760, 230, 90
BAR, GAP, GROUP_GAP, TOP = 16, 3, 14, 46
COLOURS = ["#2f6fde", "#9aa4b2", "#d9822b", "#3d9970", "#b65fcf"]


def text(x, y, what, **more):
    attributes = "".join(f' {k.replace("_", "-")}="{v}"'
                         for k, v in more.items())
    return f'<text x="{x}" y="{y}"{attributes}>{html.escape(what)}</text>'


def legend(names):
    parts, x = [], 10
    for i, name in enumerate(names):
        parts.append(f'<rect x="{x}" y="28" width="10" height="10" '
                     f'fill="{COLOURS[i]}"/>')
        parts.append(text(x + 14, 37, name))
        x += 30 + 7 * len(name)
    return parts


def bar(y, colour, value, most, spread):
    width = (WIDTH - LEFT - RIGHT) * value / most
    low, high = (LEFT + (WIDTH - LEFT - RIGHT) * v / most for v in spread)
    middle = y + BAR / 2
    return [f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" '
            f'fill="{colour}"/>',
            f'<path d="M{low:.1f} {middle}H{high:.1f}" stroke="#444" '
            'stroke-width="1.5"/>',
            text(f"{max(LEFT + width, high) + 5:.1f}", y + 12,
                 f"{value:,.0f}")]


def bars(title, names, groups):
    """groups: (label, {name: samples}); a line shows the samples' range."""
    most = max(max(samples) for _, found in groups
               for samples in found.values())
    y, parts = TOP, [text(10, 18, title, font_weight="bold"), *legend(names)]
    for label, found in groups:
        parts.append(text(10, y + 12, label))
        for i, name in enumerate(names):
            if name in found:
                samples = found[name]
                parts += bar(y, COLOURS[i], median(samples), most,
                             (min(samples), max(samples)))
                y += BAR + GAP
        y += GROUP_GAP
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" '
        'font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>', *parts,
        "</svg>", ""])

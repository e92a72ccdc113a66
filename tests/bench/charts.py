"""Which charts there are of the results."""

from chart import bars, lines
from parts import growth

TITLES = {"reads": "Reads a second",
          "appends": "Durable appends, events a second",
          "fronts": "Requests a second behind other web servers"}


def write(parts, out):
    """Those that there is something for; their titles by file name."""
    drawn = {}
    found = {name: [(row.label, row.samples) for row in parts[name].rows]
             for name in TITLES if name in parts}
    # They show the same thing, so all have the same scale.
    most = max((value for groups in found.values() for _, samples in groups
                for each in samples.values() for value in each), default=0)
    for name, groups in found.items():
        names = list(dict.fromkeys(n for _, s in groups for n in s))
        (out / f"{name}.svg").write_text(
            bars(TITLES[name], names, groups, most))
        drawn[f"{name}.svg"] = TITLES[name]
    if "growth" in parts:
        title = "Cost as the store grows, beside that " + growth.WITH_FEW
        (out / "growth.svg").write_text(growth_chart(title, parts["growth"]))
        drawn["growth.svg"] = title
    return drawn


def growth_chart(title, part):
    """Of the rows that use all streams, and of those that use few."""
    rows = {}
    for row in part.rows:
        if "pages/s" in row.samples:
            rows.setdefault(row.label.partition(",")[0], []).append(row)
    ticks = [f"{growth.power_of_ten(growth.SMALLEST)} events", *rows]
    series = {}
    for n, which in ((-1, "all"), (0, f"{growth.FEW_STREAMS:,}")):
        costs = [growth.costs(found[n]) for found in rows.values()]
        for what, values in zip(("append", "page"), zip(*costs)):
            series[f"{what}, {which} streams"] = [1, *values]
    return lines(title, list(series), ticks, series, growth.MOST)

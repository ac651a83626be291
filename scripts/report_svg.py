# SPDX-License-Identifier: GPL-2.0
"""report_svg.py - latency.svg: histograms of base and patched on one log scale, the curve over lazy areas, and one drain"""

import math

# Okabe and Ito's palette: told apart with any colour vision; the dashes serve print in black and white.
STYLE = {"base": ("#d55e00", ""), "patched": ("#0072b2", ""), "idle": ("#777777", "4 3")}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 470, 300, 62, 14, 34, 46


class Panel:
    """One plot with two logarithmic axes; x may be linear, from 0."""

    def __init__(self, column, row, title, x_label, y_label, x_range, y_range, linear=False):
        self.title, self.linear = title, linear
        self.view = f"{column * WIDTH} {70 + row * HEIGHT} {WIDTH} {HEIGHT}"
        self.x0, self.y0 = column * WIDTH + LEFT, 70 + row * HEIGHT + TOP
        self.width, self.height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        self.x_range, self.y_range = x_range, y_range
        self.out = []
        self.text(self.x0, self.y0 - 12, title, weight="bold")
        self.text(self.x0 + self.width / 2, self.y0 + self.height + 36, x_label, anchor="middle")
        middle = self.y0 + self.height / 2
        self.out.append(f'<text transform="translate({self.x0 - 46:.1f} {middle:.1f}) rotate(-90)" '
                        f'text-anchor="middle">{y_label}</text>')
        self.axes()

    def x(self, value):
        low, high = self.x_range
        if self.linear:
            return self.x0 + self.width * min(max(value, low), high) / high
        return self.x0 + self.width * (math.log10(value / low) / math.log10(high / low))

    def y(self, value):
        low, high = self.y_range
        return self.y0 + self.height * (1 - math.log10(value / low) / math.log10(high / low))

    def text(self, x, y, words, anchor="start", weight="normal", colour="#222"):
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
                        f'fill="{colour}">{words}</text>')

    def axes(self):
        axes = [(*self.x_range, self.x, True), (*self.y_range, self.y, False)]
        if self.linear:
            del axes[0]
            step = 10 ** math.floor(math.log10(self.x_range[1]))
            for tick in range(0, math.floor(self.x_range[1] / step) + 1):
                at = self.x(tick * step)
                self.line(at, self.y0, at, self.y0 + self.height)
                self.text(at, self.y0 + self.height + 16, f"{tick * step:g}", anchor="middle")
        for low, high, place, vertical in axes:
            for exponent in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1):
                at, label = place(10 ** exponent), f"{10 ** exponent:g}" if exponent < 6 else f"1e{exponent}"
                if vertical:
                    self.line(at, self.y0, at, self.y0 + self.height)
                    self.text(at, self.y0 + self.height + 16, label, anchor="middle")
                else:
                    self.line(self.x0, at, self.x0 + self.width, at)
                    self.text(self.x0 - 6, at + 4, label, anchor="end")

    def line(self, x1, y1, x2, y2, colour="#ddd"):
        self.out.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>')

    def path(self, points, kind):
        self.polyline(points, *STYLE[kind])

    def polyline(self, points, colour, dash=""):
        steps = " ".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
        self.out.append(f'<path d="{steps}" fill="none" stroke="{colour}" stroke-width="1.8" '
                        f'stroke-dasharray="{dash}"/>')

    def dot(self, x, y, kind):
        shape = (f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"' if kind == "base"
                 else f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"')
        self.out.append(f'{shape} fill="{STYLE[kind][0]}"/>')


def binned(histogram, per_decade=12):
    """(from, to, samples): single microseconds below 10, above that bins of equal width on a log scale."""
    bins = {}
    for latency, count in histogram.items():
        us = max(int(latency), 1)
        if us < 10:
            edges = (us, us + 1)
        else:
            number = math.floor(math.log10(us) * per_decade + 1e-9)
            edges = (10 ** (number / per_decade), 10 ** ((number + 1) / per_decade))
        bins[edges] = bins.get(edges, 0) + count
    return [(*edges, bins[edges]) for edges in sorted(bins)]


def histogram(panel, run, kind, row):
    floor = panel.y(panel.y_range[0])
    points, last = [], None
    for low, high, count in binned(run["histogram"]):
        if last is None or low > last * 1.0001:
            if last is not None:
                points.append((panel.x(last), floor))
            points.append((panel.x(low), floor))
        points += [(panel.x(low), panel.y(count)), (panel.x(high), panel.y(count))]
        last = high
    points.append((panel.x(last), floor))
    panel.path(points, kind)
    panel.dot(panel.x(max(run["max_us"], 1)), floor, kind)
    panel.text(panel.x0 + panel.width - 6, panel.y0 + 16 + 15 * row, f"{kind}: max {run['max_us']} us",
               anchor="end", weight="bold", colour=STYLE[kind][0])


def ceiling(value):
    return 10 ** math.ceil(math.log10(max(value, 10)) + 1e-9)


def curve(column, row, title, points, highest):
    """The longest latency of both kernels by the number of lazily freed areas."""
    panel = Panel(column, row, title, "lazily freed areas when the drain starts", "longest latency, microseconds",
                  (500, 300000), (1, highest))
    lines = {kind: [(panel.x(p["lazy_areas"]), panel.y(max(p["max_us"], 1))) for p in points if p["variant"] == kind]
             for kind in ("base", "patched")}
    top = min((places[-1][1] for places in lines.values() if places), default=0)
    for kind, places in lines.items():
        if places:
            panel.path(places, kind)
            for x, y in places:
                panel.dot(x, y, kind)
            # Above its line, but not where that runs into the other's close by.
            close = 0 < places[-1][1] - top < 30
            panel.text(places[-1][0], places[-1][1] + (22 if close else -10), kind, anchor="end", weight="bold",
                       colour=STYLE[kind][0])
    return panel


def drain(column, row, title, pair, highest):
    """One drain of both kernels: each section with preemption off as wide and as high as it is long."""
    panel = Panel(column, row, title, "microseconds of work", "preemption off, microseconds",
                  (0, pair[0]["width_us"]), (1, highest), linear=True)
    floor = panel.y(1)
    for place, one in enumerate(pair):
        colour = STYLE[one["variant"]][0]
        for begin, length in one["sections_us"]:
            left, top = panel.x(begin), panel.y(max(length, 1))
            panel.out.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(panel.x(begin + length) - left, .6):.1f}" '
                             f'height="{floor - top:.1f}" fill="{colour}" fill-opacity="{1 if place else .35}"/>')
        panel.text(panel.x0 + panel.width - 6, panel.y0 + 16 + 15 * place,
                   f"{one['variant']}: longest {max(length for _, length in one['sections_us']):.1f} us", anchor="end",
                   weight="bold", colour=colour)
    return panel


def document(title, subtitle, rows, panels):
    """The whole file: two panels a row."""
    width, height = 2 * WIDTH, 70 + rows * HEIGHT
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{title}</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="30" font-size="17" font-weight="bold" fill="#222">{title}</text>',
        f'<text x="{LEFT}" y="50" fill="#222">{subtitle}</text>',
        *(part for panel in panels for part in panel.out), "</svg>"]) + "\n"


def panels(report):
    runs = {(run["workload"], run["nodes"], run["variant"]): run for run in report["runs"] if "histogram" in run}
    x_max = ceiling(max([run["max_us"] for run in runs.values()] or [10]))
    y_max = ceiling(max([max(run["histogram"].values()) for run in runs.values()] or [10]))
    found = []
    for row, workload in enumerate(("fragment", "vmallocinfo")):
        for column, nodes in enumerate((1, 8)):
            if (workload, nodes, "base") not in runs:
                continue
            panel = Panel(column, row, f"{workload}, {nodes} vmap node{'s' if nodes > 1 else ''}",
                          "wake-up latency, microseconds", "samples", (1, x_max), (0.7, y_max * 2))
            for place, kind in enumerate(("base", "patched", "idle")):
                run = runs.get(("idle", nodes, "patched") if kind == "idle" else (workload, nodes, kind))
                if run:
                    histogram(panel, run, kind, place)
            found.append(panel)
    if report["curve"]:
        highest = ceiling(max(point["max_us"] for point in report["curve"]))
        found += [curve(column, 2, f"by backlog, {nodes} vmap node{'s' if nodes > 1 else ''}",
                         [p for p in report["curve"] if p["nodes"] == nodes], highest)
                   for column, nodes in enumerate((1, 8))]
    for column, nodes in enumerate((1, 8)):
        pair = [one for one in report["drains"] if one["nodes"] == nodes]
        if pair:
            # Room above for the two lines of text.
            highest = ceiling(4 * max(length for one in pair for _, length in one["sections_us"]))
            found.append(drain(column, 3, f"one drain of vmalloc, {nodes} vmap node{'s' if nodes > 1 else ''}", pair, highest))
    return found


def render(report, drawn):
    return document(f"Linux {report['kernel']}, {report['arch']}, PREEMPT={report['preempt']}: cyclictest, base and patched",
                    f"{report['qemu']['version']}; virtual time, 1 instruction = 1 ns; the dot marks "
                    "the maximum", 4, drawn)

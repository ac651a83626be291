# SPDX-License-Identifier: GPL-2.0
"""report_html.py - a report as one page that needs nothing but itself, for screen and paper"""

from html import escape

from report_text import Table

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; font: 15px/1.45 sans-serif; color: #222; background: #fff; }
h1 { font-size: 1.35rem; margin: 0 0 .8rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.8rem 0 .5rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 29rem), 1fr)); gap: .5rem; }
.plots svg { width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem; text-align: right; white-space: nowrap; }
th.name, td.name { text-align: left; }
thead th { border-bottom: 2px solid #222; }
tbody tr:nth-child(even) { background: #f3f3f3; }
.bad td { font-weight: bold; }
p.line { margin: .15rem 0; overflow-wrap: anywhere; }
p.line.bad { font-weight: bold; }
@media (max-width: 40rem) { body { padding: .6rem; } th, td { padding: .15rem .35rem; } }
@media print {
	body { max-width: none; padding: 0; font-size: 9pt; }
	table { font-size: 7pt; }
	th, td { padding: .05rem .25rem; white-space: normal; }
	td.name { overflow-wrap: anywhere; }
	.wide { overflow: visible; }
	.plots { grid-template-columns: 1fr 1fr; }
	svg, tr, h2 { break-inside: avoid; }
	h2 { break-after: avoid; }
}
"""


def element(tag, content, kind=""):
    return f'<{tag} class="{kind}">{content}</{tag}>' if kind else f"<{tag}>{content}</{tag}>"


def cells(row, left, tag):
    return "".join(element(tag, "-" if cell is None else escape(str(cell).strip()), "name" if number < left else "")
                   for number, cell in enumerate(row))


def table(body):
    heading, *rows = body.rows
    lines = [element("tr", cells(row, body.left, "td"), "bad" if "BROKEN" in row else "") for row in rows]
    return '<div class="wide" tabindex="0">' + element("table", "\n".join([
        element("thead", element("tr", cells(heading, body.left, "th"))), "<tbody>", *lines, "</tbody>"])) + "</div>"


def plot(panel):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{panel.view}" role="img" aria-label="{escape(panel.title)}" '
            f'font-family="sans-serif" font-size="12">{"".join(panel.out)}</svg>')


def page(title, parts, panels):
    """The whole page. parts as report_text.words() takes them, panels as report_svg has them."""
    out = []
    for name, body in parts:
        if not body:
            continue
        if name:
            out.append(f"<h2>{escape(name)}</h2>")
        if isinstance(body, Table):
            out.append(table(body))
        else:
            out += [element("p", escape(str(line)), "line" if name else "line bad") for line in body]
        if panels:
            out.append(f'<div class="plots">{"".join(plot(panel) for panel in panels)}</div>')
            panels = []
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en" xmlns="http://www.w3.org/1999/xhtml"><head><meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        f"<title>{escape(title)}</title>", f"<style>{STYLE}</style></head>", f"<body><h1>{escape(title)}</h1>", *out,
        "</body></html>"]) + "\n"

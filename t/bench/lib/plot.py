# SPDX-License-Identifier: Apache-2.0
"""The plot: instructions a request against the number of rules, both on log scales, as SVG
written by hand so that nothing has to be installed for it."""
import math

WIDTH = 980
LEFT, TOP = 74, 64
INK, FAINT, PAPER = "#1c2733", "#dde3e9", "#ffffff"

# key: colour, dash, marker. Colours that differ in lightness too.
STYLES = {
    "ours": ("#c1121f", "", "circle"), "ours-map": ("#c1121f", "7 4", "square"),
    "ours-image": ("#f0737b", "2 4", "diamond"),
    "alias": ("#1d4ed8", "", "circle"), "aliasmatch": ("#1d4ed8", "7 4", "square"),
    "rewrite": ("#6d28d9", "", "square"), "rewritemap": ("#6d28d9", "7 4", "diamond"),
    "rewritedbm": ("#a78bfa", "2 4", "circle"),
    "nginx": ("#15803d", "", "diamond"), "haproxy": ("#d97706", "", "square"),
    "lighttpd": ("#0891b2", "", "circle"),
}
WORDS = {
    "ours": "ours: lines", "ours-map": "ours: map", "ours-image": "ours: compiled map",
    "alias": "mod_alias", "aliasmatch": "RedirectMatch lines", "rewrite": "RewriteRule",
    "rewritemap": "RewriteMap txt", "rewritedbm": "RewriteMap dbm", "nginx": "nginx",
    "haproxy": "HAProxy", "lighttpd": "lighttpd",
}
PANELS = (
    ("Addresses: hits on random rules", "literal", "random", "last"),
    ("Regexes with a literal part: the last hits", "regex", "last", "last"),
    ("Regexes without literals: the last hits", "bare", "last", "last"),
    (".htaccess: a miss", "htaccess", "miss", "miss"),
)


def text(x, y, words, size=13, anchor="start", extra=""):
    return '<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s" %s>%s</text>' % (
        x, y, size, anchor, extra, words.replace("&", "&amp;").replace("<", "&lt;"))


def mark(shape, x, y, colour):
    if shape == "circle":
        return '<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>' % (x, y, colour)
    turn = ' transform="rotate(45 %.1f %.1f)"' % (x, y) if shape == "diamond" else ""
    return '<rect x="%.1f" y="%.1f" width="7" height="7" fill="%s"%s/>' % (x - 3.5, y - 3.5, colour, turn)


def short(value):
    for unit, size in (("M", 1000000), ("k", 1000)):
        if value >= size:
            return "%g %s" % (value / size, unit)
    return "%g" % value


def lines_of(results, kind, request, alone):
    """(key, points): random hits begin with the only hit there is of one rule."""
    for key in STYLES:
        points = {n: results.get("ir", key, kind, n, request)
                  for n in results.sizes("ir", key, kind, request) if n > 0}
        if request != alone and results.get("ir", key, kind, 1, alone):
            points[1] = results.get("ir", key, kind, 1, alone)
        if points:
            yield key, sorted(points.items())


class Panel:
    """One set of axes."""

    def __init__(self, x, y, width, height, lines):
        self.x, self.y, self.width, self.height, self.lines = x, y, width, height, lines
        values = [value for _, points in lines for _, value in points]
        self.low = math.floor(math.log10(min(values)))
        self.high = math.ceil(math.log10(max(values)))
        self.right = max(1, math.ceil(math.log10(max(n for _, points in lines for n, _ in points))))

    def across(self, n):
        return self.x + math.log10(n) / self.right * self.width

    def up(self, value):
        return self.y + self.height - (math.log10(value) - self.low) / (self.high - self.low) * self.height

    def draw(self, title, what):
        out = [text(self.x, self.y - 14, title, 15, extra='font-weight="600"')]
        for exponent in range(self.low, self.high + 1):
            y = self.up(10 ** exponent)
            out.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>'
                       % (self.x, y, self.x + self.width, y, FAINT))
            out.append(text(self.x - 8, y + 4, short(10 ** exponent), 12, "end"))
        for exponent in range(0, self.right + 1):
            x = self.across(10 ** exponent)
            out.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>'
                       % (x, self.y, x, self.y + self.height, FAINT))
            out.append(text(x, self.y + self.height + 18, short(10 ** exponent), 12, "middle"))
        out.append(text(self.x + self.width / 2, self.y + self.height + 38, what, 12, "middle"))
        # ours last, so that it lies above the others
        for key, points in sorted(self.lines, key=lambda line: line[0].startswith("ours")):
            colour, dash, shape = STYLES[key]
            path = " ".join("%.1f,%.1f" % (self.across(n), self.up(value)) for n, value in points)
            out.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="%s"%s/>' % (
                path, colour, "3" if key.startswith("ours") else "1.8",
                ' stroke-dasharray="%s"' % dash if dash else ""))
            out += [mark(shape, self.across(n), self.up(value), colour) for n, value in points]
        return out


def legend(keys, x, y, width):
    """In columns below the panels."""
    out, columns = [], 4
    for place, key in enumerate(keys):
        colour, dash, shape = STYLES[key]
        left, top = x + place % columns * width / columns, y + place // columns * 24
        out.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="2.4"%s/>' % (
            left, top, left + 36, top, colour, ' stroke-dasharray="%s"' % dash if dash else ""))
        out.append(mark(shape, left + 18, top, colour))
        out.append(text(left + 44, top + 4, WORDS[key]))
    return out


def page(results):
    panels = [(title, kind, list(lines_of(results, kind, request, alone)))
              for title, kind, request, alone in PANELS]
    panels = [panel for panel in panels if panel[2]]
    used = [key for key in STYLES if any(key == line[0] for panel in panels for line in panel[2])]
    rows = (len(panels) + 1) // 2
    high = 300
    height = TOP + rows * (high + 92) + (len(used) + 3) // 4 * 24 + 12
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" '
           'font-family="system-ui, sans-serif" fill="%s">' % (WIDTH, height, WIDTH, height, INK),
           "<!-- SPDX-License-Identifier: Apache-2.0 -->",
           '<rect width="%d" height="%d" fill="%s"/>' % (WIDTH, height, PAPER),
           text(LEFT - 50, 28, "Instructions a request, by the number of rules (log scales; lower is better)", 17,
                extra='font-weight="600"')]
    width = (WIDTH - 2 * LEFT - 34) / 2
    for place, (title, kind, lines) in enumerate(panels):
        panel = Panel(LEFT + place % 2 * (width + LEFT), TOP + 20 + place // 2 * (high + 92), width, high, lines)
        out += panel.draw(title, "lines" if kind == "htaccess" else "rules")
    out += legend(used, LEFT - 40, TOP + rows * (high + 92) + 4, WIDTH - LEFT)
    return "\n".join(out + ["</svg>"]) + "\n"

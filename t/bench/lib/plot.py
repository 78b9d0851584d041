# SPDX-License-Identifier: Apache-2.0
"""The plot: instructions a request against the number of rules, both on log scales, as SVG
written by hand so that nothing has to be installed for it. The whole picture fits on one screen,
each line is named at its end, and a dark page gets light lines."""
import math

WIDTH, HEIGHT = 1100, 700
NAMES = 150                             # room at the right of a panel, for the lines' names
SIZE, APART = 12, 14                    # of a name, and from one to the next
# Colours by part of the picture or by server, on a light and on a dark page.
COLOURS = {
    "ink": ("#1c2733", "#e6edf3"), "faint": ("#dde3e9", "#313a45"), "paper": ("#ffffff", "#0d1117"),
    "ours": ("#c1121f", "#ff7b72"), "ours-map": ("#c1121f", "#ff7b72"),
    "alias": ("#1d4ed8", "#79b8ff"), "aliasmatch": ("#1d4ed8", "#79b8ff"),
    "rewrite": ("#6d28d9", "#c4a7ff"), "rewritemap": ("#6d28d9", "#c4a7ff"), "rewritedbm": ("#8a63d2", "#b392f0"),
    "nginx": ("#15803d", "#56d364"), "haproxy": ("#b45309", "#f0a94b"), "lighttpd": ("#0e7490", "#4fd1e0"),
}
# server: its name, dash, marker
STYLES = {
    "ours": ("ours: lines", "", "circle"), "ours-map": ("ours: map", "7 4", "square"),
    "alias": ("mod_alias", "", "circle"), "aliasmatch": ("RedirectMatch lines", "7 4", "square"),
    "rewrite": ("RewriteRule", "", "square"), "rewritemap": ("RewriteMap txt", "7 4", "diamond"),
    "rewritedbm": ("RewriteMap dbm", "2 4", "circle"), "nginx": ("nginx: map", "", "diamond"),
    "haproxy": ("HAProxy: map", "", "square"), "lighttpd": ("lighttpd", "", "circle"),
}
# title, part, kind of rules, request; and the request that stands for it where there is one rule
PANELS = (
    ("Addresses: hits on random rules", "ir", "literal", "random", "last"),
    ("Regexes with a literal part: hits on the last", "ir", "regex", "last", "last"),
    ("Regexes without a literal part: hits on the last", "ir", "bare", "last", "last"),
    (".htaccess: a miss", "htaccess", "htaccess", "miss", "miss"),
)


def style():
    def colours(which):
        return " ".join(".%s{color:%s}" % (name, pair[which]) for name, pair in COLOURS.items())
    return ("<style>text,circle,rect{fill:currentColor} line,polyline{stroke:currentColor;fill:none} "
            ".name{paint-order:stroke;stroke-width:3px;stroke-linejoin:round;stroke:%s} %s "
            "@media (prefers-color-scheme:dark){.name{stroke:%s} %s} @media print{.name{stroke:%s} %s}</style>"
            % (COLOURS["paper"][0], colours(0), COLOURS["paper"][1], colours(1), COLOURS["paper"][0], colours(0)))


def text(x, y, words, size=SIZE, anchor="start", what="ink", extra=""):
    return '<text class="%s" x="%.1f" y="%.1f" font-size="%d" text-anchor="%s"%s>%s</text>' % (
        what, x, y, size, anchor, extra, words.replace("&", "&amp;").replace("<", "&lt;"))


def line(x1, y1, x2, y2, what, extra=""):
    return '<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"%s/>' % (what, x1, y1, x2, y2, extra)


def mark(shape, x, y, what):
    if shape == "circle":
        return '<circle class="%s" cx="%.1f" cy="%.1f" r="3.5"/>' % (what, x, y)
    turn = ' transform="rotate(45 %.1f %.1f)"' % (x, y) if shape == "diamond" else ""
    return '<rect class="%s" x="%.1f" y="%.1f" width="6" height="6"%s/>' % (what, x - 3, y - 3, turn)


def short(value):
    for unit, size in (("M", 1000000), ("k", 1000)):
        if value >= size:
            return "%g %s" % (value / size, unit)
    return "%g" % value


def lines_of(results, part, kind, request, alone):
    """(key, points): random hits begin with the only hit there is of one rule."""
    for key in STYLES:
        points = {n: results.get(part, key, kind, n, request)
                  for n in results.sizes(part, key, kind, request) if n > 0}
        if request != alone and results.get(part, key, kind, 1, alone):
            points[1] = results.get(part, key, kind, 1, alone)
        if points:
            yield key, sorted(points.items())


def spread(wanted, low, high):
    """Heights at least APART from each other and as near to the wanted ones as that lets them."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = []
    for i in order:
        placed.append(max(wanted[i], placed[-1] + APART if placed else low))
    for k in range(len(placed) - 1, -1, -1):    # what ran out below goes up again
        placed[k] = min(placed[k], high if k == len(placed) - 1 else placed[k + 1] - APART)
    return {i: y for i, y in zip(order, placed)}


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

    def axes(self, title, what):
        out = [text(self.x, self.y - 11, title, 14, extra=' font-weight="600"')]
        for exponent in range(self.low, self.high + 1):
            y = self.up(10 ** exponent)
            out.append(line(self.x, y, self.x + self.width, y, "faint"))
            out.append(text(self.x - 8, y + 4, short(10 ** exponent), SIZE, "end"))
        for exponent in range(0, self.right + 1):
            x = self.across(10 ** exponent)
            out.append(line(x, self.y, x, self.y + self.height, "faint"))
            out.append(text(x, self.y + self.height + 16, short(10 ** exponent), SIZE, "middle"))
        return out + [text(self.x + self.width / 2, self.y + self.height + 32, what, SIZE, "middle")]

    def crossed(self, x1, x2, y):
        """How many points of lines would lie under a name."""
        count = 0
        for _, points in self.lines:
            spots = [(self.across(n), self.up(value)) for n, value in points]
            for (ax, ay), (bx, by) in zip(spots, spots[1:]):
                for part in range(41):
                    at = ax + (bx - ax) * part / 40, ay + (by - ay) * part / 40
                    count += x1 < at[0] < x2 and abs(at[1] - y) < SIZE / 2
        return count

    def names(self):
        """Beside the last points: at the left where fewer lines are; at the right those that end at
        the same number together, with a stroke to where each had to be moved."""
        ends, out = {}, []
        for key, points in self.lines:
            x, y = self.across(points[-1][0]), self.up(points[-1][1])
            long = 0.6 * SIZE * len(STYLES[key][0])
            if self.crossed(x - 7 - long, x - 7, y) < self.crossed(x + 7, x + 21 + long, y):
                out.append(text(x - 7, y + 4, STYLES[key][0], SIZE, "end", "name " + key))
            else:
                ends.setdefault(x, []).append((key, y))
        for x, group in ends.items():
            heights = spread([y for _, y in group], self.y + 4, self.y + self.height)
            for i, (key, y) in enumerate(group):
                out.append(line(x + 5, y, x + 18, heights[i], key, ' stroke-width="0.8"'))
                out.append(text(x + 21, heights[i] + 4, STYLES[key][0], what="name " + key))
        return out

    def draw(self, title, what):
        out = self.axes(title, what)
        # ours last, so that it lies above the others
        for key, points in sorted(self.lines, key=lambda one: one[0].startswith("ours")):
            _, dash, shape = STYLES[key]
            out.append('<polyline class="%s" points="%s" stroke-width="%s"%s/>' % (
                key, " ".join("%.1f,%.1f" % (self.across(n), self.up(value)) for n, value in points),
                "2.8" if key.startswith("ours") else "1.6", ' stroke-dasharray="%s"' % dash if dash else ""))
            out += [mark(shape, self.across(n), self.up(value), key) for n, value in points]
        return out + self.names()


def page(results):
    panels = [(title, kind, list(lines_of(results, part, kind, request, alone)))
              for title, part, kind, request, alone in PANELS]
    panels = [panel for panel in panels if panel[2]]
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" '
           'font-family="system-ui, sans-serif">' % (WIDTH, HEIGHT, WIDTH, HEIGHT),
           "<!-- SPDX-License-Identifier: Apache-2.0 -->",
           "<title>Instructions a request, by the number of rules</title>", style(),
           '<rect class="paper" width="%d" height="%d"/>' % (WIDTH, HEIGHT),
           text(16, 26, "Instructions a request, by the number of rules (log scales; lower is better)", 16,
                extra=' font-weight="600"')]
    across, down = WIDTH / 2, (HEIGHT - 40) / 2
    for place, (title, kind, lines) in enumerate(panels):
        panel = Panel(56 + place % 2 * across, 72 + place // 2 * down, across - 56 - NAMES, down - 80, lines)
        out += panel.draw(title, "lines" if kind == "htaccess" else "rules")
    return "\n".join(out + ["</svg>"]) + "\n"

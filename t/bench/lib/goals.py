# SPDX-License-Identifier: Apache-2.0
"""The goals, and whether they are reached. A goal whose figure is not there is missed: what
cannot be shown is not so."""


class Verdict:
    """One figure beside the most it may be."""

    def __init__(self, goal, what, value, most, unit="", places=0):
        self.goal, self.what, self.value, self.most = goal, what, value, most
        self.unit, self.places = unit, places
        self.met = value is not None and most is not None and value <= most

    def shown(self, value):
        if value is None:
            return "not measured"
        text = "{:,.{}f}".format(value, self.places).replace(",", " ")
        return text + (" " + self.unit if self.unit else "")

    def by(self):
        """How far a missed goal is off, in words."""
        if self.met or self.value is None or not self.most:
            return ""
        return "%+.1f %%" % ((self.value / self.most - 1) * 100)

    def text(self):
        off = self.by()
        return "%s, %s: %s of at most %s%s" % (
            self.goal, self.what, self.shown(self.value), self.shown(self.most), off and ", " + off)


def times(value, factor):
    return None if value is None else value * factor


def minus(value, other):
    return None if value is None or other is None else value - other


def judge(results, parts, most):
    """Of the goals of these parts; one without a figure is missed."""
    verdicts = []
    for part, function in (("rules", many_literals), ("floor", one_answer), ("rules", many_regexes),
                           ("htaccess", htaccess), ("cpu", run_time), ("start", start),
                           ("reload", reload)):
        if part in parts:
            function(results, most, verdicts)
    return sorted(verdicts, key=lambda verdict: verdict.goal)


def many_literals(results, most, verdicts):
    for peer, what in (("ours", "lines"), ("ours-map", "map"), ("ours-image", "compiled map")):
        get = lambda n, request: results.get("ir", peer, "literal", n, request)
        for request, name in (("first", "a hit on the first"), ("last", "a hit on the last"),
                              ("random", "random hits"), ("miss", "a miss")):
            one = get(1, "miss" if request == "miss" else "last")
            verdicts.append(Verdict("C1", "%s, %s of %d within 1 %% of one rule" % (what, name, most),
                                    get(most, request), times(one, 1.01), "Ir"))


def run_time(results, most, verdicts):
    for peer, what in (("ours", "lines"), ("ours-map", "map")):
        get = lambda n: results.get("pair", peer, "literal", n, "random")
        verdicts.append(Verdict("C1", "%s, run time with random keys of %d within 5 %% of one rule" % (what, most),
                                get(most), times(get(1), 1.05), "us", 1))


def one_answer(results, most, verdicts):
    values = {row["peer"]: row["value"] for row in results.rows if row["part"] == "floor"}
    get = values.get
    verdicts.append(Verdict("C2", "a hit at server level", get("ours-hit"), 21500, "Ir"))
    verdicts.append(Verdict("C2", "a hit in a directory", get("ours-dir"), 27500, "Ir"))
    verdicts.append(Verdict("C2", "what a miss costs with no rule loaded",
                            minus(get("loaded"), get("none")), 150, "Ir"))
    verdicts.append(Verdict("C2", "what a miss costs with one rule",
                            minus(get("ours-miss"), get("none")), 400, "Ir"))
    for peer, what in (("ours", "lines"), ("ours-map", "map")):
        for n in results.sizes("ir", peer, "literal", "miss"):
            verdicts.append(Verdict("C2", "what a miss costs with %d rules, %s" % (n, what), minus(
                results.get("ir", peer, "literal", n, "miss"), get("none")), 400, "Ir"))


def many_regexes(results, most, verdicts):
    for peer, what in (("ours", "lines"), ("ours-map", "map")):
        get = lambda kind, n, request: results.get("ir", peer, kind, n, request)
        for request in ("first", "last", "random", "miss"):
            one = get("regex", 1, "miss" if request == "miss" else "last")
            verdicts.append(Verdict("C3", "%s, 1000 regexes with literals, %s, 1.1 x one regex" % (what, request),
                                    get("regex", 1000, request), times(one, 1.1), "Ir"))
            verdicts.append(Verdict("C3", "%s, 1000 regexes with literals, %s" % (what, request),
                                    get("regex", 1000, request), 30000, "Ir"))
            one = get("bare", 1, "miss" if request == "miss" else "last")
            verdicts.append(Verdict("C3", "%s, 1000 regexes without literals, %s, 2 x one regex" % (what, request),
                                    get("bare", 1000, request), times(one, 2), "Ir"))


def htaccess(results, most, verdicts):
    n = min(most, 10000)
    get = lambda kind, size, request: results.get("ir", "ours", kind, size, request)
    verdicts.append(Verdict("C4", ".htaccess with %d rules, a miss, 1.07 x one comment" % n,
                            get("htaccess", n, "miss"), times(get("htaccess", 0, "miss"), 1.07), "Ir"))
    for request in ("first", "last"):
        verdicts.append(Verdict("C4", ".htaccess with %d rules, a hit on the %s" % (n, request),
                                get("htaccess", n, request), 36000, "Ir"))
    verdicts.append(Verdict("C4", "100 foreign lines and 100 rules, 1.02 x the foreign lines",
                            get("mixed", 100, "miss"), times(get("mixed", 0, "miss"), 1.02), "Ir"))


def start(results, most, verdicts):
    get = lambda peer, what: results.get("start", peer, "literal", most, what)
    for peer, what, seconds in (("ours", "lines", 1.0), ("ours-map", "map", 1.0),
                                ("ours-image", "compiled map", 0.05)):
        verdicts.append(Verdict("C5", "%d rules, %s: first answer" % (most, what),
                                get(peer, "first"), seconds, "s", 3))
        verdicts.append(Verdict("C5", "%d rules, %s: memory of all processes" % (most, what),
                                get(peer, "memory"), 100, "MiB"))
        # some pages move about in the allocators; a leak shows in megabytes
        verdicts.append(Verdict("C5", "%d rules, %s: growth by requests" % (most, what),
                                get(peer, "grown"), 1, "MiB", 2))


def reload(results, most, verdicts):
    rows = {}
    for row in results.rows:
        if row["part"] == "reload":
            rows.setdefault(row["peer"], {})[row["request"]] = row["value"]
    stock = rows.get("graceful restart, mod_alias")
    for key, what in (("graceful restart, a map", "a graceful restart with a map of %d" % most),
                      ("map swapped", "a map of %d swapped" % most), (".htaccess edited", "a .htaccess edited")):
        row = rows.get(key, {})
        verdicts.append(Verdict("C7", what + " under load: failed requests", row.get("failed"), 0))
        # at full load the scheduler alone makes some requests slow: that is said, not allowed for
        asides = ["without it: %d us" % row["quiet-slowest"]] if row else []
        if stock and key.startswith("graceful"):
            asides.append("a restart with one rule of mod_alias: %d us" % stock["slowest"])
        verdicts.append(Verdict("C7", what + " under load: slowest request, 2 x the median"
                                + (" (%s)" % "; ".join(asides) if asides else ""), row.get("slowest"),
                                2 * row["median"] if row else None, "us"))
    verdicts.append(Verdict("C7", "a thousand swaps: growth", rows.get("swaps", {}).get("grown"), 1, "MiB", 2))

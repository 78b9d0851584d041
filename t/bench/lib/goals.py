# SPDX-License-Identifier: Apache-2.0
"""The goals, and whether they are reached. A goal whose figure is not there is missed: what
cannot be shown is not so."""
import one

OURS = (("ours", "lines"), ("ours-map", "map"), ("ours-image", "compiled map"))
REQUESTS = ("first", "last", "random", "miss")


class Verdict:
    """One figure beside the most it may be. least: it is the least it may be."""

    def __init__(self, goal, what, value, most, unit="", places=0, least=False):
        self.goal, self.what, self.value, self.most = goal, what, value, most
        self.unit, self.places, self.least = unit, places, least
        known = value is not None and most is not None
        self.met = known and (value >= most if least else value <= most)

    def shown(self, value):
        if value is None:
            return "not measured"
        text = "{:,.{}f}".format(value, self.places).replace(",", " ")
        return text + (" " + self.unit if self.unit else "")

    def bound(self):
        return ("at least " if self.least else "") + self.shown(self.most)

    def by(self):
        """How far a missed goal is off, in words."""
        if self.met or self.value is None or not self.most:
            return ""
        return "%+.1f %%" % ((self.value / self.most - 1) * 100)

    def text(self):
        off = self.by()
        return "%s, %s: %s of %s %s%s" % (
            self.goal, self.what, self.shown(self.value), "at least" if self.least else "at most",
            self.shown(self.most), off and ", " + off)


def times(value, factor):
    return None if value is None else value * factor


def minus(value, other):
    return None if value is None or other is None else value - other


def over(value, other):
    return None if value is None or not other else value / other


def plus(value, more):
    return None if value is None else value + more


def dearest(values):
    """Of several, all of which must hold; None when one is not there."""
    values = list(values)
    return None if not values or None in values else max(values)


def thousands(n):
    return "{:,}".format(n).replace(",", " ")


def judge(results, parts, most):
    """Of the goals of these parts; one without a figure is missed."""
    verdicts = []
    for part, function in (("rules", many_literals), ("cpu", run_time), ("one", one_answer), ("rules", any_number),
                           ("rules", many_regexes), ("htaccess", htaccess),
                           ("change", htaccess_changed), ("lines", checked), ("start", start),
                           ("body", body), ("change", restarts), ("change", swaps), ("tenants", tenants)):
        if part in parts and (part != "rules" or "one" in parts or function is not any_number):
            function(results, most, verdicts)
    return sorted(verdicts, key=lambda verdict: verdict.goal)


# ---- C1 to C3: many rules ---------------------------------------------------------------

def many_literals(results, most, verdicts):
    for peer, what in OURS:
        get = lambda n, request: results.get("ir", peer, "literal", n, request)
        verdicts.append(Verdict("C1", "%s, the dearest hit of %s, 1.01 x one rule" % (what, thousands(most)), dearest(
            get(most, request) for request in ("first", "last", "random")), times(get(1, "last"), 1.01), "Ir"))
        verdicts.append(Verdict("C1", "%s, a miss of %s, 1.01 x one rule" % (what, thousands(most)),
                                get(most, "miss"), times(get(1, "miss"), 1.01), "Ir"))


def run_time(results, most, verdicts):
    for peer, what in OURS[:2]:
        get = lambda n: results.get("cpu", peer, "literal", n, "random")
        verdicts.append(Verdict("C1", "%s, run time of random hits of %s, 1.05 x one rule" % (what, thousands(most)),
                                get(most), times(get(1), 1.05), "us", 1))


def one_answer(results, most, verdicts):
    get, adds = one.values(results).get, lambda key: one.adds(results, key)
    for what, value, bound, unit, places in (
            ("a hit, x the hit of mod_alias with one rule", over(get("ours-hit"), get("alias-hit")), 0.93, "", 3),
            ("a miss with no rule adds", adds("loaded"), 150, "Ir", 0),
            ("a miss with one rule adds", adds("ours-miss"), 400, "Ir", 0),
            ("a hit of a map", get("maps1-hit"), 23000, "Ir", 0),
            ("a miss of a map adds", adds("maps1-miss"), 500, "Ir", 0),
            ("a hit of ten maps in one place, 1.01 x of one", get("maps10-hit"), times(get("maps1-hit"), 1.01), "Ir", 0),
            ("a miss of ten maps in one place, 1.01 x of one", get("maps10-miss"), times(get("maps1-miss"), 1.01), "Ir", 0),
            ("a hit in `<Directory>`, absolute target", get("ours-dir"), 28600, "Ir", 0),
            ("a hit in `<Directory>`, relative target", get("ours-dir-relative"), 28600, "Ir", 0),
            ("counting a hit adds", minus(get("counted-hit"), get("ours-hit")), 80, "Ir", 0),
            ("counting a hit of a map adds", minus(get("counted-map"), get("compiled-hit")), 80, "Ir", 0),
            ("counting a hit with a Referer adds", minus(get("counted-seen"), get("ours-seen")), 250, "Ir", 0)):
        verdicts.append(Verdict("C2", what, value, bound, unit, places))
    for key, what, _, bound in one.KINDS + (("all", "all of these and 1 000 lines", [], 800),):
        verdicts.append(Verdict("C2", "a miss with %s adds" % what, one.adds(results, "miss-" + key), bound, "Ir"))


def any_number(results, most, verdicts):
    """What one adds, and what a larger number adds to that."""
    for (peer, what), key, base, bound in zip(OURS[:2], ("ours-miss", "maps1-miss"), (1, one.LINES), (400, 500)):
        get = lambda n: results.get("ir", peer, "literal", n, "miss")
        more = dearest(minus(get(n), get(base)) for n in results.sizes("ir", peer, "literal", "miss"))
        first = one.adds(results, key)
        verdicts.append(Verdict("C2", "a miss with 1 to %s rules adds at most, %s" % (thousands(most), what),
                                None if more is None else plus(first, more), bound, "Ir"))


def many_regexes(results, most, verdicts):
    for peer, what in OURS[:2]:
        get = lambda kind, n, request: results.get("ir", peer, kind, n, request)
        for kind, n, factor, words in (("regex", 1000, 1.1, "with a literal part"), ("regex", 10000, 1.1, "with a literal part"),
                                       ("behind", 1000, 1.1, "with it behind the first capture"),
                                       ("behind", 10000, 1.1, "with it behind the first capture"),
                                       ("bare", 1000, 2, "without any")):
            if n > most:
                continue
            dear = dearest(get(kind, n, request) for request in REQUESTS[:3])
            name = "%s, %s regexes %s" % (what, thousands(n), words)
            verdicts.append(Verdict("C3", "%s, the dearest hit, %g x one" % (name, factor), dear,
                                    times(get(kind, 1, "last"), factor), "Ir"))
            verdicts.append(Verdict("C3", "%s, a miss, %g x one" % (name, factor), get(kind, n, "miss"),
                                    times(get(kind, 1, "miss"), factor), "Ir"))
            if kind == "regex" and n == 1000:
                verdicts.append(Verdict("C3", name + ", the dearest hit", dear, 30000, "Ir"))


# ---- C4: .htaccess ----------------------------------------------------------------------

def htaccess(results, most, verdicts):
    n = min(most, 10000)
    get = lambda kind, size, request, who="ours": results.get("htaccess", who, kind, size, request)
    line = lambda who: over(minus(get("uncached", 101, "miss", who), get("uncached", 1, "miss", who)), 100)
    verdicts += [
        Verdict("C4", ".htaccess with %s rules, a miss, 1.07 x one comment" % thousands(n),
                get("htaccess", n, "miss"), times(get("htaccess", 0, "miss"), 1.07), "Ir"),
        Verdict("C4", ".htaccess with %s rules, the dearer hit of first and last" % thousands(n), dearest(
            get("htaccess", n, request) for request in ("first", "last")), 36000, "Ir"),
        Verdict("C4", "100 foreign lines and 100 rules, 1.02 x the foreign lines",
                get("mixed", 100, "miss"), times(get("mixed", 0, "miss"), 1.02), "Ir"),
        Verdict("C4", "a line that is not cached, 1.2 x mod_alias's", line("ours"), times(line("alias"), 1.2), "Ir")]


def htaccess_changed(results, most, verdicts):
    rows = results.of("change")
    row, n = rows.get("a .htaccess edited", {}), thousands(min(most, 10000))
    verdicts += [
        Verdict("C4", "a .htaccess of %s lines edited: failed requests" % n, row.get("event-failed"), 0),
        Verdict("C4", "a .htaccess of %s lines edited: slowest request, one reading of it (without an edit: %s ms)" % (
            n, "%.1f" % row["quiet-slowest"] if row else "-"), row.get("event-slowest"), row.get("parse"), "ms", 1),
        Verdict("C4", "a .htaccess of %s lines edited: answers in the worst second, half of those without" % n,
                row.get("event-second"), times(row.get("quiet-second"), 0.5), least=True),
        Verdict("C4", "a .htaccess of %s lines touched twice a second: run time, 1.0 x mod_alias's" % n,
                rows.get("touched, ours", {}).get("cpu"), rows.get("touched, alias", {}).get("cpu"), "us")]


# ---- C5 and C6: start, memory, bodies ---------------------------------------------------

def checked(results, most, verdicts):
    n = min(most, 100000)
    get = lambda who, what: results.get("lines", who, "literal", n, what)
    for who, what, factor in (("unlinted", "without lint", 1.2), ("ours", "with lint", 2)):
        verdicts.append(Verdict("C5", "`httpd -t` with %s lines %s: run time, %g x mod_alias" % (thousands(n), what, factor),
                                get(who, "seconds"), times(get("alias", "seconds"), factor), "s", 3))
    verdicts.append(Verdict("C5", "`httpd -t` with %s lines: memory, 1.2 x mod_alias" % thousands(n),
                            get("ours", "memory"), times(get("alias", "memory"), 1.2), "MiB"))


def start(results, most, verdicts):
    get = lambda peer, what: results.get("start", peer, "literal", most, what)
    rules = thousands(most) + " rules"
    verdicts += [
        Verdict("C5", rules + ", lines: first answer, 1.2 x mod_alias", get("ours", "first"),
                times(get("alias", "first"), 1.2), "s", 3),
        Verdict("C5", rules + ", lines: memory of all processes, 1.2 x mod_alias", get("ours", "memory"),
                times(get("alias", "memory"), 1.2), "MiB")]
    for peer, what, seconds in (("ours-map", "map", 1.0), ("ours-image", "compiled map", 0.05)):
        verdicts.append(Verdict("C5", "%s, %s: first answer" % (rules, what), get(peer, "first"), seconds, "s", 3))
        verdicts.append(Verdict("C5", "%s, %s: memory of all processes" % (rules, what),
                                get(peer, "memory"), 100, "MiB"))
    for peer, what in OURS:
        # some pages move about in the allocators; a leak shows in megabytes
        verdicts.append(Verdict("C5", "%s, %s: growth by requests" % (rules, what), get(peer, "grown"), 1, "MiB", 2))


def body(results, most, verdicts):
    rows = {row["kind"]: row["value"] for row in results.rows
            if (row["part"], row["peer"], row["request"]) == ("body", "ours", "first")}
    verdicts.append(Verdict("C6", "a request with a body, the slowest of %d kinds: first byte of the answer" % len(rows),
                            dearest(rows.values()), 1, "ms", 2))


# ---- C7 and C8 --------------------------------------------------------------------------

def restarts(results, most, verdicts):
    rows = results.of("restart")
    find = lambda start: next((row for name, row in rows.items() if name.startswith(start)), {})
    lines = thousands(min(most, 100000))
    alias, stock = find("mod_alias, %d lines" % min(most, 100000)), find("mod_alias, 1 line")
    for row, what, bound in ((find("ours, %d lines" % min(most, 100000)), "%s lines: slowest request, that of mod_alias" % lines,
                              alias.get("slowest")),
                             (find("ours, a map of %d, unchanged" % most), "an unchanged map of %s: slowest request, "
                              "mod_alias with one rule + 100 ms" % thousands(most), plus(stock.get("slowest"), 100))):
        verdicts.append(Verdict("C7", "a graceful restart with " + what, row.get("slowest"), bound, "ms"))
    verdicts.append(Verdict("C7", "graceful restarts: requests that failed", dearest(
        row.get("failed") for name, row in rows.items() if name.startswith("ours")), 0))


def swaps(results, most, verdicts):
    rows = results.of("change")
    row = rows.get("a map swapped", {})
    verdicts += [
        Verdict("C7", "a map of %s swapped: failed requests" % thousands(most), row.get("event-failed"), 0),
        Verdict("C7", "a map of %s swapped: slowest request, 2 x without" % thousands(most),
                row.get("event-slowest"), times(row.get("quiet-slowest"), 2), "ms", 1),
        Verdict("C7", "a thousand swaps: growth", rows.get("swaps", {}).get("grown"), 1, "MiB", 2)]


def tenants(results, most, verdicts):
    get = lambda who, what: results.of("tenants").get(who, {}).get(what)
    for how, words in (("random", "at random"), ("zipf", "by Zipf")):
        verdicts.append(Verdict("C8", "2 000 tenants, %s: run time, 1.0 x mod_alias's" % words,
                                get("ours", how), get("alias", how), "us"))
    verdicts += [Verdict("C8", "2 000 tenants: memory of all processes", get("ours", "memory"), 200, "MiB"),
                 # 400 threads fill their pools, with whatever module
                 Verdict("C8", "2 000 tenants: growth by requests, that of mod_alias + 1 MiB", get("ours", "grown"),
                         plus(get("alias", "grown"), 1), "MiB", 2),
                 Verdict("C8", "20 000 tenants: wrong answers", get("ours", "wrong"), 0)]

# SPDX-License-Identifier: Apache-2.0
"""The page with the figures: Markdown, every table from the results and nothing by hand."""
import datetime

import tools
from peers import PEERS

FLOOR_ROWS = ("none", "loaded", "alias-miss", "ours-miss", "alias-hit", "ours-hit", "none-dir", "ours-dir")
REQUESTS = ("first", "last", "random", "miss")
NAMES = {"first": "first", "last": "last", "random": "random", "miss": "miss"}


def number(value, places=0):
    """12 345 678, and nothing where there is no figure."""
    return "" if value is None else "{:,.{}f}".format(value, places).replace(",", " ")


def table(head, rows):
    out = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return out + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def peer_rows(results, kind, request, sizes):
    """One line for each server: its figure for each number of rules."""
    for peer in PEERS:
        figures = [results.get("ir", peer.key, kind, n, request) for n in sizes]
        if any(figure is not None for figure in figures):
            yield [peer.what] + [number(figure) for figure in figures]


def kind_tables(results, kind):
    out = []
    sizes = sorted({row["n"] for row in results.rows if row["part"] == "ir" and row["kind"] == kind})
    for request, title in (("last", "a hit on the last rule"), ("first", "a hit on the first rule"),
                           ("random", "hits on random rules"), ("miss", "a miss: a file of one byte is served")):
        wanted = sizes if request in ("last", "miss") else sizes[1:]
        rows = list(peer_rows(results, kind, request, wanted))
        if rows:
            out += ["**%s**" % (title[0].upper() + title[1:]), ""]
            out += table(["instructions a request, rules:"] + [number(n) for n in wanted], rows)
    return out


def rules_part(results):
    out = []
    for kind, title, text in (
            ("literal", "Addresses", "Each rule is one address. mod_rewrite's `RewriteRule` and lighttpd know "
             "nothing but regexes, and get the address as one. A `RewriteMap` remembers what it was asked; "
             "its random hits are asked for the first time."),
            ("regex", "Regexes with a literal part", "`^/blog-0000017/([0-9]+)/(.*)$` and the like; nginx, "
             "lighttpd, HAProxy and httpd compile them with PCRE's JIT, as far as they can."),
            ("bare", "Regexes without any literal", "`^/[a-m][n-z][a-m].../([0-9]+)$`: nothing but a slash "
             "can be looked for beforehand.")):
        tables = kind_tables(results, kind)
        if tables:
            out += ["## " + title, "", text, ""] + tables
    return out


def floor_part(results):
    values = {row["peer"]: row for row in results.rows if row["part"] == "floor"}
    rows = [[values[key]["kind"], number(values[key]["value"])] for key in FLOOR_ROWS if key in values]
    if not rows:
        return []
    return ["## One answer", ""] + table(["httpd", "instructions a request"], rows)


def htaccess_part(results):
    out, rows = [], []
    sizes = sorted({row["n"] for row in results.rows if row["part"] == "ir" and row["kind"] == "htaccess"})
    for key, what in (("ours", "ours"), ("alias", "mod_alias: Redirect"), ("aliasmatch", "mod_alias: RedirectMatch")):
        for request in ("miss", "first", "last"):
            figures = [results.get("ir", key, "htaccess", n, request) for n in sizes]
            if any(figure is not None for figure in figures):
                rows.append(["%s, %s" % (what, request)] + [number(figure) for figure in figures])
    if rows:
        out += ["## .htaccess", "", "Lines of rules in one .htaccess; without a rule it holds one comment.", ""]
        out += table(["instructions a request, lines:"] + [number(n) for n in sizes], rows)
    sizes = sorted({row["n"] for row in results.rows if row["part"] == "ir" and row["kind"] == "mixed"})
    rows = [["ours, " + request] + [number(results.get("ir", "ours", "mixed", n, request)) for n in sizes]
            for request in ("miss", "first", "last") if results.sizes("ir", "ours", "mixed", request)]
    if rows:
        out += ["With 100 `Header` lines in the same file, in turn with the rules:", ""]
        out += table(["instructions a request, rules:"] + [number(n) for n in sizes], rows)
    return out


def cpu_part(results):
    out = []
    for kind, title in (("literal", "addresses"), ("regex", "regexes with a literal part")):
        base = {what: results.get(part, "ours", kind, 1, "random") for what, part in (("us", "cpu"), ("rps", "rps"))}
        rows = []
        for peer in PEERS:
            for n in results.sizes("cpu", peer.key, kind, "random"):
                get = lambda part, request: results.get(part, peer.key, kind, n, request)
                cpu, rate = get("cpu", "random"), get("rps", "random")
                rows.append([peer.what, number(n), number(cpu, 1),
                             number(base["us"] and cpu / base["us"], 2), number(rate),
                             number(base["rps"] and rate / base["rps"], 2),
                             number(get("cpu", "miss"), 1)])
        if rows:
            out += ["**%s**" % (title[0].upper() + title[1:]), ""] + table(
                ["server", "rules", "us, random hits", "x ours with one", "requests/s", "x ours with one", "us, misses"], rows)
    if out:
        out = ["## Run time and requests a second", "", "Run time of all threads of the server, by `wrk -t1 -c8` for "
               "two seconds on the same machine: good for ratios, and only on a quiet machine.", ""] + out
    return out


def start_part(results):
    rows = []
    for peer in PEERS:
        for n in results.sizes("start", peer.key, "literal", "first"):
            get = lambda what: results.get("start", peer.key, "literal", n, what)
            grown = get("grown")
            rows.append([peer.what, number(n), number(get("first"), 3), number(get("memory")),
                         "" if grown is None else "%+.2f" % grown])
    if not rows:
        return []
    return ["## Start and memory", "", "From the start of the program to the first answer, a hit on the last rule; memory of all "
            "processes, shared pages counted once (PSS); growth by the last two of six seconds of random hits at full load.", ""] + table(
                ["server", "rules", "first answer, s", "MiB", "growth, MiB"], rows)


def reload_part(results):
    events = {}
    for row in results.rows:
        if row["part"] == "reload":
            events.setdefault(row["peer"], {"n": row["n"]})[row["request"]] = row["value"]
    rows = [[key, number(event["n"]), number(event["requests"]), number(event["failed"]), number(event["closed"]),
             number(event["median"]), number(event["high"]), number(event["quiet-high"]),
             number(event["slowest"]), number(event["quiet-slowest"])]
            for key, event in events.items() if "failed" in event]
    out = []
    if rows:
        out = ["## Reload under load", "", "Six seconds of `wrk -t1 -c16` with random keys; two seconds after its start the event. "
               "In turn the same without an event; three times each, failures added up, the least of the times. Failed: refused, late, cut short or wrong. Closed: a kept connection that was "
               "closed between two requests, which a client asks again on a new one. The restart of an httpd that has one rule of mod_alias shows what "
               "is httpd's own.", ""] + table(
                   ["event", "rules", "requests", "failed", "closed", "median, us", "99.9 %", "without", "slowest, us", "without"], rows)
    if "swaps" in events:
        out += ["%s swaps of maps, fifty files in turn: %+.2f MiB after the first quarter of them." % (
            number(events["swaps"]["n"]), events["swaps"]["grown"]), ""]
    return out


def method(place, command, given):
    seen = ", ".join("%s %s" % pair for pair in tools.versions(place))
    return [
        "Measured on %s by `%s`, on %s; %s." % (
            datetime.date.today().isoformat(), command, tools.machine(), seen), "",
        "Instructions are those of the server's user space, counted by callgrind in a single process (`httpd -X`, nginx with "
        "`master_process off`, HAProxy with one thread, lighttpd) over exactly 200 requests on one connection after a "
        "warm-up (the least of three times, since each second that ends adds a little), or over 20 where one request costs more than half a million. They repeat within 0.1 %. The request is the "
        "shortest there is, one line and `Host`: each further header costs httpd 1 000 to 1 100 instructions, whatever "
        "answers, and that of `ab` (HTTP/1.0, three more headers) 4 800. There is no access log and no name look-up. nginx has `pcre_jit on`.", "",
        "Left out is what would take minutes: mod_alias beyond 100 000 rules, `RewriteRule` and lighttpd beyond 10 000, "
        "new keys of a `RewriteMap` in a text file beyond 1 000 (each is looked for line by line), regexes beyond 1 000.", ""]


def page(results, verdicts, place, command, given):
    out = ["<!-- SPDX-License-Identifier: Apache-2.0 -->", "<!-- Written by t/bench/run; change that, not this. -->",
           "# What redirects cost", ""] + method(place, command, given)
    out += ["![instructions a request against the number of rules](costs.svg)", ""]
    if verdicts:
        out += ["## Goals", ""] + table(
            ["goal", "figure", "at most", "", "off by"],
            [[verdict.goal + ": " + verdict.what, verdict.shown(verdict.value), verdict.shown(verdict.most),
              "met" if verdict.met else "**missed**", verdict.by()] for verdict in verdicts])
    for note in results.notes:
        out += ["Note: %s." % note.rstrip("."), ""]
    for part in (floor_part, rules_part, htaccess_part, cpu_part, start_part, reload_part):
        out += part(results)
    return "\n".join(out).rstrip("\n") + "\n"

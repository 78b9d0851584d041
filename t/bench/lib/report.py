# SPDX-License-Identifier: Apache-2.0
"""The page with the figures: Markdown, every table from the results and nothing by hand."""
import mixed
import one
import tools
from goals import minus, over
from htaccess import UNCACHED
from lines import configurations
from peers import PEERS


def number(value, places=0):
    """12 345 678, and nothing where there is no figure."""
    return "" if value is None else "{:,.{}f}".format(value, places).replace(",", " ")


def table(head, rows):
    out = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return out + ["| " + " | ".join(row) + " |" for row in rows] + [""]


# ---- counted ----------------------------------------------------------------------------

def one_part(results):
    """A miss beside httpd without the module, a hit beside mod_alias's."""
    rows = [row for row in results.rows if row["part"] == "one" and row["n"] == 0]
    base = one.values(results).get("alias-hit")
    out = [[row["kind"], number(row["value"]), number(one.adds(results, row["peer"])) if row["peer"] != "none" else "",
            number(over(row["value"], base), 3) if row["request"] == "307" else ""] for row in rows]
    return ["## One answer", "", "`Redirect307Hits off`, but where it says counted.", ""] + table(
        ["httpd", "instructions a request", "a miss adds", "x mod_alias's hit"], out) if rows else []


def kind_tables(results, kind):
    """One table for each request: its servers, and the figure for each number of rules."""
    out = []
    sizes = sorted({row["n"] for row in results.rows if row["part"] == "ir" and row["kind"] == kind})
    for request, title in (("last", "A hit on the last rule"), ("random", "Hits on random rules"),
                           ("first", "A hit on the first rule"), ("miss", "A miss: a file of one byte is served")):
        columns = sizes if request in ("last", "miss") else sizes[1:]
        rows = []
        for peer in PEERS:
            figures = [results.get("ir", peer.key, kind, n, request) for n in columns]
            if any(figure is not None for figure in figures):
                rows.append([peer.what] + [number(figure) for figure in figures])
        if rows:
            out += ["**%s**" % title, ""]
            out += table(["instructions a request, rules:"] + [number(n) for n in columns], rows)
    return out


def rules_part(results):
    out = []
    for kind, title, text in (
            ("literal", "Addresses", "Each rule is one address. mod_rewrite's `RewriteRule` and lighttpd know "
             "nothing but regexes, and get the address as one. A `RewriteMap` remembers what it was asked; "
             "its random hits are asked for the first time."),
            ("regex", "Regexes with a literal part", "`^/blog-0000017/([0-9]+)/(.*)$` and the like; nginx, "
             "lighttpd, HAProxy and httpd compile them with PCRE's JIT, as far as they can."),
            ("behind", "Regexes with a literal part behind the first capture", "`^/([0-9]+)/blog-0000017/(.*)$`."),
            ("bare", "Regexes without any literal", "`^/[a-m][n-z][a-m].../([0-9]+)$`: nothing but a slash "
             "can be looked for beforehand.")):
        tables = kind_tables(results, kind)
        if tables:
            out += ["## " + title, "", text, ""] + tables
    return out


def htaccess_part(results):
    out, rows = [], []
    get = lambda who, kind, n, request: results.get("htaccess", who, kind, n, request)
    sizes = sorted({row["n"] for row in results.rows if row["part"] == "htaccess" and row["kind"] == "htaccess"})
    for key, what in (("ours", "ours"), ("alias", "mod_alias: Redirect"), ("aliasmatch", "mod_alias: RedirectMatch")):
        for request in ("miss", "first", "last"):
            figures = [get(key, "htaccess", n, request) for n in sizes]
            if any(figure is not None for figure in figures):
                rows.append(["%s, %s" % (what, request)] + [number(figure) for figure in figures])
    if rows:
        out += ["## .htaccess", "", "Lines of rules in one .htaccess; without a rule it holds one comment.", ""]
        out += table(["instructions a request, lines:"] + [number(n) for n in sizes], rows)
    sizes = sorted({row["n"] for row in results.rows if row["part"] == "htaccess" and row["kind"] == "mixed"})
    rows = [["ours, " + request] + [number(get("ours", "mixed", n, request)) for n in sizes]
            for request in ("miss", "first", "last") if results.sizes("htaccess", "ours", "mixed", request)]
    if rows:
        out += ["With 100 `Header` lines in the same file, in turn with the rules:", ""]
        out += table(["instructions a request, rules:"] + [number(n) for n in sizes], rows)
    rows = [[what, number(over(minus(get(who, "uncached", UNCACHED[1], "miss"), get(who, "uncached", UNCACHED[0], "miss")),
                               UNCACHED[1] - UNCACHED[0]))] for who, what in (("ours", "ours"), ("alias", "mod_alias"))]
    if rows[0][1]:
        out += ["A line of a file that is read at each request (`Redirect307HtaccessCache off`):", ""]
        out += table(["", "instructions"], rows)
    return out


def mixed_part(results):
    n, rows = mixed.HOSTS * mixed.EACH, []
    figures = lambda key: (results.get("mixed", key, "mixed", n, "instructions"),
                           results.get("cpu", key, "mixed", n, "random"), results.get("rps", key, "mixed", n, "random"))
    ours = figures("ours")
    for key, what, _, _, _ in mixed.SERVERS:
        ir, cpu, rate = figures(key)
        rows.append([what, number(ir), number(over(ir, ours[0]), 2), number(cpu, 1), number(over(cpu, ours[1]), 2), number(rate)])
    if not any(ours):
        return []
    return ["## A set as servers have it", "", "%d virtual hosts with %d rules each; 30 %% are regexes, 15 %% have a condition "
            "(a parameter, the method, a cookie). Half of the requests are random hits, half are for no rule."
            % (mixed.HOSTS, mixed.EACH), ""] + table(
                ["", "instructions a request", "x ours", "run time, us", "x ours", "requests/s"], rows)


# ---- timed ------------------------------------------------------------------------------

def cpu_part(results):
    out = []
    for kind, title in (("literal", "addresses"), ("regex", "regexes with a literal part")):
        base, rows = results.get("cpu", "alias", kind, 1, "random"), []
        for peer in PEERS:
            for n in results.sizes("cpu", peer.key, kind, "random"):
                get = lambda part, request: results.get(part, peer.key, kind, n, request)
                cpu = get("cpu", "random")
                rows.append([peer.what, number(n), number(cpu, 1), number(over(cpu, base), 2),
                             number(get("rps", "random")), number(get("cpu", "miss"), 1)])
        if rows:
            out += ["**%s**" % (title[0].upper() + title[1:]), ""] + table(
                ["server", "rules", "us, random hits", "x mod_alias with one", "requests/s", "us, misses"], rows)
    if out:
        out = ["## Run time and requests a second", "", "Run time of all threads of the server by the scheduler's count "
               "(`/proc/PID/task/*/schedstat`), while `wrk -t1 -c8` asks on the same machine. All servers stand at once and are asked "
               "in turn, a second each; of the turns the least.", ""] + out
    return out


def lines_part(results):
    rows = []
    for key, what, _, _, _ in configurations():
        for n in results.sizes("lines", key, "literal", "seconds"):
            get = lambda request: results.get("lines", key, "literal", n, request)
            counted = next((row["value"] for row in results.rows if (row["part"], row["peer"], row["request"]) ==
                            ("lines", key, "instructions")), None)
            rows.append([what, number(n), number(get("seconds"), 3), number(get("memory")), number(counted)])
    if not rows:
        return []
    return ["## Lines of httpd.conf", "", "`httpd -t`, run time of the processor and memory; instructions of a line, of 10 000.", ""] + table(
        ["", "lines", "run time, s", "MiB", "instructions a line"], rows)


def start_part(results):
    rows = []
    for peer in PEERS:
        for n in results.sizes("start", peer.key, "literal", "first"):
            get = lambda what: results.get("start", peer.key, "literal", n, what)
            rows.append([peer.what, number(n), number(get("first"), 3), number(get("memory")),
                         "" if get("grown") is None else "%+.2f" % get("grown")])
    if not rows:
        return []
    return ["## Start and memory", "", "From the start of the program to the first answer, a hit on the last rule; memory of all "
            "processes, shared pages counted once (PSS); growth by the last two of six seconds of random hits at full load, with "
            "`Redirect307Hits off`: [the table of hits](hits.md) grows by the rules that were ever hit, and has a limit of its own.", ""] + table(
                ["server", "rules", "first answer, s", "MiB", "growth, MiB"], rows)


def body_part(results):
    rows = {}
    for row in results.rows:
        if row["part"] == "body":
            rows.setdefault((row["kind"], row["peer"]), {})[row["request"]] = row["value"]
    if not rows:
        return []
    return ["## Requests with a body", "", "By `t/bench/body`: time from the head of a POST to the first byte of the answer, bytes of the "
            "body that the server read, and what became of the connection.", ""] + table(
                ["POST", "server", "first byte, ms", "bytes read", "connection"],
                [[kind, who, "none in 3 s" if row["first"] is None else number(row["first"], 2), number(row["read"]), row["after"]]
                 for (kind, who), row in rows.items()])


def change_part(results):
    out = []
    rows = [[name, number(row.get("slowest")), number(row.get("median"), 1), number(row.get("second")), number(row.get("away")),
             number(row.get("ran")), number(row.get("failed"))] for name, row in results.of("restart").items()]
    if rows:
        out += ["## Restarts and changes", "", "Graceful restarts (`t/bench/reload.py`): four connections ask once in five milliseconds each, and a "
                "request whose connection was closed is sent again while its time goes on. Three rounds, all servers in turn: the least of "
                "the times, of the worst seconds the best.", ""]
        out += table(["", "slowest request, ms", "median, ms", "answers in the worst second", "parent away, ms", "parent ran, ms", "failed"], rows)
    rows = []
    for name, row in results.of("change").items():
        if "event-slowest" in row:
            rows.append([name, number(row["event-slowest"], 1), number(row["quiet-slowest"], 1), number(row["event-second"]),
                         number(row["quiet-second"]), number(row["event-failed"]), number(row["event-requests"])])
    if rows:
        out += ["The same client while a map of 1 000 000 lines or a .htaccess of 10 000 gets a new version:", ""]
        out += table(["", "slowest request, ms", "without", "answers in the worst second", "without", "failed", "requests"], rows)
    changed = results.of("change")
    touched = [changed.get("touched, " + key, {}).get("cpu") for key in ("ours", "alias")]
    if None not in touched:
        out += ["A .htaccess of 10 000 lines that is touched twice a second costs each request, forty a second, %s us of run time; of mod_alias %s us."
                % tuple(map(number, touched)), ""]
    if "swaps" in changed:
        out += ["A thousand swaps of maps, fifty files in turn: %+.2f MiB after the first quarter of them." % changed["swaps"]["grown"], ""]
    return out


def tenants_part(results):
    rows = results.of("tenants")
    if not rows:
        return []
    return ["## Two thousand tenants", "", "Each has a .htaccess of 500 lines, and with ours a map of 1 000 lines besides; 16 children. Half of the "
            "requests are hits. Run time of a request over all processes; memory with shared pages counted once.", ""] + table(
                ["", "us, at random", "us, by Zipf", "MiB", "growth, MiB"],
                [[what, number(row.get("random"), 1), number(row.get("zipf"), 1), number(row.get("memory")),
                  "" if row.get("grown") is None else "%+.2f" % row["grown"]]
                 for key, what in (("ours", "ours"), ("alias", "mod_alias")) for row in [rows.get(key, {})]])


# ---- the page ---------------------------------------------------------------------------

def goals_part(verdicts):
    if not verdicts:
        return []
    met = sum(verdict.met for verdict in verdicts)
    return ["## Goals", "", "%d of %d are met." % (met, len(verdicts)), ""] + table(
        ["goal", "figure", "at most", "", "off by"],
        [[verdict.goal + ": " + verdict.what, verdict.shown(verdict.value), verdict.bound(),
          "met" if verdict.met else "**missed**", verdict.by()] for verdict in verdicts])


def method(results, place):
    seen = ", ".join("%s %s" % pair for pair in tools.versions(place))
    out = ["## How it was measured", "", "By `t/bench/run`, on %s; %s." % (tools.machine(), seen), ""]
    out += table(["part", "day", "seconds", "load before it"], [
        [part, run["day"], number(run["seconds"]), number(run["load"], 1)] for part, run in results.runs.items()])
    return out + [
        "Instructions are those of the server's user space, counted by callgrind in a single process (`httpd -X`, nginx with "
        "`master_process off`, HAProxy with one thread, lighttpd) over exactly 100 requests on one connection after a warm-up: the least of "
        "two or three times, since each second that ends adds a little; or once over 20 where one request costs more than half a million. "
        "A request follows the last byte of an answer after 5 ms: sooner it may find httpd's worker before it is back in its "
        "queue, and save a trip; a round in which not every request took that trip is not used. Figures repeat within 0.1 %, on a "
        "busy machine too; run time and seconds do not, and are worth what the load says.", "",
        "The request is the shortest there is, one line and `Host`: each further header costs httpd 1 000 to 1 100 instructions, "
        "whatever answers. There is no access log and no name look-up. nginx has `pcre_jit on`.", "",
        "Left out is what would take minutes: mod_alias beyond 100 000 rules, `RewriteRule` and lighttpd beyond 10 000, "
        "new keys of a `RewriteMap` in a text file beyond 1 000 (each is looked for line by line), other servers' regexes beyond 1 000.", ""]


def sentence(results):
    """What README says of costs, as the server is when nobody sets anything; None without figures."""
    get = lambda who, n, request: results.get("ir", who, "literal", n, request)
    one = get("alias", 1, "last")
    ratios = [over(figure, one) for figure in (get("ours", 1, "last"), get("ours", 10000, "random"), get("alias", 10000, "random"))]
    if None in ratios:
        return None
    return ("One redirect costs %.2f times what one of mod_alias costs, in instructions of httpd, and one of ten thousand "
            "%.2f times (of mod_alias's ten thousand: %.0f times)." % tuple(ratios))


def page(results, verdicts, place):
    out = ["<!-- SPDX-License-Identifier: Apache-2.0 -->", "<!-- Written by t/bench/run; change that, not this. -->",
           "# What redirects cost", "", "Beside mod_alias, mod_rewrite, nginx, HAProxy and lighttpd. Ir are instructions of the server's "
           "user space for one request; [how it was measured](#how-it-was-measured) stands at the end.", ""]
    out += [sentence(results), ""] if sentence(results) else []
    out += goals_part(verdicts)
    for _, note in results.notes:
        out += ["Note: %s." % note.rstrip("."), ""]
    out += ["![instructions a request against the number of rules](costs.svg)", ""]
    for part in (one_part, rules_part, htaccess_part, mixed_part, cpu_part, lines_part, start_part, body_part,
                 change_part, tenants_part):
        out += part(results)
    return "\n".join(out + method(results, place)).rstrip("\n") + "\n"

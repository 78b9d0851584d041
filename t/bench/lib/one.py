# SPDX-License-Identifier: Apache-2.0
"""What one answer costs: a hit and a miss beside httpd without the module and beside mod_alias
with one rule, by kind of rule and by place."""
import os
import statistics
import subprocess

from rules import PAGE
from servers import httpd
from tools import guarded, say, side_by_side

OFF = "Redirect307Hits off"
LINES = 1000
# A request's memory comes in pieces of 8 KiB, and who needs a few bytes more may meet the end of
# one, which costs 140 instructions and says nothing of him. A query moves the ends; what a miss
# adds is the median over these lengths, each beside the same request without the module.
QUERIES = (0, 150, 300)
# What a host's other traffic meets, and what a miss may cost where it is alone.
KINDS = (
    ("placeholder", "a placeholder", ["Redirect307 /shop/:item /lamps/:item"], 800),
    ("splat", "a splat", ["Redirect307 /old/* /new/*"], 400),
    ("host", "host=", ["Redirect307 / https://www.example.org host=old.example.org"], 800),
    ("not-host", "host=!", ["Redirect307 / https://localhost host=!localhost"], 800),
    ("word", "a regex with a word", ["Redirect307Match ^/news/([0-9]+)$ /blog/$1"], 400),
    ("bare", "a regex without a word", ["Redirect307Match ^/([0-9]+)/([0-9]+)$ /n/$1/$2"], 800),
)


def pairs(first, count):
    """As in t/instructions.t."""
    return ["/old-%d /new-%d" % (i, i) for i in range(first, first + count)]


def maps(place, count):
    """So many maps in one place, together 1 000 lines; only the last has the last rule."""
    folder, each = place.fresh(), LINES // count
    lines = []
    for m in range(count):
        path = os.path.join(folder, "%02d.map" % m)
        place.write(path, pairs(m * each, each))
        lines.append('Redirect307Map "%s"' % path)
    return lines


def compiled_map(place):
    folder = place.fresh()
    source, image = os.path.join(folder, "one.map"), os.path.join(folder, "one.r307")
    place.write(source, pairs(0, LINES))
    subprocess.run([place.ctl, "compile", "-o", image, source], check=True,
                   stdout=subprocess.DEVNULL)
    return ['Redirect307Map "%s"' % image]


def within(place, line):
    return ['<Directory "%s/dir">' % place.htdocs, line, "</Directory>"]


def servers(place):
    """Modules, lines, and what is asked: key, words, status, path, host, headers."""
    one = "/old /new"
    seen = ("/old", "localhost", "Referer: http://localhost/page\r\n")
    miss, last = ("miss", PAGE), ("hit", "/old-%d" % (LINES - 1))
    yield [], [], [("none", "no module, a file", 200, PAGE),
                   ("none-dir", "no module, a file in a directory", 200, "/dir/page.html")]
    yield ["redirect307"], [OFF], [("loaded", "ours without a rule, a file", 200, PAGE)]
    yield ["alias"], ["Redirect 307 " + one], [
        ("alias-hit", "mod_alias, one rule, a hit", 307, "/old"),
        ("alias-miss", "mod_alias, one rule, a file", 200, PAGE)]
    yield ["redirect307"], [OFF, "Redirect307 " + one], [
        ("ours-hit", "ours, one rule, a hit", 307, "/old"),
        ("ours-seen", "the same, from a page of the own host", 307) + seen,
        ("ours-miss", "ours, one rule, a file", 200, PAGE)]
    yield ["redirect307"], ["Redirect307 " + one], [
        ("counted-hit", "ours, one rule, a hit that is counted", 307, "/old"),
        ("counted-seen", "the same, from a page of the own host", 307) + seen]
    for count, what in ((1, "a map"), (10, "ten maps")):
        yield ["redirect307"], [OFF] + maps(place, count), [
            ("maps%d-%s" % (count, kind), "ours, %s of 1 000 lines together, a %s" % (what, kind),
             307 if kind == "hit" else 200, path) for kind, path in (last, miss)]
    # compiled, as each other map has an index of its own, and in some a line is found later
    compiled = compiled_map(place)
    yield ["redirect307"], [OFF] + compiled, [
        ("compiled-hit", "ours, a compiled map of 1 000 lines, a hit", 307, last[1])]
    yield ["redirect307"], compiled, [
        ("counted-map", "ours, the same map, a hit that is counted", 307, last[1])]
    for key, what, target in (("dir", "an absolute target", "/dir/new.html"),
                              ("dir-relative", "a relative target", "new.html")):
        yield ["redirect307"], [OFF] + within(place, "Redirect307 page.html " + target), [
            ("ours-" + key, "ours, a rule in <Directory> with %s, a hit" % what, 307, "/dir/page.html")]
    for key, what, lines, _ in KINDS:
        yield ["redirect307"], [OFF] + lines, [("miss-" + key, "ours, %s, a file" % what, 200, PAGE)]
    together = [line for _, _, lines, _ in KINDS for line in lines]
    yield ["redirect307"], [OFF] + ["Redirect307 " + pair for pair in pairs(0, LINES)] + together, [
        ("miss-all", "ours, all of these and 1 000 lines, a file", 200, PAGE)]


def part(place, results):
    rows = list(servers(place))
    side_by_side([lambda row=row: guarded(results, row[2][0][1], count, place, results, *row)
                  for row in rows], place.workers)
    order = [one[0] for _, _, asked in rows for one in asked]
    results.rows.sort(key=lambda row: order.index(row["peer"]) if row["part"] == "one" else -1)


def count(place, results, modules, lines, asked):
    server = httpd(place, modules, lines)
    try:
        server.start(asked[0][3], callgrind=True)
        server.watch()
        for key, what, status, path, *more in asked:
            for length in QUERIES if path == PAGE else (0,):
                query = "?" + "x" * length if length else ""
                value, number, answer = server.instructions([tuple([path + query] + more)], most=3)
                if answer[0] != status:
                    raise RuntimeError("%s: answered %s, expected %d" % (what, answer[0], status))
                results.add("one", key, what, length, str(status), value, number)
                if not length:
                    say("%s: %.0f" % (what, value))
    finally:
        server.stop()


def values(results):
    """{key: instructions} of the plain requests."""
    return {row["peer"]: row["value"] for row in results.rows if row["part"] == "one" and row["n"] == 0}


def adds(results, key, beside="none"):
    """What a miss costs more than the same without the module; None where a figure is not there."""
    found = {(row["peer"], row["n"]): row["value"] for row in results.rows if row["part"] == "one"}
    try:
        return statistics.median(found[key, length] - found[beside, length] for length in QUERIES)
    except KeyError:
        return None

# SPDX-License-Identifier: Apache-2.0
"""What is counted in instructions: kinds of rules, numbers of them, and requests."""
import os
import random
import subprocess
import time

import rules
from peers import BY_KEY, PEERS
from servers import httpd
from tools import say

TENS = (1, 10, 100, 1000, 10000, 100000, 1000000)
LINEAR = ("alias", "rewrite", "lighttpd")
SETTLED = 2.2                           # a .htaccess younger than two seconds is not kept


class Results:
    """Rows of figures, and what could not be had, with the reason."""

    def __init__(self):
        self.rows, self.notes = [], []

    def add(self, part, peer, kind, n, request, value, count=0):
        self.rows.append({"part": part, "peer": peer, "kind": kind, "n": n,
                          "request": request, "value": value, "count": count})

    def get(self, part, peer, kind, n, request):
        for row in self.rows:
            if (row["part"], row["peer"], row["kind"], row["n"], row["request"]) == \
                    (part, peer, kind, n, request):
                return row["value"]
        return None

    def sizes(self, part, peer, kind, request):
        """The numbers of rules there are figures for, in order."""
        return sorted(row["n"] for row in self.rows
                      if (row["part"], row["peer"], row["kind"], row["request"]) ==
                      (part, peer, kind, request))

    def note(self, text):
        say(text)
        if text not in self.notes:
            self.notes.append(text)


def unavailable(place):
    """Peers of ours that this build cannot be asked about, with the reason."""
    gone = {}
    probe = httpd(place, ["redirect307"], [])
    place.write(os.path.join(probe.folder, "rules.map"), "/a /b\n")
    probe.add('Redirect307Map "%s/rules.map"' % probe.folder)
    if subprocess.run([place.httpd, "-t", "-f", probe.folder + "/conf"], check=False,
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        gone["ours-map"] = "this build has no Redirect307Map"
    try:
        server = BY_KEY["ours-image"].build(place, "literal", 1)
        if subprocess.run([place.httpd, "-t", "-f", server.folder + "/conf"], check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            gone["ours-image"] = "this build takes no compiled map"
    except subprocess.CalledProcessError:
        gone["ours-image"] = "this redirect307ctl has no compile"
    return gone


def hits(kind, n, how, count=200):
    """The paths to ask: the same one, or as many different ones as there are."""
    if how == "first":
        return [rules.request(kind, 0)]
    if how == "last":
        return [rules.request(kind, n - 1)]
    chosen = random.Random(307)
    return [rules.request(kind, chosen.randrange(n)) for _ in range(count)]


def expect(answer, status, what):
    if answer[0] != status:
        raise RuntimeError("%s: answered %s, expected %d" % (what, answer[0], status))


def count_peer(place, results, peer, kind, n):
    """One server, four kinds of requests."""
    what = "%s, %d %s" % (peer.what, n, kind)
    begun = time.monotonic()
    server = peer.build(place, kind, n)
    try:
        server.start(rules.request(kind, n - 1), callgrind=True, wait=600)
        server.watch()
        last = first = None
        for how in ("last", "first", "random", "miss"):
            if how == "first" and n == 1:
                continue
            if how == "random":
                # a cache of answers must not be asked twice, and a file read line by line
                # costs seconds under callgrind when it is long
                if n < 100 or (peer.key == "rewritemap" and n > 1000):
                    continue
                few = peer.key == "rewritemap"
                figure = server.instructions(hits(kind, n, how), 0 if few else 20, few)
            elif how == "miss":
                figure = server.instructions([rules.PAGE])
            else:
                figure = server.instructions(hits(kind, n, how))
            value, count, answer = figure
            expect(answer, 200 if how == "miss" else 307, what + ", " + how)
            results.add("ir", peer.key, kind, n, how, value, count)
            last = value if how == "last" else last
            first = value if how == "miss" else first
        say("%s: a hit on the last %d, a miss %d (%.0f s)"
            % (what, last, first, time.monotonic() - begun))
    finally:
        server.stop()


def wanted(place, peer, kind, n, most):
    """A quick run takes the far end only, ours from both; of those that ask rule after rule,
    not the farthest."""
    if n > most or n == 10 or not peer.reaches(kind, n):
        return False
    far = min(most, 1000 if kind != "literal" or peer.key in LINEAR else most)
    return not place.quick or n == far or (n == 1 and peer.key.startswith("ours"))


def part_rules(place, results, gone, most):
    for kind in rules.KINDS:
        for n in TENS:
            for peer in PEERS:
                if peer.key not in gone and wanted(place, peer, kind, n, most):
                    guarded(results, "%s, %d %s" % (peer.what, n, kind),
                            count_peer, place, results, peer, kind, n)


def guarded(results, what, function, *arguments):
    """A server that does not come up leaves a note and no figure; the rest is measured."""
    try:
        function(*arguments)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        results.note("%s could not be measured: %s" % (what, str(error).strip().splitlines()[0]))


# ---- what one answer costs (C2) ---------------------------------------------------------

def part_floor(place, results):
    one = "/old /new"
    directory = ['<Directory "%s/dir">' % place.htdocs, "Redirect307 page.html new.html", "</Directory>"]
    for key, what, modules, lines, path, status in (
            ("none", "no module, a file", [], [], rules.PAGE, 200),
            ("loaded", "ours without a rule, a file", ["redirect307"], [], rules.PAGE, 200),
            ("alias-miss", "mod_alias, one rule, a file", ["alias"], ["Redirect 307 " + one], rules.PAGE, 200),
            ("ours-miss", "ours, one rule, a file", ["redirect307"], ["Redirect307 " + one], rules.PAGE, 200),
            ("alias-hit", "mod_alias, one rule, a hit", ["alias"], ["Redirect 307 " + one], "/old", 307),
            ("ours-hit", "ours, one rule, a hit", ["redirect307"], ["Redirect307 " + one], "/old", 307),
            ("none-dir", "no module, a file in a directory", [], [], "/dir/page.html", 200),
            ("ours-dir", "ours, a rule in <Directory>, a hit", ["redirect307"], directory,
             "/dir/page.html", 307)):
        guarded(results, what, floor_one, place, results, key, what, modules, lines, path, status)


def floor_one(place, results, key, what, modules, lines, path, status):
    server = httpd(place, modules, lines)
    try:
        server.start(path, callgrind=True)
        server.watch()
        value, count, answer = server.instructions([path])
    finally:
        server.stop()
    expect(answer, status, what)
    results.add("floor", key, what, 1, str(status), value, count)
    say("%s: %d" % (what, value))


# ---- .htaccess (C4) ---------------------------------------------------------------------

def tenant_lines(word, n, regex=False):
    for i in range(n):
        if regex:
            yield "%s ^/old-%07d\\.html$ /new-%07d.html" % (word, i, i)
        else:
            yield "%s /old-%07d.html /new-%07d.html" % (word, i, i)


def mixed_lines(foreign, ours):
    """Header lines and rules in turn."""
    for i in range(max(foreign, ours)):
        if i < foreign:
            yield "Header set X-%07d value" % i
        if i < ours:
            yield "Redirect307 /old-%07d.html /new-%07d.html" % (i, i)


def part_htaccess(place, results, most):
    path = os.path.join(place.htdocs, ".htaccess")
    # peer, modules, lines of N, largest N: httpd reads the file at every request otherwise
    sets = (("ours", ["redirect307"], lambda n: tenant_lines("Redirect307", n), 10000),
            ("alias", ["alias"], lambda n: tenant_lines("Redirect 307", n), 10000),
            ("aliasmatch", ["alias"], lambda n: tenant_lines("RedirectMatch 307", n, True), 1000))
    try:
        for key, modules, lines, limit in sets:
            for n in (0, 1, 100, 1000, 10000):
                if place.quick and n not in ((0, 10000) if key == "ours" else (100,)):
                    continue
                if n <= min(limit, most):
                    place.write(path, lines(n) if n else "# a comment\n")
                    guarded(results, ".htaccess, %s, %d lines" % (key, n), htaccess_one,
                            place, results, key, modules, "htaccess", n, n)
        for foreign, ours in ((100, 0), (100, 100), (100, 10000)):
            if ours <= most:
                place.write(path, mixed_lines(foreign, ours))
                guarded(results, ".htaccess, %d foreign lines and %d of ours" % (foreign, ours),
                        htaccess_one, place, results, "ours", ["redirect307", "headers"],
                        "mixed", ours, ours)
    finally:
        os.remove(path)


def htaccess_one(place, results, key, modules, kind, n, hit):
    server = httpd(place, modules, [], override="FileInfo")
    # a minute is what one request takes when 10 000 lines are read under callgrind
    few = n * (key != "ours") >= 10000
    try:
        time.sleep(SETTLED)
        server.start(rules.PAGE, callgrind=True)
        server.watch()
        requests = [("miss", rules.PAGE, 200)]
        if hit:
            requests += [("first", "/old-%07d.html" % 0, 307), ("last", "/old-%07d.html" % (n - 1), 307)]
        for name, path, status in requests:
            value, count, answer = server.instructions([path], 3 if few else 20, few)
            expect(answer, status, "%s, %s" % (key, name))
            results.add("ir", key, kind, n, name, value, count)
        say(".htaccess, %s, %s, %d lines, %s: %d" % (key, kind, n, name, value))
    finally:
        server.stop()

# SPDX-License-Identifier: Apache-2.0
"""What those feel who are being served while something changes: restarts (t/bench/reload.py),
a map that is swapped, a .htaccess that is edited, and one that is touched again and again."""
import json
import os
import subprocess
import sys
import time

import reload                           # t/bench/reload.py: its client looks at each request
import rules
from htaccess import SETTLED, tenant_lines
from peers import BY_KEY, map_lines
from servers import httpd
from tools import Client, guarded, say

TURNS, SECONDS, AT = 3, 5.0, 2.0
EDITED = 10000                          # lines of the .htaccess
TOUCHED, ASKED = 8.0, 0.02              # seconds, and seconds from one request to the next


def part(place, results, gone, most):
    guarded(results, "restarts", restarts, place, results, most)
    if "ours-map" in gone:
        results.note("no map could be swapped: " + gone["ours-map"])
    else:
        guarded(results, "a swapped map", swapped, place, results, most)
        guarded(results, "a thousand swaps", swaps, place, results)
    guarded(results, "an edited .htaccess", edited, place, results, min(most, EDITED))
    guarded(results, "a touched .htaccess", touched, place, results, min(most, EDITED))


def restarts(place, results, most):
    out = place.path("reload.json")
    subprocess.run([sys.executable, "-B", reload.__file__, "--env", place.env, "--out", out,
                    "--rounds", "1" if place.quick else str(TURNS),
                    "--lines", str(min(most, 100000)), "--map", str(most)], check=True,
                   stdout=subprocess.DEVNULL)
    with open(out, encoding="utf-8") as file:
        for row in json.load(file)["rows"]:
            for name, value in row.items():
                if name != "what" and value is not None:
                    results.add("restart", row["what"], "", 0, name, value)


# ---- under the eyes of a client ---------------------------------------------------------

def watched(place, results, key, server, path, event):
    """With the event and without, in turn; of the slowest requests the least, of the worst
    seconds the best, since a busy machine makes some slow in any run. Failures are added up."""
    seen = {"quiet": [], "event": []}
    for turn in range(1 if place.quick else TURNS):
        for name, happens in (("quiet", None), ("event", event(turn))):
            begun = time.monotonic()
            load = reload.Load(server.port, path).run(SECONDS, happens, AT)
            took = sorted(load.took)
            seen[name].append((took[-1] * 1e3, took[len(took) // 2] * 1e3, load.failed,
                               load.worst_second(begun + 0.2, begun + SECONDS), len(took)))
    figures = {}
    for name, rows in seen.items():
        slowest, median, failed, second, asked = zip(*rows)
        figures.update({name + "-slowest": min(slowest), name + "-median": min(median),
                        name + "-failed": sum(failed), name + "-second": max(second),
                        name + "-requests": sum(asked)})
    for name, value in figures.items():
        results.add("change", key, "", 0, name, value)
    say("%s: %d requests, %d failed, slowest %.1f ms (without: %.1f), worst second %d answers (without: %d)" % (
        key, figures["event-requests"], figures["event-failed"], figures["event-slowest"],
        figures["quiet-slowest"], figures["event-second"], figures["quiet-second"]))


def versions(path, lines):
    """An event that moves a new version into place, written before."""
    def event(turn):
        with open("%s.%d" % (path, turn), "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines("-version%d" % turn))
        return lambda: os.rename("%s.%d" % (path, turn), path)
    return event


def stands(port, path, word):
    """Whether what was changed last comes to be what is answered."""
    client, told = Client(port), "nothing"
    for _ in range(100):
        told = client.ask(path)[1] or "nothing"
        if word in told:
            return
        time.sleep(0.1)
    raise RuntimeError("ten seconds after the last change the old lines still answer: " + told)


def swapped(place, results, n):
    server = BY_KEY["ours-map"].build(place, "literal", n)
    path = rules.request("literal", n - 1)
    try:
        server.start(path, wait=300)
        watched(place, results, "a map swapped", server, path, versions(
            server.folder + "/rules.map", lambda word: map_lines("literal", n, word)))
        stands(server.port, path, "-version")
    finally:
        server.stop()


def edited(place, results, n):
    """Beside what one request costs for which the whole file is read."""
    path = "/old-%07d.html" % (n - 1)
    lines = lambda word: (line + word for line in tenant_lines("Redirect307", n))
    for uncached in (True, False):
        server = httpd(place, ["redirect307"], ["Redirect307HtaccessCache off"] if uncached else [],
                       override="FileInfo")
        place.write(server.htdocs + "/.htaccess", lines(""))
        try:
            time.sleep(SETTLED)
            server.start(path)
            if uncached:
                results.add("change", "a .htaccess edited", "", 0, "parse", read_once(server.port, path))
                continue
            watched(place, results, "a .htaccess edited", server, path,
                    versions(server.htdocs + "/.htaccess", lines))
            stands(server.port, path, "-version")
        finally:
            server.stop()


def read_once(port, path):
    """Milliseconds of a request that nobody else is in the way of: the median of 21."""
    client, took = Client(port), []
    for _ in range(21):
        begun = time.monotonic()
        client.ask(path)
        took.append((time.monotonic() - begun) * 1e3)
    client.close()
    return sorted(took)[10]


def touched(place, results, n):
    """Run time of a request while the file is new every half second."""
    for key, module, word in (("ours", "redirect307", "Redirect307"), ("alias", "alias", "Redirect 307")):
        server = httpd(place, [module], [], override="FileInfo")
        file = place.write(server.htdocs + "/.htaccess", tenant_lines(word, n))
        try:
            time.sleep(SETTLED)
            server.start(rules.PAGE)
            client, asked, touches = Client(server.port), 0, 0
            before, begun = server.run_time(), time.monotonic()
            while time.monotonic() < begun + TOUCHED:
                if time.monotonic() >= begun + touches * 0.5:
                    os.utime(file)
                    touches += 1
                client.ask(rules.PAGE)
                asked += 1
                time.sleep(ASKED)
            cpu = (server.run_time() - before) / asked
            results.add("change", "touched, " + key, "", 0, "cpu", cpu, asked)
            say(".htaccess of %d lines touched twice a second, %s: %.0f us a request" % (n, key, cpu))
        finally:
            server.stop()


# ---- memory -----------------------------------------------------------------------------

def swap(path, lines):
    """A new version moved into place, as the manual says."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    os.rename(path + ".new", path)


CHILDREN = ["StartServers 3", "ServerLimit 3", "MaxRequestWorkers 75"]


def swaps(place, results, maps=50, turns=20):
    """A thousand swaps: a file is looked at once a second, so fifty files twenty times. Memory
    is compared after the first quarter, when the arena has seen its working size; without the
    table of hits, which has a limit of its own; and with as many children as there can be, since
    one that httpd starts in between would be taken for growth."""
    server = httpd(place, ["redirect307"], ["Redirect307Hits off"] + CHILDREN)
    paths = ["%s/m%02d.map" % (server.folder, m) for m in range(maps)]
    ask = lambda m: "/m%02d/0000" % m
    fill = lambda m, turn: ("/m%02d/%04d /to/%04d-%d" % (m, i, i, turn) for i in range(200))
    for m, path in enumerate(paths):
        swap(path, fill(m, 0))
        server.add('Redirect307Map "%s"' % path)
    try:
        server.start(ask(0))
        client, early = Client(server.port), None
        for turn in range(1, turns + 1):
            for m, path in enumerate(paths):
                swap(path, fill(m, turn))
            time.sleep(1.1)
            for _ in range(100):        # each file is looked at because its rules are asked
                told = [client.ask(ask(m)) for m in range(maps)]
                if all(to and to.endswith("-%d" % turn) for _, to in told):
                    break
                time.sleep(0.1)
            else:
                raise RuntimeError("a swap was not seen within ten seconds: %s" % (told[0],))
            if turn == turns // 4:
                early = server.memory()
        grown = server.memory() - early
        results.add("change", "swaps", "", maps * turns, "grown", grown)
        say("%d swaps: %+.2f MiB after the first quarter" % (maps * turns, grown))
    finally:
        server.stop()

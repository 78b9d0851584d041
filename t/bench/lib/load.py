# SPDX-License-Identifier: Apache-2.0
"""Servers as they are run, with all their processes: run time and requests a second, start and
memory, and what a reload does to those who are being served."""
import os
import random
import re
import subprocess
import threading
import time

import rules
from peers import BY_KEY, PEERS, map_lines
from cases import LINEAR
from servers import httpd
from tools import Client, say, which

# Sent by wrk: rule number (fixed, or any below `count`) in a path of the pattern.
SCRIPT = """
local count, pattern, fixed = %d, "%s", %s
if pattern == "shop" then
  request = function()
    local n = fixed or math.random(0, count - 1)
    return wrk.format("GET", string.format("/shop/c%%02d/item-%%07d.html", n %% 97, n))
  end
elseif pattern == "blog" then
  request = function()
    local n = fixed or math.random(0, count - 1)
    return wrk.format("GET", string.format("/blog-%%07d/17/page.html", n))
  end
else
  request = function() return wrk.format("GET", pattern) end
end
done = function(summary, latency)
  io.write(string.format("BENCH %%d %%d %%d %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99.9), latency.max,
    summary.errors.connect, summary.errors.read + summary.errors.write,
    summary.errors.status, summary.errors.timeout))
end
"""


class Probe(threading.Thread):
    """A client that looks closely while wrk makes the load: each answer must be the whole and
    right one. A kept connection that httpd closes between two requests is asked again on a new
    one, as every client does; it is counted apart, since any restart of httpd does that."""

    def __init__(self, port, kind, n, seconds):
        super().__init__()
        self.port, self.kind, self.n, self.until = port, kind, n, time.monotonic() + seconds
        self.asked, self.closed, self.failed, self.first = 0, 0, 0, None
        self.start()

    def once(self, client, path, to, reused):
        """The client to go on with, None after a failure."""
        try:
            client = client or Client(self.port, 20)
            status, location = client.ask(path)
            if status == 307 and location and to in location:
                return client
            self.fail("answered %s %s" % (status, location))
        except (OSError, ConnectionError) as error:
            if reused and client and not client.got:
                self.closed += 1
                return self.once(None, path, to, False)
            self.fail("%s: %s" % (path, error))
        return None

    def fail(self, why):
        self.failed += 1
        self.first = self.first or why

    def run(self):
        client, chosen = None, random.Random(self.port)
        while time.monotonic() < self.until:
            n = chosen.randrange(self.n)
            client = self.once(client, rules.request(self.kind, n), rules.literal_to(n), client is not None)
            self.asked += 1


class Load:
    """One bounded run of wrk. latencies in microseconds."""

    def __init__(self, place, port, count, pattern, fixed="nil", seconds=2, connections=8):
        path = place.write("wrk.lua", SCRIPT % (count, pattern, fixed))
        self.process = subprocess.Popen(
            [which("wrk"), "-t1", "-c%d" % connections, "-d%ds" % seconds, "-s", path,
             "http://127.0.0.1:%d" % port], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait(self):
        text = self.process.communicate()[0]
        found = re.search(r"^BENCH (.*)$", text, re.M)
        if not found:
            raise RuntimeError("wrk said nothing: " + text)
        (self.requests, self.duration, self.median, self.high, self.slowest, self.refused,
         self.broken, self.wrong, self.late) = map(int, found.group(1).split())
        return self


def spend(place, server, count, pattern, fixed="nil", seconds=2):
    """Microseconds of run time a request, and requests a second."""
    Load(place, server.port, count, pattern, fixed, 1).wait()
    before = server.run_time()
    load = Load(place, server.port, count, pattern, fixed, seconds).wait()
    return (server.run_time() - before) / max(1, load.requests), load.requests / load.duration * 1e6


def part_cpu(place, results, gone, most, guarded):
    """Random keys over the whole set, and misses: with one rule and with the most there are."""
    for kind, pattern in (("literal", "shop"), ("regex", "blog")):
        for peer in PEERS:
            if peer.key in gone or kind not in peer.limits:
                continue
            # mod_alias and its like ask rule after rule: a tenth says enough and ends in time
            largest = min(most, peer.limits[kind], 10000 if peer.key in LINEAR else most)
            if peer.key == "rewritemap":
                largest = 1000          # beyond it a new key takes milliseconds to a minute
            for n in sorted({1, largest}):
                guarded(results, "run time of %s, %d %s" % (peer.what, n, kind),
                        cpu_one, place, results, peer, kind, pattern, n)
    for key in ("ours", "ours-map"):
        if key not in gone:
            guarded(results, "run time of one and of %d" % most, cpu_pair, place, results, BY_KEY[key], most)


def cpu_pair(place, results, peer, most):
    """One rule and all of them in turn, five times, so that what else the machine does meets
    both; the least of each, and it is these that the goal is judged by."""
    servers = {n: peer.build(place, "literal", n) for n in (1, most)}
    least = {}
    try:
        for n, server in servers.items():
            server.start(rules.request("literal", n - 1), wait=300)
        for _ in range(5):
            for n, server in servers.items():
                cpu = spend(place, server, n, "shop", "nil", 1)[0]
                least[n] = min(cpu, least.get(n, cpu))
        for n, cpu in least.items():
            results.add("pair", peer.key, "literal", n, "random", cpu)
        say("%s: %.2f us with one rule, %.2f us with %d" % (peer.what, least[1], least[most], most))
    finally:
        for server in servers.values():
            server.stop()


def cpu_one(place, results, peer, kind, pattern, n):
    server = peer.build(place, kind, n)
    try:
        server.start(rules.request(kind, n - 1), wait=300)
        for request, what in (("random", pattern), ("miss", rules.PAGE)):
            cpu, rate = spend(place, server, n, what)
            results.add("cpu", peer.key, kind, n, request, cpu)
            results.add("rps", peer.key, kind, n, request, rate)
            say("%s, %d %s, %s: %.1f us, %.0f/s" % (peer.what, n, kind, request, cpu, rate))
    finally:
        server.stop()


# ---- start and memory (C5) --------------------------------------------------------------

def part_start(place, results, gone, most, guarded):
    for peer in PEERS:
        if peer.key in gone or peer.key in ("rewrite", "lighttpd"):
            continue
        if place.quick and not peer.key.startswith("ours"):
            continue
        guarded(results, "start of %s" % peer.what, start_one, place, results, peer, most)


def start_one(place, results, peer, n):
    """First answer three times (the best: others use the machine too), memory, and what it
    grows by under full load."""
    server = peer.build(place, "literal", n)
    firsts = []
    for turn in range(3):
        try:
            server.start(rules.request("literal", n - 1), wait=300)
            firsts.append(server.first)
            if turn < 2:
                continue
            Load(place, server.port, n, rules.PAGE, "nil", 1).wait()
            memory = server.memory()
            results.add("start", peer.key, "literal", n, "first", min(firsts))
            results.add("start", peer.key, "literal", n, "memory", memory)
            if peer.key != "rewritemap" and (peer.key != "alias" or n <= 10000):
                # the first rounds fill each thread's pools; what grows without end grows in the last
                for _ in range(3):
                    settled = server.memory()
                    load = Load(place, server.port, n, "shop", "nil", 2).wait()
                grown = server.memory() - settled
                results.add("start", peer.key, "literal", n, "grown", grown, load.requests)
                say("%s: %d requests later %+.2f MiB" % (peer.what, load.requests, grown))
            say("%s, %d: first answer %.3f s, %.0f MiB" % (peer.what, n, min(firsts), memory))
        finally:
            server.stop()


# ---- reload under load (C7) -------------------------------------------------------------

LOAD_SECONDS = 6


def swap(path, lines):
    """A new version moved into place, as the manual says."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    os.rename(path + ".new", path)


def under_load(place, server, n, pattern, event):
    """A run of wrk in the middle of which the event happens."""
    Load(place, server.port, n, pattern, "nil", 1).wait()
    load = Load(place, server.port, n, pattern, "nil", LOAD_SECONDS, 16)
    timer = threading.Timer(2, event) if event else None
    if timer:
        timer.start()
    probes = [Probe(server.port, "literal", n, LOAD_SECONDS) for _ in range(2)]
    load.wait()
    for probe in probes:
        probe.join()
    if timer:
        timer.join()
    load.failed = load.refused + load.wrong + load.late + sum(probe.failed for probe in probes)
    load.closed = load.broken + sum(probe.closed for probe in probes)
    for probe in probes:
        if probe.first:
            say("failed: " + probe.first)
    return load


def part_reload(place, results, gone, most, guarded):
    n = most
    if "ours-map" in gone:
        results.note("no map could be swapped or reloaded: " + gone["ours-map"])
    else:
        guarded(results, "a graceful restart with a map", reload_map, place, results, n)
        guarded(results, "a thousand swaps", swaps, place, results)
    if not place.quick:
        guarded(results, "a graceful restart of mod_alias", reload_alias, place, results)
    guarded(results, "an edit of .htaccess", edit_htaccess, place, results, min(n, 10000))


def compare(place, results, key, server, n, event):
    """With the event and without, in turn, three times; of the slowest requests the least, since
    the scheduler of a busy machine makes some slow in any run. Failures are added up."""
    runs = {"quiet": [], "event": []}
    for turn in range(1 if place.quick else 3):
        runs["quiet"].append(under_load(place, server, n, "shop", None))
        runs["event"].append(under_load(place, server, n, "shop", event(turn)))
    loud, quiet = runs["event"], runs["quiet"]
    least = lambda some, name: min(getattr(load, name) for load in some)
    figures = {"failed": sum(load.failed for load in loud), "closed": sum(load.closed for load in loud),
               "requests": sum(load.requests for load in loud)}
    for name in ("median", "high", "slowest"):
        figures[name], figures["quiet-" + name] = least(loud, name), least(quiet, name)
    for name, value in figures.items():
        results.add("reload", key, "literal", n, name, value)
    say("%s: %d requests, %d failed, %d connections closed between two, median %d us, 99.9 %% %d us "
        "(without: %d), slowest %d us (without: %d)" % (
            key, figures["requests"], figures["failed"], figures["closed"], figures["median"],
            figures["high"], figures["quiet-high"], figures["slowest"], figures["quiet-slowest"]))


def versions(path, lines):
    """An event that moves a new version into place, written before."""
    def event(turn):
        with open("%s.%d" % (path, turn), "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines("-version%d" % turn))
        return lambda: os.rename("%s.%d" % (path, turn), path)
    return event


def reload_map(place, results, n):
    server = BY_KEY["ours-map"].build(place, "literal", n)
    path = server.folder + "/rules.map"
    try:
        server.start(rules.request("literal", n - 1), wait=300)
        compare(place, results, "graceful restart, a map", server, n, lambda turn: server.graceful)
        compare(place, results, "map swapped", server, n,
                versions(path, lambda word: map_lines("literal", n, word)))
        told = Client(server.port).ask(rules.request("literal", n - 1))[1]
        if "-version" not in told:
            raise RuntimeError("seconds after the swap the old map still answers: " + told)
    finally:
        server.stop()


def reload_alias(place, results):
    """What a graceful restart of httpd itself does, with one rule of mod_alias."""
    server = BY_KEY["alias"].build(place, "literal", 1)
    try:
        server.start(rules.request("literal", 0))
        compare(place, results, "graceful restart, mod_alias", server, 1, lambda turn: server.graceful)
    finally:
        server.stop()


def edit_htaccess(place, results, n):
    path = place.htdocs + "/.htaccess"
    lines = lambda word: ("Redirect307 %s %s%s" % (rules.literal(i), rules.literal_to(i), word)
                          for i in range(n))
    server = httpd(place, ["redirect307"], [], override="FileInfo")
    try:
        swap(path, lines(""))
        time.sleep(2.2)
        server.start(rules.request("literal", 0))
        compare(place, results, ".htaccess edited", server, n, versions(path, lines))
    finally:
        server.stop()
        if os.path.exists(path):
            os.remove(path)


def swaps(place, results, maps=50, turns=20):
    """A thousand swaps: a file is looked at once a second, so fifty files twenty times. Memory
    is compared after the first quarter, when the arena has seen its working size."""
    server = httpd(place, ["redirect307"], [])
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
        results.add("reload", "swaps", "literal", maps * turns, "grown", grown)
        say("%d swaps: %+.2f MiB after the first quarter" % (maps * turns, grown))
    finally:
        server.stop()

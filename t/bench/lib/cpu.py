# SPDX-License-Identifier: Apache-2.0
"""Run time of servers as they are run, with all their processes: all of them stand at once and
are asked in turn, so that what else the machine does meets each; of the turns the least."""
import json
import re
import subprocess

import mixed
import rules
from peers import LINEAR, PEERS
from tools import guarded, say, which

# Sent by wrk: rule number (any below `count`) in a path of the pattern, or a page.
SCRIPT = """
local count, pattern = %d, "%s"
if pattern == "shop" then
  request = function()
    local n = math.random(0, count - 1)
    return wrk.format("GET", string.format("/shop/c%%02d/item-%%07d.html", n %% 97, n))
  end
elseif pattern == "blog" then
  request = function()
    return wrk.format("GET", string.format("/blog-%%07d/17/page.html", math.random(0, count - 1)))
  end
else
  request = function() return wrk.format("GET", pattern) end
end
"""
# Or of a list, one after the other.
LISTED = """
local list, at = {}, 0
init = function()
%s
end
request = function()
  at = at %% #list + 1
  return list[at]
end
"""
DONE = """
done = function(summary)
  io.write(string.format("BENCH %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""
KINDS = (("literal", "shop", 3, 1), ("regex", "blog", 2, 1))    # rounds of hits, of misses


def listed(asked):
    """asked: (path, host, headers), of headers one line at most."""
    out = []
    for path, host, headers in asked:
        name, _, value = headers.strip().partition(": ")
        out.append('  list[#list + 1] = wrk.format("GET", %s, {["Host"]=%s%s})' % (
            json.dumps(path), json.dumps(host), ", [%s]=%s" % (json.dumps(name), json.dumps(value)) if name else ""))
    return LISTED % "\n".join(out)


def load(place, port, script, seconds, connections=8):
    """Requests, and how many in a second."""
    path = place.write("wrk.lua", script + DONE)
    done = subprocess.run([which("wrk"), "-t1", "-c%d" % connections, "-d%gs" % seconds, "-s", path,
                           "http://127.0.0.1:%d" % port], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    found = re.search(r"^BENCH (\d+) (\d+) (\d+)$", done.stdout, re.M)
    # a kept connection may end between two requests, which wrk calls an error
    if not found or int(found.group(3)) > 1 + int(found.group(1)) / 100:
        raise RuntimeError("wrk: " + (done.stdout.strip().splitlines() or ["nothing"])[-1])
    requests, duration = int(found.group(1)), int(found.group(2))
    return requests, requests / duration * 1e6


def spend(place, server, script, seconds=1):
    """Microseconds of run time a request, and requests a second."""
    before = server.run_time()
    requests, rate = load(place, server.port, script, seconds)
    return (server.run_time() - before) / max(1, requests), rate


def chosen(gone, kind, most):
    """Peers with the number of their rules: one, and the most that ends in time."""
    for peer in PEERS:
        if peer.key in gone or kind not in peer.limits:
            continue
        largest = min(most, peer.limits[kind], 10000 if peer.key in LINEAR else most)
        if peer.key == "rewritemap":
            largest = 1000              # beyond it a new key takes milliseconds to a minute
        for n in sorted({1, largest}):
            yield peer, n


def part(place, results, gone, most):
    for kind, pattern, hits, misses in KINDS:
        rows = [(peer.key, peer.what, n, peer.build) for peer, n in chosen(gone, kind, most)]
        guarded(results, "run time of " + kind, in_turn, place, results, kind, rows, rules.request(kind, 0), (
            ("random", lambda n, pattern=pattern: SCRIPT % (n, pattern), hits),
            ("miss", lambda n: SCRIPT % (n, rules.PAGE), misses)))
    rows = [(key, what, mixed.HOSTS * mixed.EACH, lambda place, kind, n, key=key: mixed.build(place, key))
            for key, what, _, _, _ in mixed.SERVERS]
    script = listed(mixed.requests(1000))
    guarded(results, "run time of the mixed set", in_turn, place, results, "mixed", rows, rules.PAGE,
            (("random", lambda n: script, 4),))


def in_turn(place, results, kind, rows, first, requests):
    """rows: key, words, number of rules, what builds it."""
    servers = []
    try:
        for key, what, n, build in rows:
            server = guarded(results, "run time of %s, %d %s" % (what, n, kind), started, place,
                             build, kind, n, first)
            if server:
                servers.append((key, what, n, server))
        for request, script, rounds in requests:
            best = {}
            for _ in range(rounds):
                for key, what, n, server in servers:
                    cpu, rate = spend(place, server, script(n))
                    old = best.get((key, n), (cpu, rate))
                    best[key, n] = (min(cpu, old[0]), max(rate, old[1]))
            for key, what, n, _ in servers:
                cpu, rate = best[key, n]
                results.add("cpu", key, kind, n, request, cpu)
                results.add("rps", key, kind, n, request, rate)
                say("%s, %d %s, %s: %.1f us, %.0f/s" % (what, n, kind, request, cpu, rate))
    finally:
        for _, _, _, server in servers:
            server.stop()


def started(place, build, kind, n, path):
    server = build(place, kind, n)
    try:
        server.start(path, wait=300)
    except BaseException:
        server.stop()
        raise
    return server

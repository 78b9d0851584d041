# SPDX-License-Identifier: Apache-2.0
"""What is counted in instructions by kind and number of rules: hits on the first, the last and
random rules, and misses; of ours and of the peers."""
import os
import random
import subprocess
import time

import rules
from peers import BY_KEY, LINEAR, PEERS
from servers import httpd
from tools import guarded, say, side_by_side

TENS = (1, 100, 1000, 10000, 100000, 1000000)


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


def hits(kind, n, how, count=100):
    """The paths to ask: the same one, or as many different ones as there are."""
    if how == "first":
        return [rules.request(kind, 0)]
    if how == "last":
        return [rules.request(kind, n - 1)]
    chosen = random.Random(307)
    return [rules.request(kind, chosen.randrange(n)) for _ in range(count)]


def asked(peer, n):
    """Which requests tell something of so many rules of this server."""
    yield "last"
    if n > 1 and peer.key.startswith("ours"):
        yield "first"
    # a file that is read line by line costs seconds under callgrind when it is long
    if n >= 100 and not (peer.key == "rewritemap" and n > 1000):
        yield "random"
    yield "miss"


def count_peer(place, results, peer, kind, n):
    """One server, four kinds of requests."""
    what = "%s, %d %s" % (peer.what, n, kind)
    begun = time.monotonic()
    server = peer.build(place, kind, n)
    figures = {}
    try:
        server.start(rules.request(kind, n - 1), callgrind=True, wait=600)
        server.watch()
        for how in asked(peer, n):
            # a cache of answers must not be asked twice
            few = how == "random" and peer.key == "rewritemap"
            paths = [rules.PAGE] if how == "miss" else hits(kind, n, how)
            value, count, answer = server.instructions(paths, 0 if few else 20, few)
            if answer[0] != (200 if how == "miss" else 307):
                raise RuntimeError("%s, %s: answered %d" % (what, how, answer[0]))
            results.add("ir", peer.key, kind, n, how, value, count)
            figures[how] = value
        say("%s: a hit on the last %.0f, a miss %.0f (%.0f s)"
            % (what, figures["last"], figures["miss"], time.monotonic() - begun))
    finally:
        server.stop()


def wanted(place, peer, kind, n, most):
    """A quick run takes the far end only, ours from both; of those that ask rule after rule,
    not the farthest."""
    if n > most or not peer.reaches(kind, n):
        return False
    far = min(most, peer.limits[kind], 1000 if peer.key in LINEAR else most)
    return not place.quick or n == far or (n == 1 and peer.key.startswith("ours"))


def part(place, results, gone, most):
    """The large ones first, so that none is left alone at the end."""
    jobs = [(n, kind, peer) for n in reversed(TENS) for kind in rules.KINDS for peer in PEERS
            if peer.key not in gone and wanted(place, peer, kind, n, most)]
    side_by_side([lambda n=n, kind=kind, peer=peer: guarded(
        results, "%s, %d %s" % (peer.what, n, kind), count_peer, place, results, peer, kind, n)
        for n, kind, peer in jobs], place.workers)

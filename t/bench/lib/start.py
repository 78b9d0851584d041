# SPDX-License-Identifier: Apache-2.0
"""From the start of a server to its first answer, and its memory."""
import rules
from cpu import SCRIPT, load
from peers import PEERS
from tools import guarded, say

TURNS = 3


def part(place, results, gone, most):
    for peer in PEERS:
        if peer.key in gone or peer.key in ("rewrite", "lighttpd"):
            continue
        if place.quick and not peer.key.startswith("ours") and peer.key != "alias":
            continue
        guarded(results, "start of %s" % peer.what, first_answer, place, results, peer, most)
        if peer.key.startswith("ours"):
            guarded(results, "growth of %s" % peer.what, growth, place, results, peer, most)


def first_answer(place, results, peer, n):
    """The best of three: others use the machine, too. Memory after requests that change nothing."""
    server = peer.build(place, "literal", n)
    firsts, memory = [], None
    for turn in range(TURNS):
        try:
            server.start(rules.request("literal", n - 1), wait=300)
            firsts.append(server.first)
            if turn == TURNS - 1:
                load(place, server.port, SCRIPT % (n, rules.PAGE), 1)
                memory = server.memory()
        finally:
            server.stop()
    results.add("start", peer.key, "literal", n, "first", min(firsts))
    results.add("start", peer.key, "literal", n, "memory", memory)
    say("%s, %d: first answer %.3f s, %.0f MiB" % (peer.what, n, min(firsts), memory))


def growth(place, results, peer, n):
    """By random hits at full load, without the table of hits, which grows by the rules that were
    ever hit and has a limit of its own. The first rounds fill each thread's pools; what grows
    without end grows in the last."""
    server = peer.build(place, "literal", n)
    server.add("Redirect307Hits off")
    try:
        server.start(rules.request("literal", n - 1), wait=300)
        settled = requests = None
        for _ in range(3):
            settled = server.memory()
            requests, _ = load(place, server.port, SCRIPT % (n, "shop"), 2)
        grown = server.memory() - settled
        results.add("start", peer.key, "literal", n, "grown", grown, requests)
        say("%s: %d requests later %+.2f MiB" % (peer.what, requests, grown))
    finally:
        server.stop()

# SPDX-License-Identifier: Apache-2.0
"""Shared hosting: 2 000 tenants, each with a .htaccess of 500 lines and, with ours, a map of 1 000
lines; 16 children. And 20 000 small ones, of which every answer is looked at."""
import itertools
import os
import random
import threading
import time

from cpu import listed, load
from htaccess import SETTLED
from servers import httpd
from tools import Client, guarded, say

TENANTS, LINES, MAPPED = 2000, 500, 1000
MANY, FEW_LINES = 20000, 20
ASKED = 20000                           # requests of a list, sent over and over
WARM, SECONDS, TURNS = 4, 3, 3
CHILDREN = ["StartServers 16", "ServerLimit 16", "ThreadsPerChild 25", "MaxRequestWorkers 400",
            "MinSpareThreads 400", "MaxSpareThreads 400", "MaxConnectionsPerChild 0"]

ARENA = ["Redirect307Arena 512M"]       # tenants have half of it, and their maps take 150 MiB


def old(i):
    return "/old-%03d.html" % i


def home(tenant):
    """A few hundred in one folder, as homes lie."""
    return "/%02d/t%05d" % (tenant // 250, tenant)


def furnish(place, server, directive, tenants, lines, mapped):
    """The same lines for both but for the directive's name, with whole paths."""
    for tenant in range(tenants):
        where = home(tenant)
        text = ["%s %s%s %s/new-%05d-%03d" % (directive, where, old(i), where, tenant, i) for i in range(lines)]
        if mapped:
            text.append("Redirect307Map own.map")
            place.write(server.htdocs + where + "/own.map",
                        ("%s/m%s %s/mapped-%05d-%04d" % (where, old(i), where, tenant, i) for i in range(mapped)))
        place.write(server.htdocs + where + "/.htaccess", text)
        place.write(server.htdocs + where + "/page.html", "x")


def requests(how):
    """Half of them hits, of tenants at random or by Zipf: the n-th is asked 1/n as often as the first."""
    chosen = random.Random(307)
    order = list(range(TENANTS))
    chosen.shuffle(order)
    weights = list(itertools.accumulate(1 / n for n in range(1, TENANTS + 1))) if how == "zipf" else None
    for n in range(ASKED):
        tenant = chosen.choices(order, cum_weights=weights)[0]
        page = "/page.html" if n % 2 else old(chosen.randrange(LINES))
        yield home(tenant) + page, "localhost", ""


def part(place, results):
    guarded(results, "2 000 tenants", side, place, results)
    guarded(results, "20 000 tenants", every_answer, place, results)


def served(place, key, tenants, lines, mapped):
    module, directive = ("redirect307", "Redirect307") if key == "ours" else ("alias", "Redirect 307")
    server = httpd(place, [module], CHILDREN + (ARENA if key == "ours" else []), override="FileInfo")
    furnish(place, server, directive, tenants, lines, mapped if key == "ours" else 0)
    return server


def side(place, results):
    """Both stand and are asked in turn; of the turns the least. Memory when all was asked, and what
    it grows by from the first turn to the last."""
    servers = {}
    try:
        for key in ("ours", "alias"):
            servers[key] = served(place, key, TENANTS, LINES, MAPPED)
        time.sleep(SETTLED)
        for key, server in servers.items():
            server.start(home(0) + "/page.html", wait=300)
            if key == "ours":
                ask_maps(server)
        for how in ("random", "zipf"):
            script, least = listed(requests(how)), {}
            for turn in range(TURNS + 1):
                for key, server in servers.items():
                    before = server.run_time()
                    asked, _ = load(place, server.port, script, SECONDS if turn else WARM, 32)
                    cpu = (server.run_time() - before) / asked
                    if turn:
                        least[key] = min(cpu, least.get(key, cpu))
                    elif how == "random":
                        results.add("tenants", key, "", 0, "early", server.memory())
            for key, cpu in least.items():
                results.add("tenants", key, "", 0, how, cpu)
                say("2 000 tenants, %s, %s: %.1f us a request" % (key, how, cpu))
        for key, server in servers.items():
            memory = server.memory()
            results.add("tenants", key, "", 0, "memory", memory)
            results.add("tenants", key, "", 0, "grown", memory - results.of("tenants")[key]["early"])
            say("2 000 tenants, %s: %.0f MiB" % (key, memory))
    finally:
        for server in servers.values():
            server.stop()


def ask_maps(server):
    """Once of each tenant, so that all maps are there."""
    client = Client(server.port)
    for tenant in range(TENANTS):
        status, to = client.ask("%s/m%s" % (home(tenant), old(7)))
        if status != 307 or not to.endswith("mapped-%05d-0007" % tenant):
            raise RuntimeError("the map of tenant %d: answered %s %s" % (tenant, status, to))
    client.close()


def every_answer(place, results):
    """Each tenant twice, at first sight and when it was seen, by four clients."""
    server = served(place, "ours", MANY, FEW_LINES, 0)
    asked, wrong = [], []

    def ask(first):
        client, chosen = Client(server.port), random.Random(first)
        for tenant in itertools.chain(range(first, MANY, 4), range(first, MANY, 4)):
            i = chosen.randrange(FEW_LINES)
            try:
                status, to = client.ask(home(tenant) + old(i))
            except OSError:             # a child whose workers are all busy ends what is kept
                client = Client(server.port)
                status, to = client.ask(home(tenant) + old(i))
            asked.append(tenant)
            if status != 307 or not to.endswith("/new-%05d-%03d" % (tenant, i)):
                wrong.append("tenant %d: %s %s" % (tenant, status, to))
        client.close()

    try:
        time.sleep(SETTLED)
        server.start(home(0) + "/page.html")
        clients = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        results.add("tenants", "ours", "", 0, "wrong", len(wrong), len(asked))
        say("%d tenants: %d answers, %d wrong%s" % (MANY, len(asked), len(wrong), wrong and ", " + wrong[0] or ""))
        if wrong:
            results.note("of %d tenants: %s; %s" % (MANY, wrong[0], server.logs()))
    finally:
        server.stop()
        os.sync()                       # so that what follows does not meet these files on their way

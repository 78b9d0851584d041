# SPDX-License-Identifier: Apache-2.0
"""What is counted of .htaccess files: by their number of lines, with other modules' lines among
them, and what a line costs where it is read at each request."""
import time

import rules
from servers import httpd
from tools import Client, guarded, say, side_by_side

SETTLED = 2.2                           # a file that stood still for so long is surely compiled
SIZES = (0, 1, 100, 1000, 10000)
UNCACHED = (1, 101)                     # the difference is what a hundred lines cost


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


def cases(quick, most):
    """Who, modules, lines of the server, kind, number, lines of the file."""
    ours, alias = ["redirect307"], ["alias"]
    for n in SIZES:
        if n > most or (quick and n not in (0, 10000)):
            continue
        comment = ["# a comment"]
        yield "ours", ours, [], "htaccess", n, list(tenant_lines("Redirect307", n)) or comment
        # one request of mod_alias that reads 10 000 lines takes a minute under callgrind
        if n <= 1000 or not quick:
            yield "alias", alias, [], "htaccess", n, list(tenant_lines("Redirect 307", n)) or comment
        if n <= 1000:
            yield "aliasmatch", alias, [], "htaccess", n, list(
                tenant_lines("RedirectMatch 307", n, True)) or comment
    for foreign, own in ((100, 0), (100, 100), (100, 10000)):
        if own <= most:
            yield "ours", ours + ["headers"], [], "mixed", own, list(mixed_lines(foreign, own))
    for n in UNCACHED:
        yield "ours", ours, ["Redirect307HtaccessCache off"], "uncached", n, list(tenant_lines("Redirect307", n))
        yield "alias", alias, [], "uncached", n, list(tenant_lines("Redirect 307", n))


def part(place, results, most):
    side_by_side([lambda one=one: guarded(
        results, ".htaccess, %s, %s, %d lines" % (one[0], one[3], one[4]), count, place, results, *one)
        for one in sorted(cases(place.quick, most), key=lambda one: -one[4])], place.workers)


def settle(server, dear):
    """Until the file is served compiled, which takes its time under callgrind; what it costs when
    it never is, is seen then."""
    client = Client(server.port, 600)
    for turn in range(20):
        client.ask(rules.PAGE)
        server.dumped()
        client.ask(rules.PAGE)
        if server.dumped()[0] < dear and turn > 1:
            break
        time.sleep(SETTLED / 2)
    client.close()


def count(place, results, who, modules, lines, kind, n, file):
    server = httpd(place, modules, lines, override="FileInfo")
    place.write(server.htdocs + "/.htaccess", file)
    # under callgrind one request that reads 10 000 lines takes a minute
    few = n * (who != "ours") >= 10000
    try:
        server.start(rules.PAGE, callgrind=True)
        server.watch()
        if who == "ours" and kind != "uncached":
            settle(server, 1000000 if kind == "mixed" else 200000)
        requests = [("miss", rules.PAGE, 200)]
        if n and kind != "uncached":
            requests += [("first", "/old-%07d.html" % 0, 307), ("last", "/old-%07d.html" % (n - 1), 307)]
        for name, path, status in requests:
            value, number, answer = server.instructions([path], 3 if few else 20, few)
            if answer[0] != status:
                raise RuntimeError("%s: answered %d, expected %d" % (name, answer[0], status))
            results.add("htaccess", who, kind, n, name, value, number)
        say(".htaccess, %s, %s, %d lines, %s: %.0f" % (who, kind, n, name, value))
    finally:
        server.stop()

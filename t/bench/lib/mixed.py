# SPDX-License-Identifier: Apache-2.0
"""A set as servers have it: 50 virtual hosts with 200 rules each, of which 30 % are regexes and
15 % have conditions. Half of the requests are for no rule. mod_alias has no conditions, so it
gets the same rules without them."""
import random

import rules
from servers import httpd
from tools import Client, guarded, say, side_by_side

HOSTS, EACH, REQUESTS = 50, 200, 100


class Rule:
    """One rule, a request that it answers, and its condition if it has one."""

    def __init__(self, host, i):
        self.host, self.regex, self.target = "www%02d.example.org" % host, None, "/new/%02d-%03d" % (host, i)
        self.path, self.query, self.headers, self.option, self.cond = None, "", "", "", None
        if i % 10 < 7:
            self.path = "/shop-%02d/item-%03d.html" % (host, i)
        elif i % 10 == 7:
            self.regex, self.path = "^/blog-%03d/([0-9]+)/(.*)$" % i, "/blog-%03d/17/page.html" % i
            self.target += "/$1/$2"
        elif i % 10 == 8:
            self.regex, self.path = "^/([a-z]+)/article-%03d/?$" % i, "/english/article-%03d/" % i
            self.target += "/$1"
        else:
            self.regex = "^/news/([0-9][0-9][0-9][0-9])/%03d-([a-z-]+)\\.html$" % i
            self.path, self.target = "/news/2019/%03d-the-old-house.html" % i, self.target + "/$1/$2"
        if i % 20 == 0:
            self.query, self.option = "?id=%d" % i, "args=id=%d" % i
            self.cond = "%%{QUERY_STRING} (^|&)id=%d(&|$)" % i
        elif i % 20 == 5:
            self.option, self.cond = "method=GET,HEAD", "%{REQUEST_METHOD} ^(GET|HEAD)$"
        elif i % 20 == 7:
            self.headers, self.option = "Cookie: beta=yes\r\n", "cookie=beta=yes"
            self.cond = "%{HTTP_COOKIE} \"(^|; )beta=yes(;|$)\""

    def ours(self):
        return ["Redirect307%s %s %s %s" % ("Match" if self.regex else "", self.regex or self.path,
                                            self.target, self.option)]

    def alias(self):
        if self.regex:
            return ["RedirectMatch 307 %s %s" % (self.regex, self.target)]
        return ["Redirect 307 %s %s" % (self.path, self.target)]

    def rewrite(self):
        source = self.regex or "^%s$" % self.path.replace(".", "\\.")
        return (["RewriteCond " + self.cond] if self.cond else []) + \
            ["RewriteRule %s %s [R=307,L]" % (source, self.target)]

    def request(self):
        return self.path + self.query, self.host, self.headers


SERVERS = (("ours", "ours", "redirect307", Rule.ours, ()),
           ("alias", "mod_alias, without the conditions", "alias", Rule.alias, ()),
           ("rewrite", "mod_rewrite", "rewrite", Rule.rewrite, ("RewriteEngine On",)))


def requests(count=REQUESTS):
    """Random rules of random hosts, and in turn with them the page that no rule is about."""
    chosen = random.Random(307)
    for _ in range(count // 2):
        rule = Rule(chosen.randrange(HOSTS), chosen.randrange(EACH))
        yield rule.request()
        yield rules.PAGE, rule.host, rule.headers


def build(place, key):
    _, _, module, lines, before = next(row for row in SERVERS if row[0] == key)
    server = httpd(place, [module], [])
    for host in range(HOSTS):
        server.add("<VirtualHost *:%d>" % server.port, "ServerName www%02d.example.org" % host,
                   'DocumentRoot "%s"' % place.htdocs, *before)
        server.add(*[line for i in range(EACH) for line in lines(Rule(host, i))], "</VirtualHost>")
    return server


def part(place, results):
    side_by_side([lambda key=row[0], what=row[1]: guarded(
        results, "the mixed set, " + what, count, place, results, key, what)
        for row in SERVERS], place.workers)


def check(server, what):
    """Whether it answers what the others answer, before anything is counted."""
    client = Client(server.port, 600)
    for n, request in enumerate(requests()):
        status, location = client.ask(*request)
        if status != (200 if n % 2 else 307):
            raise RuntimeError("%s: %s%s answered %d %s" % (what, request[1], request[0], status, location))
    client.close()


def count(place, results, key, what):
    server = build(place, key)
    try:
        server.start(rules.PAGE, callgrind=True)
        check(server, what)
        server.watch()
        value, number, _ = server.instructions(list(requests()), warm=REQUESTS)
        results.add("mixed", key, "mixed", HOSTS * EACH, "instructions", value, number)
        say("%d hosts x %d rules, %s: %.0f" % (HOSTS, EACH, what, value))
    finally:
        server.stop()

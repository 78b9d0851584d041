# SPDX-License-Identifier: Apache-2.0
"""Each server beside which ours is measured: what it is called, how far it goes, and how its
configuration for a kind and a number of rules is written."""
import os
import subprocess

import rules
from servers import Server, httpd
from tools import free_port, which

MILLION = 1000000


class Peer:
    """One of them. limits: the largest number of rules for a kind; beyond it one request takes minutes, or
    the start does. what: the words of the tables."""

    def __init__(self, key, what, limits, build):
        self.key, self.what, self.limits, self.build = key, what, limits, build

    def reaches(self, kind, n):
        return n <= self.limits.get(kind, 0)


# ---- httpd ------------------------------------------------------------------------------

def ours_lines(place, kind, n):
    if kind == "literal":
        lines = ("Redirect307 %s %s" % (rules.literal(i), rules.literal_to(i)) for i in range(n))
    else:
        lines = ("Redirect307Match %s %s" % pair for pair in rules.pairs(kind, n))
    return httpd(place, ["redirect307"], lines)


def map_lines(kind, n, word=""):
    """word: what makes one version of a map differ from another."""
    if kind == "literal":
        return ("%s %s%s" % (rules.literal(i), rules.literal_to(i), word) for i in range(n))
    return ("%s %s%s match=regex" % (pair + (word,)) for pair in rules.pairs(kind, n))


def ours_map(place, kind, n):
    server = httpd(place, ["redirect307"], [])
    path = os.path.join(server.folder, "rules.map")
    place.write(path, map_lines(kind, n))
    server.add('Redirect307Map "%s"' % path)
    return server


def ours_image(place, kind, n):
    server = httpd(place, ["redirect307"], [])
    path = os.path.join(server.folder, "rules.map")
    image = os.path.join(server.folder, "rules.r307")
    place.write(path, map_lines(kind, n))
    subprocess.run([place.ctl, "compile", "-o", image, path], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server.add('Redirect307Map "%s"' % image)
    return server


def alias(place, kind, n):
    if kind == "literal":
        lines = ("Redirect 307 %s %s" % (rules.literal(i), rules.literal_to(i)) for i in range(n))
    else:
        lines = ("RedirectMatch 307 %s %s" % pair for pair in rules.pairs(kind, n))
    return httpd(place, ["alias"], lines)


def rewrite_rule(place, kind, n):
    lines = ("RewriteRule %s %s [R=307,L]" % pair for pair in rules.pairs(kind, n))
    return httpd(place, ["rewrite"], lines, before=["RewriteEngine On"])


def rewrite_map(place, n, dbm):
    server = httpd(place, ["rewrite"], [])
    path = os.path.join(server.folder, "map.txt")
    place.write(path, ("%s %s" % (rules.literal(i), rules.literal_to(i)) for i in range(n)))
    source = "txt:" + path
    if dbm:
        source = "dbm=db:" + os.path.join(server.folder, "map.db")
        subprocess.run([which("httxt2dbm"), "-f", "DB", "-i", path, "-o", source.split(":", 1)[1]],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.chmod(source.split(":", 1)[1], 0o644)
    server.add("RewriteEngine On", 'RewriteMap m "%s"' % source,
               "RewriteCond ${m:%{REQUEST_URI}} ^(.+)$", "RewriteRule ^ %1 [R=307,L]")
    return server


# ---- others -----------------------------------------------------------------------------

def nginx(place, kind, n):
    folder, port = place.fresh(), free_port()
    if kind == "literal":
        entries = ("%s %s;" % (rules.literal(i), rules.literal_to(i)) for i in range(n))
    else:
        entries = ('"~%s" "%s";' % pair for pair in rules.pairs(kind, n))
    place.write(os.path.join(folder, "map"), entries)

    def conf(single):
        text = ["daemon off;", "pid %s/pid;" % folder, "error_log %s/log warn;" % folder,
                "master_process %s;" % ("off" if single else "on"), "pcre_jit on;"]
        text += ["user nobody nogroup;", "worker_processes auto;"] if not single else []
        text += ["events { worker_connections 256; }", "http {", "access_log off;",
                 "keepalive_requests 100000000;", "keepalive_timeout 600s;", "server_tokens off;", "sendfile off;"]
        text += ["%s_temp_path %s/t;" % (name, folder)
                 for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
        text += ["map_hash_max_size %d;" % max(2048, 2 * n), "map_hash_bucket_size 256;",
                 'map $uri $to { default ""; include %s/map; }' % folder,
                 "server { listen 127.0.0.1:%d; root %s;" % (port, place.htdocs),
                 "absolute_redirect off;", "if ($to) { return 307 $to; } } }"]
        return place.write(os.path.join(folder, "conf"), text)
    return Server(folder, port, lambda single: [which("nginx"), "-c", conf(single), "-p", folder,
                                                "-e", folder + "/log"])


def haproxy(place, kind, n):
    folder, port = place.fresh(), free_port()
    if kind == "literal":
        entries = ("%s %s" % (rules.literal(i), rules.literal_to(i)) for i in range(n))
        lookup = "map_str"
    else:
        entries = ("%s %s" % pair for pair in rules.pairs(kind, n, "\\%d"))
        lookup = "map_regm"
    path = place.write(os.path.join(folder, "map"), entries)

    def conf(single):
        return place.write(os.path.join(folder, "conf"), [
            "global", " maxconn 256", " nbthread 1" if single else "",
            "defaults", " mode http", " timeout client 600s", " timeout server 600s",
            " timeout connect 5s", "frontend f", " bind 127.0.0.1:%d" % port,
            " http-request set-var(txn.to) path,%s(%s)" % (lookup, path),
            " http-request redirect location %[var(txn.to)] code 307 if { var(txn.to) -m found }",
            ' http-request return status 200 content-type text/plain string "x"'])
    return Server(folder, port, lambda single: [which("haproxy"), "-db", "-f", conf(single)])


def lighttpd(place, kind, n):
    folder, port = place.fresh(), free_port()
    entries = ',\n'.join('"%s" => "%s"' % pair for pair in rules.pairs(kind, n))
    path = place.write(os.path.join(folder, "conf"), [
        'server.modules = ( "mod_redirect" )', 'server.document-root = "%s"' % place.htdocs,
        'server.bind = "127.0.0.1"', "server.port = %d" % port,
        'server.errorlog = "%s/log"' % folder, "server.max-keep-alive-requests = 100000000",
        "server.max-keep-alive-idle = 600", "server.max-read-idle = 600",
        'mimetype.assign = ( ".html" => "text/html" )',
        "url.redirect-code = 307", "url.redirect = ( %s )" % entries])
    return Server(folder, port, lambda single: [which("lighttpd"), "-D", "-f", path])


LINEAR_REGEX = {"regex": 1000, "bare": 1000}
OWN_REGEX = {"regex": 10000, "behind": 10000, "bare": 1000}
LINEAR = ("alias", "rewrite", "lighttpd")       # they ask one rule after the other

PEERS = [
    Peer("ours", "ours: lines", dict(OWN_REGEX, literal=MILLION), ours_lines),
    Peer("ours-map", "ours: map", dict(OWN_REGEX, literal=MILLION), ours_map),
    Peer("ours-image", "ours: compiled map", {"literal": MILLION}, ours_image),
    Peer("alias", "mod_alias", dict(LINEAR_REGEX, literal=100000), alias),
    Peer("rewrite", "mod_rewrite: RewriteRule", dict(LINEAR_REGEX, literal=10000), rewrite_rule),
    Peer("rewritemap", "mod_rewrite: RewriteMap txt", {"literal": MILLION},
         lambda place, kind, n: rewrite_map(place, n, False)),
    Peer("rewritedbm", "mod_rewrite: RewriteMap dbm", {"literal": MILLION},
         lambda place, kind, n: rewrite_map(place, n, True)),
    Peer("nginx", "nginx: map", dict(LINEAR_REGEX, literal=MILLION), nginx),
    Peer("haproxy", "HAProxy: map", dict(LINEAR_REGEX, literal=MILLION), haproxy),
    Peer("lighttpd", "lighttpd: url.redirect", dict(LINEAR_REGEX, literal=10000), lighttpd),
]
BY_KEY = {peer.key: peer for peer in PEERS}

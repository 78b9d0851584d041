#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What clients feel of a restart: this module beside mod_alias, and nginx where it is there.

    t/bench/reload.py                        a table, and build/bench/reload.json
    t/bench/reload.py --only 'mod_alias' --rounds 1 --lines 10000 --map 10000

All servers run at once and are restarted in turn, round after round, so that one run holds all
that is compared. Four connections ask once in five milliseconds each; a request that finds its
connection closed is sent again, and its time goes on. Of each round: the slowest request, the
requests that were answered in the worst second, how long the parent was not there for its
children by its own log (from the signal until it waits again), and how long it ran meanwhile by
the scheduler's count, which a busy machine does not move as it does the others. The table has
the least of the rounds, of requests a second the most.
"""
import argparse
import concurrent.futures
import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
APART = 0.005
CONNECTIONS = 4
BEFORE, AFTER = 2.0, 4.0                # seconds of a round, the signal between them
LOADED = ("mpm_event", "authz_core", "unixd", "alias")


def say(text):
    print(text, file=sys.stderr, flush=True)


def which(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


def read_env(path):
    with open(path, encoding="utf-8") as file:
        return dict(re.findall(r"^([A-Z_]+)='(.*)'$", file.read(), re.M))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def source(n):
    return "/shop/c%02d/item-%07d.html" % (n % 97, n)


def write(path, lines):
    """A new file each time, moved into place as the manual says."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    os.rename(path + ".new", path)
    return path


# ---- servers ----------------------------------------------------------------------------

class Server:
    """One that is restarted; argv(folder, port) writes what it reads and says how it starts."""

    def __init__(self, name, folder, argv, how, path):
        self.name, self.folder, self.how, self.path = name, folder, how, path
        self.port = free_port()
        self.change = None              # called before each restart
        self.rows = []
        os.makedirs(folder)
        self.argv = argv(self)
        self.process = None

    def start(self):
        with open(self.folder + "/said", "wb") as output:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output)
        begun = time.monotonic()
        while self.process.poll() is None and time.monotonic() - begun < 300:
            try:                        # a connection alone is taken before anybody serves
                with socket.create_connection(("127.0.0.1", self.port), 300) as client:
                    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    if client.recv(16):
                        return
            except OSError:
                time.sleep(0.01)
        with open(self.folder + "/said", encoding="utf-8", errors="replace") as file:
            raise RuntimeError("%s did not start\n%s" % (self.name, file.read()))

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def parent_ran(self):
        """Seconds, of the parent's one thread."""
        with open("/proc/%d/schedstat" % self.process.pid, encoding="utf-8") as file:
            return int(file.read().split()[0]) / 1e9

    def away(self):
        """Seconds between the last signal and the parent's waiting again; None: not logged."""
        try:
            with open(self.folder + "/error_log", encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            return None
        at = {}
        for word, pattern in (("came", r"AH00493"), ("waits", r"AH00489")):
            found = re.findall(r"^\[\w+ \w+ \d+ (\d+):(\d+):([\d.]+) .*" + pattern, text, re.M)
            if not found:
                return None
            hour, minute, second = found[-1]
            at[word] = int(hour) * 3600 + int(minute) * 60 + float(second)
        return (at["waits"] - at["came"]) % 86400


def httpd(env, lines, with_ours):
    """lines: an iterable, or a function of the server."""
    def argv(server):
        query = lambda name: subprocess.check_output([env["APXS"], "-q", name], text=True).strip()
        libexec = query("LIBEXECDIR")
        loads = ['LoadModule %s_module "%s/mod_%s.so"' % (name, libexec, name) for name in LOADED
                 if os.path.exists("%s/mod_%s.so" % (libexec, name))]
        if with_ours:
            loads.append('LoadModule redirect307_module "%s"' % env["MODULE"])
        own = ["ServerRoot " + server.folder, "Listen 127.0.0.1:%d" % server.port,
               "ServerName localhost", "PidFile %s/pid" % server.folder, "LogLevel notice",
               "DefaultRuntimeDir " + server.folder, "ErrorLog %s/error_log" % server.folder,
               "DocumentRoot " + server.folder, "KeepAlive On", "MaxKeepAliveRequests 0"]
        if os.geteuid() == 0:
            own += ["User nobody", "Group nogroup"]
        text = lines(server) if callable(lines) else lines
        write(server.folder + "/conf", loads + own + list(text))
        return [os.path.join(query("SBINDIR"), query("PROGNAME")), "-DFOREGROUND", "-f",
                server.folder + "/conf"]
    return argv


def rules(directive, count):
    return ("%s 307 %s /to/%07d" % (directive, source(n), n) if directive == "Redirect"
            else "%s %s /to/%07d" % (directive, source(n), n) for n in range(count))


def map_file(server, count, word=""):
    return write(server.folder + "/rules.map",
                 ("%s /to/%07d%s" % (source(n), n, word) for n in range(count)))


def with_map(count):
    """A file that stood still for long, so that the start does not wait for it."""
    def lines(server):
        path = map_file(server, count)
        os.utime(path, (time.time() - 60,) * 2)
        return ['Redirect307Map "%s"' % path]
    return lines


def nginx(count):
    def argv(server):
        write(server.folder + "/map", ("%s /to/%07d;" % (source(n), n) for n in range(count)))
        write(server.folder + "/conf", [
            "daemon off;", "worker_processes 2;", "pid %s/pid;" % server.folder,
            "error_log %s/log;" % server.folder, "user nobody nogroup;" if os.geteuid() == 0 else "",
            "events { worker_connections 512; }", "http {", "access_log off;",
            "map_hash_max_size 4194304; map_hash_bucket_size 128;",
            "client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f;"
            % ((server.folder,) * 3),
            "uwsgi_temp_path %s/u; scgi_temp_path %s/s;" % ((server.folder,) * 2),
            "map $uri $to { default ''; include %s/map; }" % server.folder,
            "server { listen 127.0.0.1:%d; if ($to) { return 307 $to; } }" % server.port, "}"])
        return [which("nginx"), "-p", server.folder, "-c", server.folder + "/conf"]
    return argv


# ---- the client -------------------------------------------------------------------------

class Connection:
    def __init__(self, port, request, begins):
        self.port, self.request = port, request
        self.socket, self.got = None, b""
        self.due, self.asked_at = begins, None

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def close(self, selector):
        if self.socket:
            selector.unregister(self.socket)
            self.socket.close()
            self.socket = None
            self.got = b""


class Load:
    """What was answered, and when."""

    def __init__(self, port, path):
        request = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode()
        begun = time.monotonic()
        self.selector = selectors.DefaultSelector()
        self.connections = [Connection(port, request, begun + n * APART / CONNECTIONS)
                            for n in range(CONNECTIONS)]
        self.ends, self.took = [], []   # seconds
        self.again = self.failed = 0

    def send(self, connection):
        """A connection that its server ended is made again; the request's time goes on."""
        for _ in range(100):
            try:
                if not connection.socket:
                    connection.connect()
                    self.selector.register(connection.socket, selectors.EVENT_READ, connection)
                connection.socket.sendall(connection.request)
                return
            except OSError:
                self.again += 1
                connection.close(self.selector)
                time.sleep(0.001)
        self.failed += 1

    def receive(self, connection, now):
        try:
            got = connection.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            got = b""
        if not got:
            had = connection.got
            connection.close(self.selector)
            if connection.asked_at is not None:
                self.again += 1
                self.failed += bool(had)
                self.send(connection)
            return
        connection.got += got
        head, end, body = connection.got.partition(b"\r\n\r\n")
        length = re.search(rb"^content-length: *(\d+)", head, re.I | re.M)
        if not end or len(body) < (int(length.group(1)) if length else 0):
            return
        self.failed += not head.startswith(b"HTTP/1.1 307")
        self.ends.append(now)
        self.took.append(now - connection.asked_at)
        connection.asked_at, connection.got = None, b""
        connection.due = max(connection.due + APART, now)
        if re.search(rb"^connection: *close", head, re.I | re.M):
            connection.close(self.selector)

    def run(self, seconds, event=None, at=0.0):
        """The event in a thread of its own: to move a file over one of 60 MB takes 20 ms and
        more, in which nothing would be sent or read here."""
        begun = time.monotonic()
        happens = None
        while True:
            now = time.monotonic()
            if event and now - begun >= at:
                happens = concurrent.futures.ThreadPoolExecutor(1).submit(event)
                event = None
            if now - begun >= seconds and all(c.asked_at is None for c in self.connections):
                break
            if now - begun > seconds + 60:
                self.failed += 1
                break
            for connection in self.connections:
                if connection.asked_at is None and now >= connection.due and now - begun < seconds:
                    connection.asked_at = now
                    self.send(connection)
            due = [c.due for c in self.connections if c.asked_at is None]
            wait = max(min(due + [now + 0.02]) - now, 0)
            for key, _ in self.selector.select(wait):
                self.receive(key.data, time.monotonic())
        for connection in self.connections:
            connection.close(self.selector)
        if happens:
            happens.result()
        return self

    def worst_second(self, begun, ended):
        """The fewest answers of any second in that time."""
        least, first, last = len(self.ends), 0, 0
        at = begun
        while at + 1 <= ended:
            while first < len(self.ends) and self.ends[first] < at:
                first += 1
            last = max(last, first)
            while last < len(self.ends) and self.ends[last] < at + 1:
                last += 1
            least = min(least, last - first)
            at += 0.01
        return least


def one_round(server):
    if server.change:
        server.change()
    ran = []

    def restart():
        ran.append(server.parent_ran())
        server.process.send_signal(server.how)
    begun = time.monotonic()
    load = Load(server.port, server.path).run(BEFORE + AFTER, restart, BEFORE)
    ended = time.monotonic()
    quiet = [took for took, end in zip(load.took, load.ends) if end < begun + BEFORE]
    return {"slowest": max(load.took) * 1e3, "median": sorted(load.took)[len(load.took) // 2] * 1e3,
            "quiet": max(quiet) * 1e3, "second": load.worst_second(begun + 0.2, ended),
            "away": None if server.away() is None else server.away() * 1e3,
            "ran": (server.parent_ran() - ran[0]) * 1e3, "failed": load.failed,
            "again": load.again, "requests": len(load.took), "load": os.getloadavg()[0]}


# ---- the table --------------------------------------------------------------------------

FIGURES = (("slowest", "slowest request, ms", min), ("second", "answers in the worst second", max),
           ("away", "parent away, ms", min), ("ran", "parent ran, ms", min), ("failed", "failed", max))


def summary(server):
    row = {"what": server.name}
    for name, _, least in FIGURES:
        values = [figures[name] for figures in server.rows if figures[name] is not None]
        row[name] = least(values) if values else None
    return row


def table(rows):
    yield "| | " + " | ".join(title for _, title, _ in FIGURES) + " |"
    yield "| --- |" + " ---: |" * len(FIGURES)
    for row in rows:
        yield "| %s | %s |" % (row["what"], " | ".join(
            "" if row[name] is None else "%.0f" % row[name] for name, _, _ in FIGURES))


def make_servers(place, env, given):
    lines, many = given.lines, given.map
    made = [
        ("mod_alias, 1 line", httpd(env, rules("Redirect", 1), False), source(0)),
        ("ours, 1 line", httpd(env, rules("Redirect307", 1), True), source(0)),
        ("mod_alias, %d lines" % lines, httpd(env, rules("Redirect", lines), False), source(0)),
        ("ours, %d lines" % lines, httpd(env, rules("Redirect307", lines), True), source(0)),
        ("ours, a map of %d, unchanged" % many, httpd(env, with_map(many), True), source(many - 1)),
        ("ours, a map of %d, changed before" % many, httpd(env, with_map(many), True), source(many - 1)),
    ]
    servers = []
    for number, (name, argv, path) in enumerate(made):
        if re.search(given.only, name):
            servers.append(Server(name, "%s/%d" % (place, number), argv, signal.SIGUSR1, path))
            if "changed before" in name:
                servers[-1].change = changing(servers[-1], many)
    name = "nginx, a map of %d" % many
    if which("nginx") and re.search(given.only, name):
        servers.append(Server(name, place + "/nginx", nginx(many), signal.SIGHUP, source(many - 1)))
    return servers


def changing(server, count):
    def change():
        map_file(server, count, "-%d" % len(server.rows))
    return change


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--env", default=TOP + "/build/t/env", help="what make wrote about the build")
    parser.add_argument("--out", default=TOP + "/build/bench/reload.json")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=100000)
    parser.add_argument("--map", type=int, default=1000000)
    parser.add_argument("--only", default="", help="a regex of the rows' names")
    return parser.parse_args()


def main():
    given = arguments()
    place = tempfile.mkdtemp(prefix="r307-reload.")
    os.chmod(place, 0o755)
    servers = []
    try:
        servers = make_servers(place, read_env(given.env), given)
        if not servers:
            sys.exit("reload.py: no row is called '%s'" % given.only)
        for server in servers:
            server.start()
        for turn in range(given.rounds):
            for server in servers:
                server.rows.append(one_round(server))
                say("%d  %-38s %s" % (turn + 1, server.name, json.dumps(
                    {name: round(value, 1) for name, value in server.rows[-1].items()
                     if value is not None})))
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(place, ignore_errors=True)
    rows = [summary(server) for server in servers]
    print("\n".join(table(rows)))
    os.makedirs(os.path.dirname(given.out), exist_ok=True)
    with open(given.out, "w", encoding="utf-8") as file:
        json.dump({"rows": rows, "rounds": {server.name: server.rows for server in servers}}, file,
                  indent=1)


if __name__ == "__main__":
    main()

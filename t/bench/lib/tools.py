# SPDX-License-Identifier: Apache-2.0
"""What every part of the benchmark needs: the build, the tools, a place for files, a client."""
import concurrent.futures
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

# command -> Debian package
PACKAGES = {
    "valgrind": "valgrind", "vgdb": "valgrind", "wrk": "wrk",
    "nginx": "nginx-light", "haproxy": "haproxy", "lighttpd": "lighttpd",
    "httxt2dbm": "apache2-utils",
}
# Who asks before the worker of httpd is back in its queue saves the listener's trip: an apparent
# gain that is a race. From the last byte of an answer to the next request at least:
PACE = 0.005
started = time.monotonic()


def say(text):
    """Progress goes to stderr: stdout is for results."""
    print("%6.1f s  %s" % (time.monotonic() - started, text), file=sys.stderr, flush=True)


def guarded(results, what, function, *arguments):
    """A server that does not come up leaves a note and no figure; the rest is measured."""
    try:
        return function(*arguments)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        results.note("%s could not be measured: %s" % (what, str(error).strip().splitlines()[0]))
        return None


def fail(text):
    print("bench: %s" % text, file=sys.stderr)
    sys.exit(2)


def which(name):
    """Server programs live in directories that are not on everybody's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


def need_tools():
    missing = [name for name in PACKAGES if not which(name)]
    if missing:
        packages = sorted({PACKAGES[name] for name in missing})
        fail("missing: %s; on Debian: apt-get install --no-install-recommends %s"
             % (", ".join(missing), " ".join(packages)))


def read_env(path):
    """The shell assignments that make writes into t/env."""
    if not os.path.exists(path):
        fail("no '%s'; run ./setup build, or say --env FILE" % path)
    with open(path, encoding="utf-8") as file:
        return dict(re.findall(r"^([A-Z_]+)='(.*)'$", file.read(), re.M), FILE=path)


class Place:
    """The module under test, httpd, and a folder for everything that is written."""

    def __init__(self, env, quick):
        self.module, self.ctl, self.env = env["MODULE"], env["CTL"], env["FILE"]
        query = lambda name: subprocess.check_output([env["APXS"], "-q", name], text=True).strip()
        self.httpd = os.path.join(query("SBINDIR"), query("PROGNAME"))
        self.libexec = query("LIBEXECDIR")
        self.quick = quick
        self.workers = 3                # that many are counted at once: mostly they sleep
        self.folder = tempfile.mkdtemp(prefix="r307-bench.")
        os.chmod(self.folder, 0o755)        # the servers' children are not root
        self.count, self.lock = 0, threading.Lock()
        self.htdocs = os.path.join(self.folder, "htdocs")
        os.makedirs(os.path.join(self.htdocs, "dir"))
        os.makedirs(os.path.join(self.htdocs, "f"))
        self.write("htdocs/page.html", "x")
        self.write("htdocs/dir/page.html", "x")
        for n in range(200):
            self.write("htdocs/f/%03d.html" % n, "x")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, lines):
        """A string, or an iterable of lines."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            if isinstance(lines, str):
                file.write(lines)
            else:
                file.writelines(line + "\n" for line in lines)
        return path

    def fresh(self):
        """A new folder for one server."""
        with self.lock:
            self.count += 1
            folder = self.path("s%03d" % self.count)
        os.mkdir(folder)
        return folder

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


PORTS, PORTS_LOCK = set(), threading.Lock()


def free_port():
    """One that nobody has, and that nobody was told who has yet to listen."""
    with PORTS_LOCK:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            if port not in PORTS:
                PORTS.add(port)
                return port


def side_by_side(jobs, workers):
    """Calls them, so many at once. Only for what is counted: nobody's instructions change because
    somebody else works, and a paced client mostly sleeps."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        try:
            for done in [pool.submit(job) for job in jobs]:
                done.result()
        except BaseException:           # who ends the run waits for those that run, not for the rest
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class Client:
    """One keep-alive connection. It sends the shortest request there is: each further header
    costs httpd 1 000 to 1 100 instructions and would blur what is compared. pace: seconds from
    the last byte of an answer to the next request."""

    def __init__(self, port, timeout=120, pace=0.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = self.got = b""
        self.pace = pace

    def more(self):
        """What came; self.got tells whether any of an answer has."""
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionError("the server closed the connection")
        self.got += got
        return got

    def ask(self, path, host="localhost", headers=""):
        """The status, and the Location or None. headers: whole lines, each with its end."""
        self.socket.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (path, host, headers)).encode())
        reply = self.got = self.rest
        while b"\r\n\r\n" not in reply:
            reply += self.more()
        head, _, body = reply.partition(b"\r\n\r\n")
        length = re.search(rb"^content-length: *(\d+)", head, re.I | re.M)
        if length:
            while len(body) < int(length.group(1)):
                body += self.more()
            self.rest = body[int(length.group(1)):]
        elif re.search(rb"^transfer-encoding: *chunked", head, re.I | re.M):
            while not body.endswith(b"0\r\n\r\n"):
                body += self.more()
            self.rest = b""
        else:
            self.rest = body
        if self.pace:
            time.sleep(self.pace)
        location = re.search(rb"^location: *([^\r\n]*)", head, re.I | re.M)
        return int(head.split(None, 2)[1]), location and location.group(1).decode()

    def close(self):
        self.socket.close()


def version(argv, pattern):
    """The version a program says it has."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = re.search(pattern, done.stdout)
    return found.group(1) if found else "unknown"


def versions(place):
    return [
        ("httpd", version([place.httpd, "-v"], r"Apache/(\S+)")),
        ("nginx", version([which("nginx"), "-v"], r"nginx/(\S+)")),
        ("HAProxy", version([which("haproxy"), "-v"], r"version (\S+?)[-\s]")),
        ("lighttpd", version([which("lighttpd"), "-v"], r"lighttpd/(\S+)")),
        ("valgrind", version(["valgrind", "--version"], r"valgrind-(\S+)")),
        ("wrk", version([which("wrk"), "-v"], r"wrk (?:debian/)?(\S+?)[-\s]")),
    ]


def machine():
    """In general words: enough to judge a figure by, nothing that names the machine."""
    def first(path, pattern, default):
        try:
            with open(path, encoding="utf-8") as file:
                found = re.search(pattern, file.read(), re.M)
        except OSError:
            found = None
        return found.group(1).strip() if found else default
    model = first("/proc/cpuinfo", r"^model name\s*:\s*(.*)$", "unknown processor")
    model = re.sub(r"\((R|TM)\)", "", model)
    memory = int(first("/proc/meminfo", r"^MemTotal:\s*(\d+)", "0")) / 1048576
    system = first("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)', "unknown system")
    guest = " (virtual machine)" if first("/proc/cpuinfo", r"^flags.*\b(hypervisor)\b", "") else ""
    return "%d cores, %s%s, %d GiB, %s" % (os.cpu_count(), model, guest, round(memory), system)

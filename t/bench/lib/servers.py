# SPDX-License-Identifier: Apache-2.0
"""A server that is started, measured and ended: instructions, run time, memory."""
import glob
import os
import re
import signal
import subprocess
import time

from tools import PACE, Client, free_port

REQUESTS = 100                          # that many are counted
FEW = 20                                # or that many, where one costs more than half a million
ROUNDS = 2                              # of them the least: each second that ends adds a little
TRIP = "ap_queue_pop_something"         # a worker takes one request out of httpd's queue


def calls_of(text, name):
    """How often callgrind saw a function called, at whatever depth; None: it does not know it."""
    names = set(re.findall(r"^c?fn=(\(\d+\)) %s(?:'\d+)?$" % name, text, re.M))
    calls = re.findall(r"^cfn=(\(\d+\)).*\ncalls=(\d+)", text, re.M)
    return sum(int(count) for one, count in calls if one in names) if names else None


class Server:
    """argv: a function of whether there shall be a single process."""

    def __init__(self, folder, port, argv):
        self.folder, self.port, self.argv = folder, port, argv
        self.process, self.first, self.who = None, None, {}

    def start(self, path, callgrind=False, wait=120):
        """Returns when the first answer was there; self.first is how long that took."""
        argv = self.argv(callgrind)
        if callgrind:
            argv = ["valgrind", "--tool=callgrind", "--instr-atstart=no",
                    "--callgrind-out-file=" + self.folder + "/cg"] + argv
        # vgdb reaches only a process of its own user, and one that has not changed its user.
        self.who = {}
        if callgrind and os.geteuid() == 0:
            self.who = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            os.chmod(self.folder, 0o777)
        begun = time.monotonic()
        with open(self.folder + "/output", "wb") as output:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output, cwd=self.folder, **self.who)
        while True:
            try:
                client = Client(self.port, wait)
                answer = client.ask(path)
                client.close()
                break
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() - begun > wait:
                raise RuntimeError("no answer from %s\n%s" % (" ".join(argv), self.logs()))
            time.sleep(0.002)
        self.first = time.monotonic() - begun
        return answer

    def logs(self):
        text = ""
        for name in ("output", "error_log", "log"):
            if os.path.exists(self.folder + "/" + name):
                with open(self.folder + "/" + name, errors="replace", encoding="utf-8") as file:
                    text += "".join(file.readlines()[-8:])
        return text

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    # ---- instructions -------------------------------------------------------------------

    def monitor(self, *words):
        subprocess.run(["vgdb", "--pid=%d" % self.process.pid] + list(words), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, **self.who)

    def dumped(self):
        """What was counted since the last dump, and how often a worker took a request."""
        before = set(glob.glob(self.folder + "/cg.*"))
        time.sleep(0.1)                 # what follows the last byte of an answer
        self.monitor("dump")
        for _ in range(200):
            for name in set(glob.glob(self.folder + "/cg.*")) - before:
                with open(name, encoding="utf-8", errors="replace") as file:
                    text = file.read()
                found = re.findall(r"^(?:summary|totals): *(\d+)", text, re.M)
                if found:
                    return int(found[-1]), calls_of(text, TRIP)
            time.sleep(0.05)
        raise RuntimeError("callgrind wrote nothing for " + self.folder)

    def watch(self):
        self.monitor("instrumentation", "on")

    def instructions(self, requests, warm=20, few=False, most=ROUNDS):
        """Instructions a request, how many were asked, and the answer to the last. requests: paths,
        or what Client.ask takes, asked in turn; warm: how many first, uncounted (0: each is new);
        most: rounds, of which dear requests need one."""
        asked = [(one,) if isinstance(one, str) else one for one in requests]
        client = Client(self.port, 600, PACE)
        for n in range(warm):
            client.ask(*asked[n % len(asked)])
        rounds = 1
        if warm:
            self.dumped()
            for n in range(5):
                client.ask(*asked[n % len(asked)])
            about = self.dumped()[0] / 5
            few = few or about > 500000
            rounds = most if about < 100000 else 1
        else:
            client.ask("/page.html")
            self.dumped()
        count, totals, answer = FEW if few else REQUESTS, [], None
        for _ in range(2 * rounds + 3):
            for n in range(count):
                answer = client.ask(*asked[n % len(asked)])
            total, trips = self.dumped()
            if trips in (None, count) or rounds == 1:   # of a dear request a trip is no part
                totals.append(total)
            else:
                client.pace *= 1.7      # a busy machine: the worker was not back yet
            if len(totals) == rounds:
                break
        client.close()
        if not totals:
            raise RuntimeError("no round in which each request took the listener's trip")
        return min(totals) / count, count, answer

    # ---- processes ----------------------------------------------------------------------

    def pids(self):
        """The server's processes: the one started and all below it."""
        children = {}
        for stat in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(stat, encoding="utf-8", errors="replace") as file:
                    text = file.read()
            except OSError:
                continue
            pid, rest = int(text.split(None, 1)[0]), text.rpartition(")")[2].split()
            children.setdefault(int(rest[1]), []).append(pid)
        found, next_ones = [], [self.process.pid]
        while next_ones:
            pid = next_ones.pop()
            found.append(pid)
            next_ones += children.get(pid, [])
        return found

    def memory(self):
        """MiB over all processes, shared pages counted once (PSS)."""
        total = 0
        for pid in self.pids():
            try:
                with open("/proc/%d/smaps_rollup" % pid, encoding="utf-8") as file:
                    total += int(re.search(r"^Pss: *(\d+)", file.read(), re.M).group(1))
            except (OSError, AttributeError):
                pass
        return total / 1024

    def run_time(self):
        """Microseconds that all threads have run, exact to the nanosecond."""
        total = 0
        for pid in self.pids():
            for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
                try:
                    with open(path, encoding="utf-8") as file:
                        total += int(file.read().split()[0])
                except OSError:
                    pass
        return total / 1000

    def graceful(self):
        self.process.send_signal(signal.SIGUSR1)


class Httpd(Server):
    """Its configuration is read at each start, so lines can be added before."""

    def __init__(self, place, folder, port):
        super().__init__(folder, port, self.command)
        self.place = place

    def command(self, single):
        return [self.place.httpd, "-X" if single else "-DFOREGROUND", "-f", self.folder + "/conf"]

    def add(self, *lines):
        with open(self.folder + "/conf", "a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)


def httpd(place, modules, lines, before=(), override=None):
    """An httpd with the modules named beside the few that any has, and the lines at server
    level. No access log, no name look-ups, no mapping of files. override: it has a DocumentRoot
    of its own, server.htdocs, where a .htaccess is read as AllowOverride says."""
    folder, port = place.fresh(), free_port()
    server = Httpd(place, folder, port)
    server.htdocs = place.htdocs
    if override:
        server.htdocs = folder + "/htdocs"
        place.write(server.htdocs + "/page.html", "x")
    server.add("ServerRoot " + folder, "Listen 127.0.0.1:%d" % port, "ServerName localhost",
               "PidFile %s/pid" % folder, "ErrorLog %s/error_log" % folder,
               'DocumentRoot "%s"' % server.htdocs, "EnableMMAP Off", "EnableSendfile Off",
               "KeepAlive On", "MaxKeepAliveRequests 0", "KeepAliveTimeout 600", "HostnameLookups Off",
               "User nobody", "Group nogroup", "TypesConfig /dev/null", "Timeout 600")
    for name in ["mpm_event", "authz_core", "dir", "mime"] + list(modules):
        path = "%s/mod_%s.so" % (place.libexec, name)
        server.add('LoadModule %s_module "%s"' % (name, place.module if name == "redirect307" else path))
    server.add("<Directory />", "AllowOverride None", "</Directory>",
               '<Directory "%s">' % server.htdocs, "AllowOverride %s" % (override or "None"),
               "</Directory>", *before)
    with open(folder + "/conf", "a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    return server

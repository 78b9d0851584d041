# SPDX-License-Identifier: Apache-2.0
"""A server that is started, measured and ended: instructions, run time, memory."""
import glob
import os
import re
import signal
import subprocess
import time

from tools import Client, free_port

REQUESTS = 200                          # that many are counted
FEW = 20                                # or that many, where one costs more than half a million


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
        """What was counted since the last dump."""
        before = set(glob.glob(self.folder + "/cg.*"))
        time.sleep(0.1)                 # what follows the last byte of an answer
        self.monitor("dump")
        for _ in range(100):
            new = set(glob.glob(self.folder + "/cg.*")) - before
            for name in new:
                with open(name, encoding="utf-8", errors="replace") as file:
                    found = re.findall(r"^(?:summary|totals): *(\d+)", file.read(), re.M)
                if found:
                    return int(found[-1])
            time.sleep(0.05)
        raise RuntimeError("callgrind wrote nothing for " + self.folder)

    def watch(self):
        self.monitor("instrumentation", "on")

    def instructions(self, paths, warm=20, few=False):
        """Instructions a request, how many were asked, and the answer to the last. The paths
        are asked in turn; warm: how many first, uncounted (0: each path is new)."""
        client = Client(self.port, 600)
        for n in range(warm):
            client.ask(paths[n % len(paths)])
        rounds = 1
        if warm:
            self.dumped()
            for n in range(5):
                client.ask(paths[n % len(paths)])
            about = self.dumped() / 5
            few = few or about > 500000
            # a second that ends meanwhile makes httpd write the date again: the least of three
            rounds = 3 if about < 100000 else 1
        else:
            client.ask("/page.html")
            self.dumped()
        count, totals = FEW if few else REQUESTS, []
        for _ in range(rounds):
            for n in range(count):
                answer = client.ask(paths[n % len(paths)])
            totals.append(self.dumped())
        client.close()
        return min(totals) // count, count, answer

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


def httpd(place, modules, lines, before=(), override="None"):
    """An httpd with the modules named beside the few that any has, and the lines at server
    level. No access log, no name look-ups, no mapping of files."""
    folder, port = place.fresh(), free_port()
    server = Httpd(place, folder, port)
    server.add("ServerRoot " + folder, "Listen 127.0.0.1:%d" % port, "ServerName localhost",
               "PidFile %s/pid" % folder, "ErrorLog %s/error_log" % folder,
               'DocumentRoot "%s"' % place.htdocs, "EnableMMAP Off", "EnableSendfile Off",
               "KeepAlive On", "MaxKeepAliveRequests 0", "KeepAliveTimeout 600", "HostnameLookups Off",
               "User nobody", "Group nogroup", "TypesConfig /dev/null", "Timeout 600")
    for name in ["mpm_event", "authz_core", "dir", "mime"] + list(modules):
        path = "%s/mod_%s.so" % (place.libexec, name)
        server.add('LoadModule %s_module "%s"' % (name, place.module if name == "redirect307" else path))
    server.add("<Directory />", "AllowOverride None", "</Directory>",
               '<Directory "%s">' % place.htdocs, "AllowOverride %s" % override, "</Directory>", *before)
    with open(folder + "/conf", "a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    return server

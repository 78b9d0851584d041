# SPDX-License-Identifier: Apache-2.0
"""What lines of a configuration cost before there is any request: `httpd -t`, of ours with lint
and without it beside mod_alias. Run time, memory, and instructions of a line."""
import os
import re
import subprocess

import rules
from servers import httpd
from tools import guarded, say, side_by_side

TURNS = 5
COUNTED = 10000                         # lines whose instructions are counted


def configurations():
    """Key, words, module, directive, other lines."""
    return (("alias", "mod_alias", "alias", "Redirect 307", []),
            ("ours", "ours", "redirect307", "Redirect307", []),
            ("unlinted", "ours, without lint", "redirect307", "Redirect307", ["Redirect307Lint off"]))


def made(place, n):
    """{key: an httpd that is never started}"""
    return {key: httpd(place, [module], more + ["%s %s %s" % (word, rules.literal(i), rules.literal_to(i))
                                                for i in range(n)])
            for key, _, module, word, more in configurations()}


def checked(place, server):
    """Seconds of run time and MiB of one `httpd -t`."""
    with open(server.folder + "/output", "wb") as output:
        process = subprocess.Popen([place.httpd, "-t", "-f", server.folder + "/conf"],
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
    if status:
        raise RuntimeError("httpd -t fails\n" + server.logs())
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def part(place, results, most):
    guarded(results, "httpd -t", timed, place, results, min(most, 100000))
    guarded(results, "instructions of httpd -t", counted, place, results)


def timed(place, results, n):
    """In turn, so that what else the machine does meets all; of the turns the least."""
    servers, least = made(place, n), {}
    for _ in range(TURNS):
        for key, server in servers.items():
            figures = checked(place, server)
            least[key] = tuple(map(min, figures, least.get(key, figures)))
    for key, (seconds, memory) in least.items():
        results.add("lines", key, "literal", n, "seconds", seconds)
        results.add("lines", key, "literal", n, "memory", memory)
    say("httpd -t, %d lines: %s" % (n, "; ".join(
        "%s %.3f s, %.0f MiB" % ((key,) + figures) for key, figures in least.items())))


def counted(place, results):
    """Instructions of a line: of so many, less those of none."""
    totals, jobs = {}, []

    def one(key, n, server):
        file = "%s/counts" % server.folder
        subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + file,
                        place.httpd, "-t", "-f", server.folder + "/conf"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(file, encoding="utf-8", errors="replace") as text:
            totals[key, n] = int(re.findall(r"^(?:summary|totals): *(\d+)", text.read(), re.M)[-1])

    for n in (0, COUNTED):
        for key, server in made(place, n).items():
            jobs.append(lambda key=key, n=n, server=server: one(key, n, server))
    side_by_side(jobs, place.workers)
    for key, _, _, _, _ in configurations():
        value = (totals[key, COUNTED] - totals[key, 0]) / COUNTED
        results.add("lines", key, "literal", COUNTED, "instructions", value)
        say("httpd -t, %s: %.0f instructions a line" % (key, value))

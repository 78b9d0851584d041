# SPDX-License-Identifier: Apache-2.0
"""The first byte of an answer to a request with a body: t/bench/body, as figures."""
import os
import re
import subprocess
import sys

from tools import guarded, say

BODY = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "body")
PEERS = {"mod_redirect307": "ours", "mod_alias": "alias", "nginx": "nginx", "HAProxy": "haproxy"}


def part(place, results):
    guarded(results, "requests with a body", run, place, results)


def run(place, results):
    said = subprocess.run([sys.executable, "-B", BODY, "--env", place.env, "--runs", "1" if place.quick else "2"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    for shape, who, took, read, after in re.findall(
            r"^\| (.*?) \| (.*?) \| (.*?) \| (\d+) \| (.*?) \|$", said, re.M):
        key = PEERS.get(who)
        if not key:
            continue
        median = re.match(r"([\d.]+) ", took)
        results.add("body", key, shape, 0, "first", float(median.group(1)) if median else None)
        results.add("body", key, shape, 0, "read", int(read))
        results.add("body", key, shape, 0, "after", after)
    say("first byte with a body, ours: %s" % ", ".join(
        "%s %s ms" % (row["kind"], row["value"]) for row in results.rows
        if row["part"] == "body" and row["peer"] == "ours" and row["request"] == "first"))

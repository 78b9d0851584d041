# SPDX-License-Identifier: Apache-2.0
"""Rows of figures, and what could not be had, with the reason."""
import datetime
import json
import os
import time

from tools import say


class Results:
    """A figure is known by part, who answered, kind of rules, how many, and what was asked."""

    def __init__(self):
        self.rows, self.notes = [], []  # notes: [part, text]
        self.runs = {}                  # of a part: its day, how long it took, the load before it
        self.running = ""

    def add(self, part, peer, kind, n, request, value, count=0):
        self.rows.append({"part": part, "peer": peer, "kind": kind, "n": n,
                          "request": request, "value": value, "count": count})

    def get(self, part, peer, kind, n, request):
        for row in self.rows:
            if (row["part"], row["peer"], row["kind"], row["n"], row["request"]) == \
                    (part, peer, kind, n, request):
                return row["value"]
        return None

    def sizes(self, part, peer, kind, request):
        """The numbers of rules there are figures for, in order."""
        return sorted(row["n"] for row in self.rows
                      if (row["part"], row["peer"], row["kind"], row["request"]) ==
                      (part, peer, kind, request))

    def of(self, part):
        """{who: {request: value}} of a part in which number and kind tell nothing apart."""
        found = {}
        for row in self.rows:
            if row["part"] == part:
                found.setdefault(row["peer"], {})[row["request"]] = row["value"]
        return found

    def note(self, text):
        say(text)
        if [self.running, text] not in self.notes:
            self.notes.append([self.running, text])

    def begin(self, part):
        """What the figures from now on belong to; of the machine what says whether it was quiet."""
        self.running = part
        self.runs[part] = {"day": datetime.date.today().isoformat(), "load": os.getloadavg()[0],
                           "begun": time.monotonic()}

    def end(self, part):
        run = self.runs[part]
        run["seconds"] = time.monotonic() - run.pop("begun")
        say("part %s took %.0f s, load %.1f before it" % (part, run["seconds"], run["load"]))

    def save(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump({"rows": self.rows, "notes": self.notes, "runs": self.runs}, file, indent=0)
        os.rename(path + ".new", path)

    def load(self, path, wanted):
        """What an earlier run saved of these parts. wanted: a function of a row's part."""
        with open(path, encoding="utf-8") as file:
            last = json.load(file)
        self.rows.extend(row for row in last["rows"] if wanted(row["part"]))
        self.notes.extend(note for note in last["notes"] if wanted(note[0]))
        self.runs.update((part, run) for part, run in last["runs"].items() if wanted(part))

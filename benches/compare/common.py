"""What the other engines share: the data, the questions, how they are timed, and what an answer looks like.

An answer is {"cells": {key: [figures]}, "left_out": persons}. Every engine must give the same one:

  reach    area|quarter|role -> [persons]
  funnel   area|role|stage   -> [persons]
  overlap  partner+partner   -> [persons]           each partner, each two, each three
  repeat   area              -> [persons followed for 365 days or traced again by then, of them traced again]
  curve    day               -> [persons at risk after the day, events up to it, survival to 9 decimals]
  amount   quarter           -> [cases that nobody of left and whose 365 days had passed, sum]
"""

import datetime
import itertools
import json
import os
import pathlib
import statistics
import sys
import time

QUESTIONS = ["reach", "funnel", "overlap", "repeat", "curve", "amount"]
THREADS = int(os.environ.get("KOBLING_THREADS", "2"))
RUNS = 3
# The period of every question; questions.rs has the same.
EPOCH = datetime.date(1970, 1, 1)
PERIOD = ((datetime.date(2021, 1, 1) - EPOCH).days, (datetime.date(2023, 12, 31) - EPOCH).days)
QUARTERS = [(f"{y}-Q{q}", (datetime.date(y, 3 * q - 2, 1) - EPOCH).days) for y in (2021, 2022, 2023) for q in (1, 2, 3, 4)]
STAGES = ["traced", "offered", "contacted", "completed"]
# By stage: (dataset, position of the code in its column `step`).
EVENTS = [[("police", 0), ("municipal", 0)], [("police", 1), ("municipal", 1)], [("course", 0)], [("course", 2)]]
FOLLOW_UP = 365
CURVE_DAYS = [1, 3, 7, 30, 90, 180, 365]
# Days from the index within which each step of the funnel must lie; programme.toml has the same.
WINDOW = 180
READS = {
    "reach": ["police", "municipal", "course"],
    "funnel": ["police", "municipal", "course"],
    "overlap": ["police", "municipal", "course", "health"],
    "repeat": ["police", "municipal"],
    "curve": ["police", "municipal", "course"],
    "amount": ["police", "municipal", "cost"],
}
SOURCES = 9
# Person and source as one number: person times this, plus source.
PAIRS = 16

# The index row as one integer, so that the earliest row is the least: day, dataset, partner, and the codes column by
# column, as docs/QUESTIONS.md orders rows of one day.
KEY_BITS = 15
SET_AT, SOURCE_AT, STEP_AT, ROLE_AT = 4096, 256, 32, 8


class Data:
    """A folder made by `compare data`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.meta = json.loads((self.folder / "meta.json").read_text())
        self.sealed = self.meta["sealed"]
        self.consent = {d["id"]: d["consent"] for d in self.meta["datasets"]}
        self.position = {d["id"]: at for at, d in enumerate(self.meta["datasets"])}
        self.area, self.role = self.meta["codes"]["area"], self.meta["codes"]["role"]

    def rows(self, dataset):
        return str(self.folder / "snapshot" / f"rows-{dataset}.parquet")

    def permits(self):
        return str(self.folder / "permits.parquet")

    def span(self, question):
        """First and last day read."""
        return (PERIOD[0], PERIOD[1] if question in ("reach", "overlap") else self.sealed)

    def set_of(self, question, dataset):
        """Position of a dataset among those that the question reads."""
        return sorted(READS[question], key=self.position.get).index(dataset)


def answer(data, question, rows, left_out):
    """The answer from the engine's last rows: few of them, whatever the scale."""
    cells = {}
    if question == "reach":
        for area, quarter, role, n in rows:
            cells[f"{data.area[area]}|{QUARTERS[quarter][0]}|{data.role[role]}"] = [n]
    elif question == "funnel":
        for area, role, step, n in rows:
            cells[f"{data.area[area]}|{data.role[role]}|{STAGES[step]}"] = [n]
    elif question == "overlap":
        for mask, n in rows:
            known = [at for at in range(SOURCES) if mask >> at & 1]
            for size in (1, 2, 3):
                for some in itertools.combinations(known, size):
                    key = "+".join(data.meta["partners"][at] for at in some)
                    cells[key] = [cells.get(key, [0])[0] + n]
    elif question == "repeat":
        for area, followed, repeated in rows:
            cells[data.area[area]] = [followed, repeated]
    elif question == "curve":
        cells = curve(rows)
    elif question == "amount":
        for quarter, cases, total in rows:
            cells[QUARTERS[quarter][0]] = [cases, int(total or 0)]
    return {"cells": cells, "left_out": left_out}


def curve(rows):
    """Kaplan-Meier from (time, event, persons)."""
    at_time = {}
    for t, event, n in rows:
        at_time.setdefault(t, [0, 0])[0 if event else 1] += n
    at_risk, events, survival = sum(d + c for d, c in at_time.values()), 0, 1.0
    steps, cells = sorted(at_time.items()), {}
    for day in CURVE_DAYS:
        while steps and steps[0][0] <= day:
            _, (d, c) = steps.pop(0)
            survival *= 1 - d / at_risk if at_risk else 1
            events, at_risk = events + d, at_risk - d - c
        cells[str(day)] = [at_risk, events, round(survival, 9)]
    return cells


def status(field):
    """Bytes that Linux says of this process."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def forget_peak():
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def timed(work):
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


class TooSlow(Exception):
    """The question took longer than its limit."""


def warm(name, version, data, load, variants, out, limit=None):
    """Loads, then asks every question: one run that is not timed, three that are, for each way of asking."""
    load_s, _ = timed(load)
    result = {"engine": name, "version": version, "load_s": load_s, "resident_bytes": status("VmRSS"), "questions": {}}
    for question in QUESTIONS:
        entry, fastest = {"variants": {}, "answers": {}, "peak_bytes": 0}, float("inf")
        for variant, ask in variants(question).items():
            forget_peak()
            try:
                first, got = timed(ask)
                # A way of asking that is far behind another one is not asked again.
                hopeless = first > 4 * fastest or (limit and first > limit / 4)
                times = [first] if hopeless else [timed(ask)[0] for _ in range(RUNS)]
                fastest = min(fastest, *times)
            except TooSlow:
                entry["variants"][variant], entry["over"] = [], limit
                continue
            entry["variants"][variant] = times
            entry["answers"][variant] = got
            entry["peak_bytes"] = max(entry["peak_bytes"], status("VmHWM"))
            print(f"  {name:8} {question:8} {variant:10} {min(times):8.3f} s, median {statistics.median(times):.3f}", flush=True)
        result["questions"][question] = entry
        pathlib.Path(out).write_text(json.dumps(result))


def cold(ask, out):
    """One question in a process that has read nothing before."""
    forget_peak()
    took, got = timed(ask)
    pathlib.Path(out).write_text(json.dumps({"total_s": took, "answer": got, "peak_bytes": status("VmHWM")}))


def main(warm_of, cold_of):
    """`warm FOLDER OUT` or `cold FOLDER QUESTION VARIANT OUT`."""
    match sys.argv[1:]:
        case ["warm", folder, out]:
            warm_of(Data(folder), out)
        case ["cold", folder, question, variant, out]:
            cold_of(Data(folder), question, variant, out)
        case _:
            sys.exit("called by run.py")

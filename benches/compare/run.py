"""Runs every engine in processes of its own, holds the answers against each other, and writes the report."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from common import QUESTIONS, THREADS, WINDOW, Data

HERE = pathlib.Path(__file__).parent
OURS = ["cargo", "bench", "--quiet", "--locked", "--bench", "compare", "--"]
ENGINES = os.environ.get("KOBLING_ENGINES", "duckdb,polars,sqlite").split(",")
COLD_RUNS = int(os.environ.get("KOBLING_COLD_RUNS", "2"))
TITLES = {
    "reach": "reach by three dimensions",
    "funnel": "funnel, four steps by two dimensions",
    "overlap": "three-way overlap",
    "repeat": "12-month repeat by one dimension",
    "curve": "Kaplan-Meier to first contact",
    "amount": "amounts per case",
}


def run(words, out):
    subprocess.run([*map(str, words), str(out)], check=True)
    return json.loads(pathlib.Path(out).read_text())


def forget_files(data):
    """Takes the data's files, and nothing else, out of the page cache."""
    for path in data.folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def best(entry):
    """The fastest way of asking: (name, runs)."""
    ran = {name: runs for name, runs in entry["variants"].items() if runs}
    return min(ran.items(), key=lambda item: min(item[1])) if ran else (None, None)


def colds(data, scratch, results):
    found = {}
    for question in QUESTIONS:
        for engine in ["kobling", *ENGINES]:
            entry = results[engine]["questions"].get(question)
            if entry is None or engine == "sqlite":
                continue
            script = [sys.executable, HERE / f"engine_{engine}.py", "cold", data.folder, question, best(entry)[0]]
            words = [*OURS, "cold", data.folder, question] if engine == "kobling" else script
            runs = []
            for _ in range(COLD_RUNS):
                forget_files(data)
                runs.append(run(words, scratch / "cold.json"))
            if runs:
                found[engine, question] = min(runs, key=lambda one: one["total_s"])
    return found


def check(results, cold):
    """Every answer must be the same, or no figure is worth anything."""
    wrong = []
    for question in QUESTIONS:
        answers = {}
        for engine, result in results.items():
            entry = result["questions"].get(question, {})
            if "answer" in entry:
                answers[engine] = entry["answer"]
            answers |= {f"{engine} ({name})": got for name, got in entry.get("answers", {}).items()}
            if (engine, question) in cold:
                answers[f"{engine} from files"] = cold[engine, question]["answer"]
        (first, expected), *others = answers.items()
        if not expected["cells"]:
            wrong.append(f"{question}: {first} counts nobody at all")
        for name, got in others:
            if got == expected:
                continue
            keys = sorted(k for k in expected["cells"].keys() | got["cells"].keys() if expected["cells"].get(k) != got["cells"].get(k))
            wrong.append(f"{question}: {first} and {name} differ in {len(keys)} cells, left out {expected['left_out']} and {got['left_out']}")
            wrong += [f"    {key}: {expected['cells'].get(key)} and {got['cells'].get(key)}" for key in keys[:5]]
        print(f"{question}: {len(answers)} answers, {len(expected['cells'])} cells, {expected['left_out']} left out", flush=True)
    return wrong


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def warm_rows(results):
    rows = []
    for question in QUESTIONS:
        cells, times = [TITLES[question]], {}
        for engine, result in results.items():
            entry = result["questions"].get(question)
            name, runs = best(entry) if entry else (None, None)
            if runs:
                times[engine] = min(runs)
                way = f" ({name})" if len(entry["variants"]) > 1 else ""
                cells.append(f"{min(runs):.3f} / {statistics.median(runs):.3f}{way}")
            else:
                cells.append("not yet" if entry is None else f">{entry['over']:g}")
        ours = times.pop("kobling", None)
        cells.append(f"{min(times.values()) / ours:.1f}" if ours and times else "-")
        rows.append(cells)
    return rows


def cold_rows(cold, engines):
    rows = []
    for question in QUESTIONS:
        ours = cold.get(("kobling", question))
        parts = ours and " + ".join(f"{ours[part]:.2f}" for part in ("load_s", "permits_s", "count_s"))
        others = [cold[engine, question]["total_s"] for engine in engines if (engine, question) in cold]
        rows.append(
            [TITLES[question], f"{ours['total_s']:.2f} ({parts})" if ours else "not yet"]
            + [f"{total:.2f}" for total in others]
            + [f"{min(others) / ours['total_s']:.2f}" if ours and others else "-"]
        )
    return rows


def report(data, results, cold):
    meta, mega = data.meta, lambda number: f"{number / 1e6:,.0f}"
    names = [f"{engine} {result.get('version', '')}".strip() for engine, result in results.items()]
    text = (
        f"{meta['rows']:,} events of {meta['persons']:,} persons in five datasets (scale {meta['scale']:g}, seed {meta['seed']}),"
        f" {meta['permits']:,} permits; {THREADS} threads of {os.cpu_count()} cores."
        f" Every engine gave the same figures. Funnel within {WINDOW} days of the index.\n\n"
        "Everything resident, seconds, least / median of three runs (ours: nine) after one that is not timed:\n\n"
    )
    text += table(["question", *names, "fastest other / ours"], warm_rows(results))
    if cold:
        files = [engine for engine in ENGINES if engine != "sqlite"]
        how = f"the better of {COLD_RUNS} processes, the files not in the page cache"
        text += f"\nFrom the Parquet files, seconds, {how}; ours: loading + permits + counting:\n\n"
        text += table(["question", "kobling", *files, "fastest other / ours"], cold_rows(cold, files))
    text += "\nMemory in MB; a peak is of the process, with the resident data:\n\n"
    rows = []
    for what in ["resident", *QUESTIONS]:
        entries = [r if what == "resident" else r["questions"].get(what, {}) for r in results.values()]
        field = "resident_bytes" if what == "resident" else "peak_bytes"
        rows.append([what if what == "resident" else f"peak, {what}", *(mega(e[field]) if e.get(field) else "-" for e in entries)])
    text += table(["MB", *names], rows)
    ours = results["kobling"]["questions"]
    figures = lambda field: ", ".join(f"{question} {entry[field]:.3f} s" for question, entry in ours.items())
    return text + (
        f"\nProcessor time of a resident question of ours, all threads: {figures('processor_s')}.\n"
        "\nBefore the first question of its datasets, days and unit, ours does two things that are not in its time, and that"
        f" the service keeps for the next: it folds the permits ({figures('permits_compiled_s')}), and prepares from them which"
        f" rows may be read, by unit ({figures('prepared_s')}).\n"
    )


def main():
    data, out = Data(sys.argv[1]), pathlib.Path(sys.argv[2])
    # Every engine gets the same cores.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        results = {"kobling": run([*OURS, "warm", data.folder], scratch / "kobling.json")}
        for engine in ENGINES:
            words = [sys.executable, HERE / f"engine_{engine}.py", "warm", data.folder]
            results[engine] = run(words, scratch / f"{engine}.json")
        cold = colds(data, scratch, results)
    if wrong := check(results, cold):
        sys.exit("The engines do not agree, so nothing is compared:\n" + "\n".join(wrong))
    text = report(data, results, cold)
    out.write_text(text)
    print(f"\n{text}\n{out}")


main()

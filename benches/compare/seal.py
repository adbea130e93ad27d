"""DuckDB doing what a seal does: rows with links of 16 bytes are joined with the table from link to number, sorted by
person and day, and written as Parquet.

`benches/compare/run.sh seal [ROWS]`; 20 million rows unless told. The rows are made as benches/seal.rs makes them: five a
person, three datasets of twelve uploads, one row in 32 anonymous, a related person in half the rows of two datasets, a
case of two persons at each partner. Links are UUIDs, which DuckDB joins as numbers of 16 bytes, and the input is Parquet
without compression, the nearest that it reads to staged rows of fixed width.

Not asked of DuckDB: families, figures of linkage quality, digests of the files, the same bytes from the same input.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import duckdb
from common import THREADS, forget_peak, status

ROWS = 20_000_000
RUNS = 3
ROWS_PER_PERSON = 5
# By dataset: its partners, and whether rows name a related person.
DATASETS = {"police": ([0], True), "municipal": ([1, 2, 3], True), "course": ([1, 2, 3, 4, 5, 6, 7, 8], False)}


def connect():
    db = duckdb.connect(":memory:")
    db.execute(f"SET threads = {THREADS}")
    # Rows may leave in any order before they are sorted.
    db.execute("SET preserve_insertion_order = false")
    return db


def make(folder, rows):
    """Stages `rows` rows: a file for each partner of each dataset, of equal size."""
    db, persons = connect(), max(2, rows // ROWS_PER_PERSON)
    parts = [(dataset, source) for dataset, (sources, _) in DATASETS.items() for source in sources]
    link = lambda kind, number: f"md5({kind} || ':' || {number})::UUID"
    for at, (dataset, source) in enumerate(parts):
        first, last = rows * at // len(parts), rows * (at + 1) // len(parts)
        related = f"CASE WHEN h >> 40 & 1 = 0 THEN {link(0, 'xor(p, 1)')} END AS related," if DATASETS[dataset][1] else ""
        db.execute(
            f"COPY (SELECT CASE WHEN h >> 58 <> 0 THEN {link(0, 'p')} END AS person, {related}"
            f" {link(1 + source, '(p >> 1)')} AS cas, (18700 + (h >> 44 & 1023))::INTEGER AS day, {source}::UTINYINT AS source,"
            f" (h >> 20 & 255) % 4 :: UTINYINT AS step, (h >> 28 & 255) % 2 :: UTINYINT AS role, (h >> 36 & 15) % 5 :: UTINYINT AS area"
            f" FROM (SELECT h, h % {persons} AS p FROM (SELECT (hash(i) >> 1)::BIGINT AS h FROM range({first}, {last}) r(i))))"
            f" TO '{folder}/staged-{dataset}-{source}.parquet' (FORMAT parquet, COMPRESSION uncompressed)"
        )


def staged(folder, dataset):
    return f"read_parquet('{folder}/staged-{dataset}-*.parquet')"


def number(db, folder):
    """Gives every person and case a number: persons in random order."""
    persons = [f"SELECT person AS link FROM {staged(folder, d)}" for d in DATASETS]
    persons += [f"SELECT related FROM {staged(folder, d)}" for d, (_, related) in DATASETS.items() if related]
    db.execute(
        "CREATE OR REPLACE TABLE spine AS SELECT link, (row_number() OVER (ORDER BY place))::INTEGER AS number FROM"
        f" (SELECT link, random() AS place FROM (SELECT DISTINCT link FROM ({' UNION ALL '.join(persons)}) WHERE link IS NOT NULL))"
    )


def seal(db, folder, out):
    """Joins, sorts and writes. Cases are numbered at every seal, as ours are."""
    out.mkdir()
    cases = " UNION ALL ".join(f"SELECT cas FROM {staged(folder, d)}" for d in DATASETS)
    db.execute(
        "CREATE OR REPLACE TEMP TABLE cases AS SELECT cas AS link, (row_number() OVER ())::INTEGER AS number"
        f" FROM (SELECT DISTINCT cas FROM ({cases}))"
    )
    for dataset, (_, related) in DATASETS.items():
        path = out / f"{dataset}.parquet"
        db.execute(
            f"COPY (SELECT coalesce(s.number, 0) AS person, day, source, {'coalesce(o.number, 0) AS related,' if related else ''}"
            f" c.number AS cas, step, role, area FROM {staged(folder, dataset)} r LEFT JOIN spine s ON s.link = r.person"
            f" {'LEFT JOIN spine o ON o.link = r.related' if related else ''} JOIN cases c ON c.link = r.cas"
            f" ORDER BY 1, 2) TO '{path}' (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 1048576)"
        )
        # Ours is durable when it returns.
        with open(path, "rb") as file:
            os.fsync(file.fileno())


def check(db, folder, out, rows):
    """Every row is there, in order, with the number of its link."""
    files = [f"(SELECT count(*) FROM '{out / d}.parquet')" for d in DATASETS]
    (count,) = db.execute(f"SELECT {' + '.join(files)}").fetchone()
    assert count == rows, f"{count} rows of {rows}"
    for dataset in DATASETS:
        (wrong,) = db.execute(
            "SELECT count(*) FROM (SELECT person, day, lag(person) OVER w AS p, lag(day) OVER w AS d"
            f" FROM read_parquet('{out / dataset}.parquet', file_row_number = true) WINDOW w AS (ORDER BY file_row_number))"
            " WHERE p IS NOT NULL AND (p > person OR (p = person AND d > day))"
        ).fetchone()
        assert wrong == 0, f"{wrong} rows of {dataset} are out of order"
        sums = "count(DISTINCT {0}), sum(day), count(*) FILTER ({1})"
        (before,) = db.execute(f"SELECT ({sums.format('person', 'person IS NULL')}) FROM {staged(folder, dataset)}").fetchall()
        after_sums = sums.format("nullif(person, 0)", "person = 0")
        (after,) = db.execute(f"SELECT ({after_sums}) FROM '{out / dataset}.parquet'").fetchall()
        assert before == after, f"{dataset}: {before} became {after}"


def measure(folder, rows, known):
    """`RUNS` seals of which each makes its numbers, or finds them in a resident table."""
    db, folder = connect(), pathlib.Path(folder)
    if known:
        number(db, folder)
    forget_peak()
    times = []
    for at in range(RUNS):
        out = folder / f"out-{at}"
        start = time.perf_counter()
        if not known:
            number(db, folder)
        seal(db, folder, out)
        times.append(time.perf_counter() - start)
        if at == 0:
            peak = status("VmHWM")
            check(db, folder, out, rows)
            forget_peak()
        peak = max(peak, status("VmHWM")) if at else peak
        size = sum(path.stat().st_size for path in out.iterdir())
        for path in out.iterdir():
            path.unlink()
        out.rmdir()
    print(json.dumps({"times": times, "peak_bytes": peak, "bytes": size}))


def main():
    match sys.argv[1:]:
        case ["make", folder, rows]:
            make(folder, int(rows))
        case ["measure", folder, rows, known]:
            measure(folder, int(rows), known == "known")
        case words:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
            rows = int(words[0]) if words else ROWS
            with tempfile.TemporaryDirectory(prefix="seal-", dir=os.environ.get("KOBLING_COMPARE_CACHE")) as folder:
                own = [sys.executable, __file__]
                subprocess.run([*own, "make", folder, str(rows)], check=True)
                size = sum(path.stat().st_size for path in pathlib.Path(folder).iterdir())
                print(f"duckdb {duckdb.__version__}, {THREADS} threads, {rows} rows, staged {size / 1e6:.0f} MB", flush=True)
                for name, known in (("first seal", "new"), ("seal of known persons", "known")):
                    ran = subprocess.run([*own, "measure", folder, str(rows), known], check=True, stdout=subprocess.PIPE)
                    got = json.loads(ran.stdout)
                    times = sorted(got["times"])
                    print(
                        f"{name}: {times[0]:.2f} s, median {times[len(times) // 2]:.2f} s, {rows / times[0] / 1e6:.2f} million rows/s,"
                        f" peak {got['peak_bytes'] / 1e6:.0f} MB, sealed {got['bytes'] / 1e6:.0f} MB",
                        flush=True,
                    )


main()

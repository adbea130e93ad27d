"""SQLite: tables without row ids in memory, clustered by person and day; permits clustered by person and source."""

import os
import sqlite3
import threading

import common
import pyarrow.parquet as parquet
from sql import Sql

LIMIT = float(os.environ.get("KOBLING_SQLITE_LIMIT", "60"))


def load(data):
    db = sqlite3.connect(":memory:", check_same_thread=False)
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute(f"PRAGMA threads = {common.THREADS}")
    for dataset in data.consent:
        names = ["person", "day", "source", "code_step", "code_role", "code_area", "case"]
        names += ["measure_amount"] if dataset == "cost" else []
        amount = ", amount INTEGER" if dataset == "cost" else ""
        db.execute(
            f"CREATE TABLE {dataset} (person INTEGER, day INTEGER, n INTEGER, source INTEGER, step INTEGER, role INTEGER,"
            f" area INTEGER, cas INTEGER{amount}, PRIMARY KEY (person, day, n)) WITHOUT ROWID"
        )
        marks = ", ".join("?" * (len(names) + 1))
        at = 0
        for batch in parquet.ParquetFile(data.rows(dataset)).iter_batches(1 << 18, columns=names):
            batch = batch.set_column(1, "day", batch.column("day").cast("int32"))
            person, day, *rest = (column.to_pylist() for column in (batch.column(name) for name in names))
            db.executemany(f"INSERT INTO {dataset} VALUES ({marks})", zip(person, day, range(at, at + len(day)), *rest))
            at += len(day)
        if dataset == "cost":
            db.execute("CREATE INDEX cost_cas ON cost (cas, day, amount)")
        if data.consent[dataset]:
            db.execute(
                f"CREATE TABLE permits_{dataset} (person INTEGER, source INTEGER, from_day INTEGER, to_day INTEGER,"
                " PRIMARY KEY (person, source)) WITHOUT ROWID"
            )
            own = parquet.read_table(data.permits(), filters=[("dataset", "=", data.position[dataset])])
            columns = [own[name].to_pylist() for name in ("person", "source", "from_day", "to_day")]
            db.executemany(f"INSERT INTO permits_{dataset} VALUES (?, ?, ?, ?)", zip(*columns))
    db.commit()
    db.execute("ANALYZE")
    return db


def warm(data, out):
    held = {}

    def ask(question):
        text = Sql(data, question, "WHERE person NOT IN (SELECT person FROM left_out)").joins()
        clock = threading.Timer(LIMIT, held["db"].interrupt)
        clock.start()
        try:
            rows = held["db"].execute(text).fetchall()
        except sqlite3.OperationalError as error:
            raise common.TooSlow if "interrupted" in str(error) else error
        finally:
            clock.cancel()
        return common.answer(data, question, [row[:-1] for row in rows], rows[0][-1] if rows else 0)

    variants = lambda question: {"joins": lambda: ask(question)}
    common.warm("sqlite", sqlite3.sqlite_version, data, lambda: held.update(db=load(data)), variants, out, LIMIT)


common.main(warm, None)

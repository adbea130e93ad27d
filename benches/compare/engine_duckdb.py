"""DuckDB: tables resident in its own columns, or views over the Parquet files."""

import common
import duckdb
from common import EVENTS, KEY_BITS, PAIRS, PERIOD, READS, SET_AT, SOURCES, THREADS, WINDOW
from sql import AREA, DAY, KEY, ROLE, Sql, quarter

# Person and source in one number: a join by one column instead of two.
PAIR = f"(person * {PAIRS} + source)::INTEGER AS pair"
CODES = "code_step AS step, code_role AS role, code_area AS area"


def connect(data, make):
    db = duckdb.connect(":memory:")
    db.execute(f"SET threads = {THREADS}")
    for dataset in data.consent:
        amount = ", measure_amount AS amount" if dataset == "cost" else ""
        db.execute(
            f"CREATE {make} {dataset} AS SELECT person::INTEGER AS person, (day - DATE '1970-01-01')::INTEGER AS day, source, {PAIR},"
            f' {CODES}, "case"::INTEGER AS cas{amount} FROM read_parquet(\'{data.rows(dataset)}\')'
        )
        if data.consent[dataset]:
            db.execute(
                f"CREATE {make} permits_{dataset} AS SELECT {PAIR}, from_day, to_day"
                f" FROM read_parquet('{data.permits()}') WHERE dataset = {data.position[dataset]}"
            )
    return db


class Joins(Sql):
    permit, pair, person = "p.pair = e.pair", "e.pair", f"e.pair // {PAIRS}"
    mask = "bit_or(1::INTEGER << source::INTEGER)"


class OnePass(Joins):
    """The question by one grouping of all rows by person: the bits of the sources with rows and of those with permitted
    rows tell who is left out, the least index row and lists of days tell the rest."""

    def rows(self, columns):
        parts = []
        for dataset in READS[self.question]:
            consent = self.data.consent[dataset]
            at = self.data.set_of(self.question, dataset)
            permit = f" LEFT JOIN permits_{dataset} p ON {self.permit}" if consent else ""
            ok = "coalesce(e.day BETWEEN p.from_day AND p.to_day, false)" if consent else "true"
            own = columns(dataset, at)
            parts.append(
                f"SELECT e.person, 1::BIGINT << (e.source::BIGINT + {SOURCES * at}) AS b, {ok} AS ok, {own} FROM {dataset} e{permit}"
                f" WHERE e.day BETWEEN {self.first} AND {self.last}"
            )
        return " UNION ALL ".join(parts)

    def persons(self, columns, aggregates):
        return (
            f"p AS MATERIALIZED (SELECT person, bit_or(b) AS present, bit_or(CASE WHEN ok THEN b ELSE 0 END) AS kept, {aggregates}"
            f" FROM ({self.rows(columns)}) GROUP BY person),"
            " left_out AS (SELECT person FROM p WHERE present <> kept)"
        )

    def stage_of(self, dataset):
        whens = [f"WHEN {code} THEN {stage}" for stage, events in enumerate(EVENTS) for d, code in events if d == dataset]
        return f"CASE e.step {' '.join(whens)} END" if whens else "NULL"

    def traced(self, lists):
        """s(person, k, d, lists of days by stage)."""
        key = lambda dataset, at: f"{KEY.format(at=SET_AT * at)} AS k, e.day AS day, {self.stage_of(dataset)} AS stage"
        days = "".join(f", list(day) FILTER (ok AND stage = {stage}) AS l{stage}" for stage in lists)
        first = f"min(k) FILTER (ok AND stage = 0 AND day <= {PERIOD[1]}) AS k{days}"
        kept = "".join(f", l{stage}" for stage in lists)
        return f"{self.persons(key, first)}, s AS (SELECT k, k >> {KEY_BITS} AS d{kept} FROM p WHERE present = kept AND k IS NOT NULL)"

    def overlap(self):
        fold = " | ".join(f"(kept >> {SOURCES * at})" for at in range(len(READS["overlap"])))
        return (
            f"WITH {self.persons(lambda *_: '0 AS x', 'min(x)')} SELECT ({fold}) & {(1 << SOURCES) - 1} AS mask, count(*),"
            f" (SELECT count(*) FROM left_out) FROM p WHERE present = kept GROUP BY 1"
        )

    def funnel(self):
        within = f" AND x <= d + {WINDOW}"
        steps, before = [], "s"
        for at in range(1, len(EVENTS)):
            past = "d" if at == 1 else f"d{at - 1}"
            steps.append(f"t{at} AS (SELECT *, list_min(list_filter(l{at}, lambda x: x >= {past}{within})) AS d{at} FROM {before})")
            before = f"t{at}"
        counts = ", ".join(["count(*)"] + [f"count(d{at})" for at in range(1, len(EVENTS))])
        last = f"SELECT (k & 7)::INTEGER AS a, ((k >> 3) & 3)::INTEGER AS r, [{counts}] AS n FROM {before} GROUP BY 1, 2"
        return (
            f"WITH {self.traced([1, 2, 3])}, {', '.join(steps)}, c AS ({last})"
            f" SELECT a, r, u, n[u + 1], (SELECT count(*) FROM left_out) FROM c, (SELECT unnest([0, 1, 2, 3]) AS u) WHERE n[u + 1] > 0"
        )

    def repeat(self):
        again = f"len(list_filter(l0, lambda x: x > d AND x <= d + {common.FOLLOW_UP})) > 0"
        return f"WITH {self.traced([0])}" + self.repeat_counts("s", again)

    def curve(self):
        contact = "(SELECT *, list_min(list_filter(l2, lambda x: x >= d)) AS c FROM s)"
        return f"WITH {self.traced([2])}" + self.curve_counts(contact)

    def reach(self):
        key = lambda dataset, at: f"{KEY.format(at=SET_AT * at)} AS k"
        return (
            f"WITH {self.persons(key, 'min(k) FILTER (ok) AS k')} SELECT {AREA}, {quarter(DAY)}, {ROLE}, count(*),"
            f" (SELECT count(*) FROM left_out) FROM p WHERE present = kept AND k IS NOT NULL GROUP BY 1, 2, 3"
        )

    amount = None


def variants(db, data, question):
    def ask(text):
        rows = db.execute(text).fetchall()
        return common.answer(data, question, [row[:-1] for row in rows], rows[0][-1] if rows else 0)

    anti = "ANTI JOIN left_out USING (person)"
    found = {"joins": Joins(data, question, anti).joins()}
    if getattr(OnePass, question):
        found["one pass"] = OnePass(data, question, anti).joins()
    return {name: (lambda text=text: ask(text)) for name, text in found.items()}


def warm(data, out):
    held = {}

    def load():
        held["db"] = connect(data, "TABLE")

    common.warm("duckdb", duckdb.__version__, data, load, lambda question: variants(held["db"], data, question), out)


def cold(data, question, variant, out):
    common.cold(lambda: variants(connect(data, "VIEW"), data, question)[variant](), out)


common.main(warm, cold)

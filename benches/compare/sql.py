"""The questions in SQL that DuckDB and SQLite both take. Tables: one a dataset (person, day, source, step, role, area, cas,
amount), and one of permits for each that rests on consent (person, source, from_day, to_day)."""

from common import CURVE_DAYS, EVENTS, FOLLOW_UP, KEY_BITS, PERIOD, QUARTERS, READS, ROLE_AT, SET_AT, SOURCE_AT, SOURCES, STEP_AT, WINDOW

KEY = f"e.day * {1 << KEY_BITS} + {{at}} + e.source * {SOURCE_AT} + e.step * {STEP_AT} + e.role * {ROLE_AT} + e.area"
DAY, ROLE, AREA = f"(k >> {KEY_BITS})", "((k >> 3) & 3)", "(k & 7)"


def quarter(day):
    later = "".join(f" WHEN {day} < {first} THEN {at}" for at, (_, first) in enumerate(QUARTERS[1:]))
    return f"CASE{later} ELSE {len(QUARTERS) - 1} END"


class Sql:
    # How a row finds its permit, the pair of person and source that rows are grouped by, and the person of a pair.
    permit, pair, person = "p.person = e.person AND p.source = e.source", "e.person, e.source", "e.person"
    # The sources of a person as bits.
    mask = " + ".join(f"max(CASE WHEN source = {at} THEN {1 << at} ELSE 0 END)" for at in range(SOURCES))

    def __init__(self, data, question, anti):
        self.data, self.question = data, question
        self.first, self.last = data.span(question)
        # How the dialect drops persons: DuckDB by an anti join, SQLite by a set that it looks up.
        self.anti = anti

    def permitted(self, dataset, columns, condition, last=None):
        """Permitted rows of a dataset."""
        permit = f" JOIN permits_{dataset} p ON {self.permit} AND e.day BETWEEN p.from_day AND p.to_day"
        return (
            f"SELECT {columns} FROM {dataset} e{permit if self.data.consent[dataset] else ''}"
            f" WHERE e.day BETWEEN {self.first} AND {last or self.last} AND {condition}"
        )

    def events(self, stage, columns="e.person AS person, e.day AS day", last=None):
        """Permitted rows of a stage. `{key}` among the columns is the index row."""
        at = lambda dataset: SET_AT * self.data.set_of(self.question, dataset)
        return " UNION ALL ".join(
            self.permitted(dataset, columns.replace("{key}", KEY.format(at=at(dataset))), f"e.step = {code}", last)
            for dataset, code in EVENTS[stage]
        )

    def left_out(self):
        """Persons with rows in the span at some source and none permitted. Only rows without a permit for the whole span
        can be of such a person, so only those are grouped."""
        parts = [
            f"SELECT {self.person} AS person FROM {d} e LEFT JOIN permits_{d} p ON {self.permit}"
            f" WHERE e.day BETWEEN {self.first} AND {self.last}"
            f" AND (p.from_day IS NULL OR p.from_day > {self.first} OR p.to_day < {self.last})"
            f" GROUP BY {self.pair}"
            f" HAVING max(CASE WHEN e.day BETWEEN p.from_day AND p.to_day THEN 1 ELSE 0 END) = 0"
            for d in READS[self.question]
            if self.data.consent[d]
        ]
        return "left_out AS MATERIALIZED (SELECT DISTINCT person FROM (" + " UNION ALL ".join(parts) + "))"

    def index(self):
        """The index row of everybody traced in the period who is not left out: s0(person, k, d)."""
        rows = self.events(0, "e.person AS person, {key} AS k", PERIOD[1])
        firsts = f"SELECT person, min(k) AS k FROM ({rows}) GROUP BY person"
        return f"s0 AS MATERIALIZED (SELECT person, k, {DAY} AS d FROM ({firsts}) i {self.anti})"

    def joins(self):
        """The question by joins, one a step."""
        return getattr(self, self.question)()

    def reach(self):
        rows = " UNION ALL ".join(
            self.permitted(d, f"e.person AS person, {KEY.format(at=SET_AT * self.data.set_of('reach', d))} AS k", "1=1")
            for d in READS["reach"]
        )
        firsts = f"SELECT person, min(k) AS k FROM ({rows}) GROUP BY person"
        return (
            f"WITH {self.left_out()} SELECT {AREA} AS a, {quarter(DAY)} AS q, {ROLE} AS r, count(*),"
            f" (SELECT count(*) FROM left_out) FROM ({firsts}) i {self.anti} GROUP BY 1, 2, 3"
        )

    def funnel(self):
        within = f" AND e.day <= (s.k >> {KEY_BITS}) + {WINDOW}"
        steps = [
            f"s{at} AS MATERIALIZED (SELECT s.person AS person, min(s.k) AS k, min(e.day) AS d FROM s{at - 1} s"
            f" JOIN ({self.events(at)}) e ON e.person = s.person AND e.day >= s.d{within} GROUP BY s.person)"
            for at in range(1, len(EVENTS))
        ]
        counts = " UNION ALL ".join(
            f"SELECT {AREA} AS a, {ROLE} AS r, {at} AS step, count(*) AS n FROM s{at} GROUP BY 1, 2" for at in range(len(EVENTS))
        )
        return f"WITH {', '.join([self.left_out(), self.index(), *steps])} SELECT a, r, step, n, (SELECT count(*) FROM left_out) FROM ({counts})"

    def overlap(self):
        rows = " UNION ALL ".join(self.permitted(d, "e.person AS person, e.source AS source", "1=1") for d in READS["overlap"])
        masks = f"SELECT person, {self.mask} AS mask FROM ({rows}) GROUP BY person"
        return (
            f"WITH {self.left_out()} SELECT mask, count(*), (SELECT count(*) FROM left_out)"
            f" FROM ({masks}) i {self.anti} GROUP BY mask"
        )

    def repeat(self):
        later = (
            f"SELECT s.person AS person FROM s0 s JOIN ({self.events(0)}) e ON e.person = s.person"
            f" AND e.day > s.d AND e.day <= s.d + {FOLLOW_UP} GROUP BY s.person"
        )
        return (
            f"WITH {self.left_out()}, {self.index()}, again AS MATERIALIZED ({later})"
            + self.repeat_counts("s0 s LEFT JOIN again g ON g.person = s.person", "g.person IS NOT NULL")
        )

    def repeat_counts(self, source, again):
        complete = f"d + {FOLLOW_UP} <= {self.data.sealed}"
        one = lambda when: f"sum(CASE WHEN {when} THEN 1 ELSE 0 END)"
        return (
            f" SELECT {AREA}, {one(complete)}, {one(f'{complete} AND {again}')},"
            f" (SELECT count(*) FROM left_out) FROM {source} GROUP BY 1"
        )

    def curve(self):
        contact = (
            f"SELECT s.person AS person, min(e.day) AS c FROM s0 s JOIN ({self.events(2)}) e"
            f" ON e.person = s.person AND e.day >= s.d GROUP BY s.person"
        )
        return (
            f"WITH {self.left_out()}, {self.index()}, contact AS MATERIALIZED ({contact})"
            + self.curve_counts("s0 s LEFT JOIN contact t ON t.person = s.person")
        )

    def curve_counts(self, source):
        time, event = f"coalesce(c, {self.data.sealed}) - d", "CASE WHEN c IS NULL THEN 0 ELSE 1 END"
        return f" SELECT {time}, {event}, count(*), (SELECT count(*) FROM left_out) FROM {source} GROUP BY 1, 2"

    def amount(self):
        # A case is followed in its persons' rows at other partners too, and in rows without a case.
        members = " UNION ".join(
            f"SELECT cas, person, source FROM {d} WHERE cas <> 0" for d in READS["amount"]
        )
        elsewhere = "m.person = e.person AND (e.cas = 0 OR e.source <> m.source)"
        # It leaves when one of its persons does.
        live = f"e.day BETWEEN {self.first} AND {self.last}"
        gone = " UNION ".join(
            f"SELECT e.cas AS cas FROM {d} e JOIN left_out l ON l.person = e.person WHERE e.cas <> 0 AND {live}"
            f" UNION SELECT m.cas FROM {d} e JOIN left_out l ON l.person = e.person JOIN members m ON {elsewhere} WHERE {live}"
            for d in READS["amount"]
        )
        rows = self.events(0, "e.cas AS cas, e.day AS day", PERIOD[1])
        cases = (
            f"SELECT cas, min(day) AS d FROM ({rows}) i WHERE cas <> 0 AND cas NOT IN (SELECT cas FROM gone)"
            f" GROUP BY cas HAVING min(day) <= {self.data.sealed - FOLLOW_UP}"
        )
        columns = "e.cas AS cas, e.person AS person, e.source AS source, e.day AS day, e.amount AS amount"
        spent = self.permitted("cost", columns, "1 = 1")
        # Only cases that are counted need their persons' rows.
        sums = (
            f"SELECT cas, sum(amount) AS total FROM ("
            f" SELECT o.cas AS cas, i.amount AS amount FROM cases o JOIN spent i"
            f" ON i.cas = o.cas AND i.day BETWEEN o.d AND o.d + {FOLLOW_UP}"
            f" UNION ALL SELECT o.cas, e.amount FROM cases o JOIN members m ON m.cas = o.cas JOIN spent e"
            f" ON {elsewhere} AND e.day BETWEEN o.d AND o.d + {FOLLOW_UP}) a GROUP BY cas"
        )
        return (
            f"WITH {self.left_out()}, members AS MATERIALIZED ({members}), gone AS MATERIALIZED ({gone}),"
            f" cases AS MATERIALIZED ({cases}), spent AS MATERIALIZED ({spent}), sums AS MATERIALIZED ({sums})"
            f" SELECT {quarter('o.d')}, count(*), sum(s.total), (SELECT count(*) FROM left_out)"
            f" FROM cases o LEFT JOIN sums s ON s.cas = o.cas GROUP BY 1"
        )


assert all(day <= FOLLOW_UP for day in CURVE_DAYS)

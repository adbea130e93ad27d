"""Polars: lazy frames over resident columns, or over the Parquet files; each question by both of its engines, and step by
step."""

import os

os.environ["POLARS_MAX_THREADS"] = os.environ.get("KOBLING_THREADS", "2")

import common
import polars as pl
from common import EVENTS, FOLLOW_UP, KEY_BITS, PAIRS, PERIOD, QUARTERS, READS, ROLE_AT, SET_AT, SOURCE_AT, SOURCES, STEP_AT, WINDOW

DAY, ROLE, AREA = pl.col("k") // (1 << KEY_BITS), pl.col("k") // ROLE_AT % 4, pl.col("k") % 8


# Person and source in one number: a join by one column instead of two.
PAIR = (pl.col("person").cast(pl.Int32) * PAIRS + pl.col("source").cast(pl.Int32)).alias("pair")


def frames(data, resident):
    """Rows by dataset, and permits by dataset, as lazy frames."""
    rows, permits = {}, {}
    for dataset in data.consent:
        columns = [
            pl.col("person").cast(pl.Int32),
            pl.col("day").cast(pl.Int32),
            pl.col("source").cast(pl.UInt8),
            PAIR,
            *(pl.col(f"code_{name}").cast(pl.UInt8).alias(name) for name in ("step", "role", "area")),
            pl.col("case").cast(pl.Int32).alias("cas"),
        ]
        columns += [pl.col("measure_amount").alias("amount")] if dataset == "cost" else []
        # The files are in the order of persons, and Polars is told so.
        rows[dataset] = pl.scan_parquet(data.rows(dataset)).select(columns).set_sorted("person")
        if data.consent[dataset]:
            own = pl.scan_parquet(data.permits()).filter(pl.col("dataset") == data.position[dataset])
            permits[dataset] = own.select(PAIR, "from_day", "to_day")
    if resident:
        hold = lambda lazy: {dataset: frame.collect().lazy() for dataset, frame in lazy.items()}
        rows, permits = hold(rows), hold(permits)
        rows = {dataset: frame.set_sorted("person") for dataset, frame in rows.items()}
    return rows, permits


class Question:
    def __init__(self, data, question, rows, permits, hold=lambda frame: frame):
        # `hold` collects what is used more than once, or leaves that to the optimiser.
        self.hold = hold
        self.data, self.question, self.frames, self.permits = data, question, rows, permits
        self.first, self.last = data.span(question)

    def permitted(self, dataset, condition=None, last=None):
        """Permitted rows of a dataset."""
        read = self.frames[dataset].filter(pl.col("day").is_between(self.first, last or self.last))
        if condition is not None:
            read = read.filter(condition)
        if self.data.consent[dataset]:
            read = read.join(self.permits[dataset], on="pair")
            read = read.filter(pl.col("day").is_between(pl.col("from_day"), pl.col("to_day")))
        return read

    def key(self, dataset):
        number = lambda name, times: pl.col(name).cast(pl.Int32) * times
        at = SET_AT * self.data.set_of(self.question, dataset)
        codes = number("step", STEP_AT) + number("role", ROLE_AT) + number("area", 1)
        return (number("day", 1 << KEY_BITS) + at + number("source", SOURCE_AT) + codes).alias("k")

    def events(self, stage, columns, last=None):
        parts = [
            self.permitted(dataset, pl.col("step") == code, last).select(columns(dataset)) for dataset, code in EVENTS[stage]
        ]
        return pl.concat(parts)

    def left_out(self):
        """As in sql.py: only rows without a permit for the whole span are grouped."""
        parts = []
        for dataset in READS[self.question]:
            if not self.data.consent[dataset]:
                continue
            read = self.frames[dataset].filter(pl.col("day").is_between(self.first, self.last)).select("pair", "day")
            joined = read.join(self.permits[dataset], on="pair", how="left")
            narrow = pl.col("from_day").is_null() | (pl.col("from_day") > self.first) | (pl.col("to_day") < self.last)
            ok = pl.col("day").is_between(pl.col("from_day"), pl.col("to_day")).fill_null(False)
            kept = joined.filter(narrow).group_by("pair").agg(ok.any().alias("ok"))
            parts.append(kept.filter(~pl.col("ok")).select(pl.col("pair") // PAIRS))
        return pl.concat(parts).rename({"pair": "person"}).unique()

    def index(self, out):
        rows = self.events(0, lambda dataset: ["person", self.key(dataset)], PERIOD[1])
        firsts = rows.group_by("person").agg(pl.col("k").min()).join(out, on="person", how="anti")
        return self.hold(firsts.with_columns(DAY.alias("d")))

    def next(self, before, stage, condition):
        """The first day of a stage on a condition: persons, and the columns of `before` that are needed further."""
        rows = self.events(stage, lambda _: ["person", "day"])
        return before.join(rows, on="person").filter(condition)

    def plans(self):
        """Lazy frames to be collected together; the persons left out are the last."""
        out = self.hold(self.left_out())
        return [*getattr(self, self.question)(out), out.select(pl.len())]

    def reach(self, out):
        rows = pl.concat([self.permitted(dataset).select("person", self.key(dataset)) for dataset in READS["reach"]])
        firsts = rows.group_by("person").agg(pl.col("k").min()).join(out, on="person", how="anti")
        starts = [first for _, first in QUARTERS]
        # A day's quarter: the number of later quarters that have begun.
        quarter = sum((DAY >= first).cast(pl.Int32) for first in starts[1:])
        groups = firsts.select(AREA.alias("a"), quarter.alias("q"), ROLE.alias("r"))
        return [groups.group_by("a", "q", "r").agg(pl.len())]

    def funnel(self, out):
        step = self.index(out)
        steps = [step]
        for stage in range(1, len(EVENTS)):
            condition = (pl.col("day") >= pl.col("d")) & (pl.col("day") <= DAY + WINDOW)
            reached = self.next(step, stage, condition)
            step = self.hold(reached.group_by("person").agg(pl.col("k").first(), pl.col("day").min().alias("d")))
            steps.append(step)
        groups = [
            step.select(AREA.alias("a"), ROLE.alias("r"), pl.lit(at).alias("s")).group_by("a", "r", "s").agg(pl.len())
            for at, step in enumerate(steps)
        ]
        return [pl.concat(groups)]

    def overlap(self, out):
        bit = pl.lit(1, pl.Int32) * pl.lit(2, pl.Int32).pow(pl.col("source").cast(pl.Int32)).cast(pl.Int32)
        rows = pl.concat([self.permitted(dataset).select("person", bit.alias("b")) for dataset in READS["overlap"]])
        masks = rows.group_by("person").agg(pl.col("b").bitwise_or().alias("mask")).join(out, on="person", how="anti")
        return [masks.group_by("mask").agg(pl.len())]

    def repeat(self, out):
        index = self.index(out)
        within = (pl.col("day") > pl.col("d")) & (pl.col("day") <= pl.col("d") + FOLLOW_UP)
        again = self.next(index, 0, within).select("person").unique().with_columns(again=pl.lit(True))
        complete, repeated = pl.col("d") + FOLLOW_UP <= self.data.sealed, pl.col("again").is_not_null()
        counts = [complete.sum().alias("n"), (complete & repeated).sum().alias("again")]
        return [index.join(again, on="person", how="left").group_by(AREA.alias("a")).agg(counts)]

    def curve(self, out):
        index = self.index(out)
        contact = self.next(index, 2, pl.col("day") >= pl.col("d")).group_by("person").agg(pl.col("day").min().alias("c"))
        time = pl.col("c").fill_null(self.data.sealed) - pl.col("d")
        timed = index.join(contact, on="person", how="left").select(time.alias("t"), pl.col("c").is_not_null().alias("event"))
        return [timed.group_by("t", "event").agg(pl.len())]

    def amount(self, out):
        read = [self.frames[dataset] for dataset in READS["amount"]]
        # A case is followed in its persons' rows at other partners too, and in rows without a case.
        own = [frame.filter(pl.col("cas") != 0).select("cas", "person", "source") for frame in read]
        members = self.hold(pl.concat(own).unique())
        elsewhere = (pl.col("cas_right") == 0) | (pl.col("source_right") != pl.col("source"))
        # It leaves when one of its persons does.
        live = [frame.filter(pl.col("day").is_between(self.first, self.last)) for frame in read]
        leaving = [frame.join(out, on="person", how="semi").select("person", "cas", "source") for frame in live]
        leaving = self.hold(pl.concat(leaving).unique())
        there = members.join(leaving, on="person").filter(elsewhere).select("cas")
        gone = pl.concat([leaving.filter(pl.col("cas") != 0).select("cas"), there]).unique()
        rows = self.events(0, lambda _: ["cas", "day"], PERIOD[1]).filter(pl.col("cas") != 0)
        firsts = rows.group_by("cas").agg(pl.col("day").min().alias("d"))
        followed = firsts.filter(pl.col("d") <= self.data.sealed - FOLLOW_UP)
        cases = self.hold(followed.join(gone, on="cas", how="anti"))
        spent = self.hold(self.permitted("cost").select("cas", "person", "source", "day", "amount"))
        within = pl.col("day").is_between(pl.col("d"), pl.col("d") + FOLLOW_UP)
        at_home = cases.join(spent.filter(pl.col("cas") != 0), on="cas").filter(within).select("cas", "amount")
        away = cases.join(members, on="cas").join(spent, on="person").filter(elsewhere & within).select("cas", "amount")
        sums = pl.concat([at_home, away]).group_by("cas").agg(pl.col("amount").sum())
        quarter = sum((pl.col("d") >= first).cast(pl.Int32) for _, first in QUARTERS[1:])
        counts = [pl.len(), pl.col("amount").sum().alias("total")]
        return [cases.join(sums, on="cas", how="left").group_by(quarter.alias("q")).agg(counts)]


def variants(data, question, rows, permits):
    def ask(engine, *hold):
        cells, left_out = pl.collect_all(Question(data, question, rows, permits, *hold).plans(), engine=engine)
        return common.answer(data, question, cells.rows(), left_out.item())

    return {
        "stepwise": lambda: ask("streaming", lambda frame: frame.collect(engine="streaming").lazy()),
        "streaming": lambda: ask("streaming"),
        "in-memory": lambda: ask("in-memory"),
    }


def warm(data, out):
    held = {}

    def load():
        held["frames"] = frames(data, True)

    common.warm("polars", pl.__version__, data, load, lambda question: variants(data, question, *held["frames"]), out)


def cold(data, question, variant, out):
    common.cold(lambda: variants(data, question, *frames(data, False))[variant](), out)


common.main(warm, cold)

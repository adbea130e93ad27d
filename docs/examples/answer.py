"""Reads a kept answer as CSV and as Parquet with polars: python answer.py funnel.csv funnel.parquet"""

import hashlib
import json
import sys

import polars as pl

csv_file, parquet_file = sys.argv[1:3]

# Every column of CSV: codes as text, an empty field as null, marks as true and false.
answer = pl.read_csv(csv_file, schema_overrides={"role": pl.String, "stage": pl.String})
# A column of bounds may be empty in the whole answer, and then has no type of its own.
answer = answer.with_columns(pl.col("^.*_(low|high)$").cast(pl.Int64))

# A cell is shown, or hidden, or does not apply; only shown ones are figures.
shown = answer.filter(~pl.col("hidden"))
print(shown.select("role", "stage", "count", "families"))

# A rate is exact, or a bound: `≥ 76 %` has step_rate_low 76 and nothing else.
bounds = shown.select(
    "role",
    "stage",
    pl.coalesce("step_rate", "step_rate_low").alias("at_least"),
    pl.coalesce("step_rate", "step_rate_high").alias("at_most"),
)
print(bounds)

# Parquet has the same columns, and the whole answer as it came.
same = pl.read_parquet(parquet_file)
assert same.select(answer.columns).equals(answer), "both forms hold the same"
kept = json.loads(pl.read_parquet_metadata(parquet_file)["kobling.answer"])
print(kept["number"], kept["title"]["en"], "| snapshot", kept["table"]["snapshot"], "| within", kept["table"]["max_error"])

# The hash: the answer without its member sha256, without space, in the order in which it came.
said = kept.pop("sha256")
text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
assert hashlib.sha256(text.encode()).hexdigest() == said, "the answer was changed"
print("sha256", said)

#!/usr/bin/env bash
# DuckDB: an INTERVAL in Parquet loses its microseconds, and a negative one
# cannot be written at all.
#
# Guess: DuckDB reads back from its own Parquet file the INTERVAL that it wrote,
# or refuses what the format cannot hold.
# Seen with duckdb 2.0.1 (PyPI): Parquet's INTERVAL counts milliseconds, so
# 1.000999 s comes back as exactly 1 s, without an error; and the difference of
# two timestamps that is negative ends the whole COPY with "Parquet files do not
# support negative intervals", of which a column of differences has some sooner
# or later. CSV keeps both.
# What helps: epoch_us(i), a BIGINT, in place of the interval.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" -q --disable-pip-version-check install duckdb==2.0.1
cd "$dir"
v/bin/python - <<'PY'
import sys
import duckdb

db = duckdb.connect()
print(db.execute("SELECT version()").fetchone()[0])
failed = False


def expect(what, got, want):
    global failed
    print(f"{what}: {got}")
    if want not in str(got):
        failed = True
        print(f"  changed: expected {want}")


def written(sql, form):
    try:
        db.execute(f"COPY (SELECT {sql} AS i) TO 'x.{form}'")
        return db.execute(f"SELECT i::VARCHAR FROM 'x.{form}'").fetchone()[0]
    except duckdb.Error as e:
        return f"error: {e}"


early, late = "TIMESTAMP '2026-01-01 00:00:00'", "TIMESTAMP '2026-01-01 00:00:01.000999'"
expect("late - early", written(f"{late} - {early}", "parquet"), "00:00:01")
if written(f"{late} - {early}", "parquet") != "00:00:01":
    failed = True
expect("the same as CSV", written(f"{late} - {early}", "csv"), "00:00:01.000999")
expect("early - late", written(f"{early} - {late}", "parquet"), "do not support negative intervals")
expect("epoch_us(early - late)", written(f"epoch_us({early} - {late})", "parquet"), "-1000999")
sys.exit(failed)
PY

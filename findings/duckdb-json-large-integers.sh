#!/usr/bin/env bash
# DuckDB: large whole numbers of its own JSON export come back rounded.
#
# Guess: what COPY … TO 'x.json' writes, read_json reads with all its digits,
# as read_csv does with the CSV of the same table.
# Seen with duckdb 2.0.1 (PyPI): the file has every digit; read_json takes whole
# numbers beyond 64 bits for DOUBLE and so keeps about 16 of their digits, without
# a word. HUGEINT (what sum() of a BIGINT gives), DECIMAL(38,0) and BIGNUM are
# concerned. read_csv finds HUGEINT and BIGNUM and loses nothing.
# What helps: name the type, read_json('x.json', columns = {n: 'HUGEINT'}).
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
    if got != want:
        failed = True
        print(f"  changed: expected {want}")


def back(sql, form, reader=None):
    db.execute(f"COPY (SELECT {sql} AS n) TO 'x.{form}'")
    return db.execute(f"SELECT typeof(n), n::VARCHAR FROM {reader or repr('x.' + form)}").fetchone()


total = "(SELECT sum(x) FROM (VALUES (9223372036854775807), (9223372036854775807), (3)) t(x))"
expect("sum, in memory", db.execute(f"SELECT typeof(n), n::VARCHAR FROM (SELECT {total} AS n)").fetchone(), ("HUGEINT", "18446744073709551617"))
expect("sum, JSON", back(total, "json"), ("DOUBLE", "1.8446744073709552e+19"))
print("the file:", open("x.json").read().strip())
expect("sum, CSV", back(total, "csv"), ("HUGEINT", "18446744073709551617"))
expect("sum, JSON with its type", back(total, "json", "read_json('x.json', columns = {n: 'HUGEINT'})"), ("HUGEINT", "18446744073709551617"))
decimal = "12345678901234567890123456789012345678::DECIMAL(38,0)"
expect("DECIMAL(38,0), JSON", back(decimal, "json"), ("DOUBLE", "1.2345678901234568e+37"))
expect("DECIMAL(38,0), CSV", back(decimal, "csv"), ("HUGEINT", "12345678901234567890123456789012345678"))
sys.exit(failed)
PY

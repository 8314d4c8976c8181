#!/usr/bin/env bash
# SQLite's FTS5: integrity_check calls a sound table broken, once another
# connection has written to it.
#
# Guess: PRAGMA integrity_check reads the database as it is, so two connections
# get the same answer.
# Seen with SQLite 3.54.1 (apsw 3.54.1.0 of PyPI): a connection that has looked
# at an FTS5 table (by a check or a MATCH), and checks again after another one
# has inserted a row, reports "fts5: checksum mismatch for table". A MATCH makes
# it see the change, and then, as on any new connection, the answer is "ok".
# What helps: check on a connection that has just been opened.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" -q --disable-pip-version-check install apsw==3.54.1.0
cd "$dir"
v/bin/python - <<'PY'
import sys
import apsw

print("SQLite", apsw.sqlite_lib_version())
failed = False


def check(who, c, want):
    global failed
    got = c.execute("PRAGMA integrity_check").fetchall()[0][0]
    print(f"{who}: {got}")
    if got != want:
        failed = True
        print(f"  changed: expected {want}")


writer, reader = apsw.Connection("x.sqlite"), apsw.Connection("x.sqlite")
writer.execute("CREATE VIRTUAL TABLE ft USING fts5(a); INSERT INTO ft VALUES ('hello world')")
check("reader, first", reader, "ok")
writer.execute("INSERT INTO ft VALUES ('help me')")
check("reader, after the writer's INSERT", reader, 'fts5: checksum mismatch for table "ft"')
check("a new connection", apsw.Connection("x.sqlite"), "ok")
check("the writer", writer, "ok")
reader.execute("SELECT count(*) FROM ft('he*')").fetchall()
check("reader, after a MATCH", reader, "ok")
sys.exit(failed)
PY

#!/usr/bin/env bash
# SQLite: the switch to WAL does not wait for a writer, whatever the timeout.
#
# Guess: with PRAGMA busy_timeout a PRAGMA journal_mode=WAL waits for another
# connection that writes, as an INSERT does.
# Seen with SQLite 3.54.1 (apsw 3.54.1.0 of PyPI): while another connection has
# begun to write, the switch fails with "database is locked" at once; an INSERT
# waits as long as it may. It does wait for a connection that only reads. So
# programs that start together on a new file and all switch it fail now and then.
# What helps: try the switch again, or have one program make the file.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" -q --disable-pip-version-check install apsw==3.54.1.0
cd "$dir"
v/bin/python - <<'PY'
import sys
import time
import apsw

print("SQLite", apsw.sqlite_lib_version())
WAIT = 2  # seconds
one, other = apsw.Connection("x.sqlite"), apsw.Connection("x.sqlite")
other.set_busy_timeout(WAIT * 1000)
one.execute("CREATE TABLE t(x)")


def waited(sql):
    begin = time.monotonic()
    try:
        other.execute(sql).fetchall()
        end = "done"
    except apsw.BusyError as e:
        end = str(e)
    took = time.monotonic() - begin
    print(f"{sql}: {end} after {took:.1f} s")
    return end == "database is locked", took


one.execute("BEGIN IMMEDIATE")
insert = waited("INSERT INTO t VALUES (1)")
switch = waited("PRAGMA journal_mode=WAL")
one.execute("ROLLBACK")
one.execute("BEGIN")
one.execute("SELECT * FROM t").fetchall()
read = waited("PRAGMA journal_mode=WAL")
one.execute("ROLLBACK")
as_seen = all(locked for locked, _ in (insert, switch, read)) and insert[1] >= WAIT > 2 * switch[1] and read[1] >= WAIT
if not as_seen:
    print("changed: expected the INSERT and the switch beside a reader to wait, and the switch beside a writer not to")
sys.exit(not as_seen)
PY

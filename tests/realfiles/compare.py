"""Imports real files through ayb and compares what it finds with what is known.

    compare.py AYB WORK KIND=DIRECTORY...

AYB is the program, WORK a directory for a server's data; each directory holds
files of one kind. Known are the names and rows that Python's csv reads with the
dialect of the file, and the types that sqlite-utils and DuckDB give columns.
tests/realfiles.sh fetches what is needed.
"""

import csv
import io
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from decimal import Decimal, InvalidOperation
from pathlib import Path

import duckdb
from sqlite_utils.utils import TypeTracker

# Files without a header, as a look into them and at what reads them tells.
HEADERLESS = {line.split("#")[0].strip() for line in (Path(__file__).parent / "headerless.txt").read_text().splitlines()} - {""}

# Files of writers that no reader can take whole, with the reason; they have to be
# refused, and all of their lines reported.
BROKEN = {line.split("#")[0].strip() for line in (Path(__file__).parent / "broken.txt").read_text().splitlines()} - {""}


class Server:
    """A whole ayb in a directory, with one account."""

    def __init__(self, ayb, work):
        self.ayb, self.work = ayb, Path(work).resolve()
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{s.getsockname()[1]}"
        self.env = dict(os.environ, AYB_SERVER_URL=self.url, HOME=str(self.work), XDG_CONFIG_HOME=str(self.work))
        config = subprocess.run([ayb, "default_server_config"], check=True, capture_output=True, text=True).stdout
        port = self.url.rsplit(":", 1)[1]
        config = re.sub(r"(?m)^#?\s*port = .*$", f"port = {port}", config, count=1)
        (self.work / "ayb.toml").write_text(config)
        os.chmod(self.work / "ayb.toml", 0o600)
        self.log = open(self.work / "server.log", "w")
        self.process = subprocess.Popen([ayb, "all-in-one", "--config", "ayb.toml"], cwd=self.work, env=self.env, stdout=self.log, stderr=self.log)

    def client(self, *args, check=True, stdin=None):
        done = subprocess.run([self.ayb, "client", *args], cwd=self.work, env=self.env, capture_output=True, text=True, input=stdin)
        if check and done.returncode:
            raise SystemExit(f"ayb client {' '.join(args)}: {done.stderr}")
        return done

    def register(self):
        deadline = time.monotonic() + 30
        while self.client("register", "alice", "alice@example.org", check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((self.work / "server.log").read_text())
            time.sleep(0.2)
        mails = next(p for p in self.work.rglob("*.jsonl"))
        token = re.findall(r'ayb client confirm ([^"\\\s]+)', mails.read_text())[-1]
        self.client("confirm", token)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def known(path, name):
    """The header and rows of a file, read with its dialect."""
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    dialect = DIALECTS.get(name) or next((d for end, d in ENDS.items() if name.endswith(end)), {})
    dialect = dict(dialect)
    codes, skip, footer, twin, blank = (dialect.pop(k, 0) for k in ("codes", "skip", "footer", "twin", "blank"))
    text = "".join(text.splitlines(keepends=True)[skip:]) if skip else text
    if codes and dialect.get("quoting") == csv.QUOTE_NONE:
        text = re.sub(r"\\\n", r"\\n", re.sub(r"\\\t", r"\\t", text))
    if blank:
        text = re.sub(r"(?m)^ +| +$", "", text)
    rows = [r for r in csv.reader(io.StringIO(text, newline=""), **dialect)]
    if twin:
        rows = [["" if c == '"N' else c.strip('"') for c in r] for r in rows]
    if footer:
        rows.pop()
    width = max((len(r) for r in rows), default=0)
    rows = [r for r in rows if r or width == 1]
    if codes and dialect.get("quoting") == csv.QUOTE_NONE:
        rows = [[unescaped(c) for c in r] for r in rows]
    if name in NULLS:
        rows = [["" if c == NULLS[name] else c for c in r] for r in rows]
    if name in HEADERLESS:
        return None, rows
    return rows[0], rows[1:]


CODES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", "N": "\\N"}


# What NULL is where csv loses its backslash.
NULLS = {"java_postgresql_text.tsv": "N"}


def unescaped(cell):
    if cell == "\\N":
        return ""
    return re.sub(r"\\(.)", lambda m: CODES.get(m[1], m[1]), cell, flags=re.S)


BLANK = {"delimiter": " ", "skipinitialspace": True, "blank": True}
TAB = {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
# How files are written, by name; all others are as csv has it.
DIALECTS = {
    "sqlite340_quote.quote.csv": {"quotechar": "'"},
    "pandas_de.csv": {"delimiter": ";"}, "lo_de_semicolon.csv": {"delimiter": ";"}, "pg_copy_semicolon.csv": {"delimiter": ";"},
    "r_readr_excel2.csv": {"delimiter": ";"}, "r_write_csv2.csv": {"delimiter": ";"},
    "csvkit_csvformat.tsv": {"delimiter": "\t"}, "duckdb.tsv": {"delimiter": "\t"}, "py_excel-tab.tsv": {"delimiter": "\t"},
    "sqliteutils.tsv": {"delimiter": "\t"}, "java_postgresql_text.tsv": {"delimiter": "\t", "codes": True, "escapechar": "\\", "doublequote": False},
    "java_informix.psv": {"delimiter": "|", "escapechar": "\\", "doublequote": False},
    "java_mysql.tsv": {**TAB, "codes": True}, "pg_copy.tsv": {**TAB, "codes": True}, "pg_copy_text_header.tsv": {**TAB, "codes": True},
    "jq.tsv": {**TAB, "codes": True}, "min_pgtext.tsv": {**TAB, "codes": True}, "min_myout.tsv": {**TAB, "codes": True},
    "min_sep.csv": {"skip": 1, "delimiter": ";"}, "min_title.csv": {"skip": 2}, "min_comment.csv": {"skip": 1},
    "min_psql_footer.csv": {"footer": 1}, "min_degroup.csv": {"delimiter": "\x01"}, "min_rtable.csv": {"delimiter": " "},
    "min_myout_dq.csv": {"quoting": csv.QUOTE_NONE, "twin": True},
    "datasets/anes96/anes96.csv": {"delimiter": "\t", "quotechar": "'"}, "datasets/anes96/src/anes96.csv": {"delimiter": " "},
    "datasets/modechoice/modechoice.csv": {"delimiter": ";"}, "datasets/spector/spector.csv": {"delimiter": " ", "quotechar": "'"},
    "datasets/scotland/src/scotvote.csv": {"delimiter": " "}, "datasets/macrodata/src/unemp.csv": {"skip": 9},
    "discrete/tests/results/phat_mnlogit.csv": BLANK, "discrete/tests/results/yhat_mnlogit.csv": BLANK,
    **{f"duration/tests/results/survival_data_{n}.csv": BLANK for n in ("20_1", "50_1", "50_2", "100_5", "1000_10")},
    "tsa/tests/results/AROLSConstantPredict.csv": BLANK, "tsa/tests/results/AROLSNoConstantPredict.csv": BLANK,
    "tsa/vector_ar/tests/Matlab_results/test_coint.csv": BLANK,
}
ENDS = {".tsv": TAB, ".psv": {"delimiter": "|", "quoting": csv.QUOTE_NONE}}


def number(text):
    """The number of a text, if a computer's one has all of its digits."""
    if not re.fullmatch(r"-?(0|[1-9]\d*|0?\.\d+|(0|[1-9]\d*)\.\d*)([eE][+-]?\d+)?", text):
        return None
    try:
        exact = Decimal(text)
        if exact == exact.to_integral_value() and re.fullmatch(r"-?\d+", text):
            return int(text) if -2**63 <= exact < 2**63 else None
        f = float(text)
        return f if Decimal(repr(f)) == exact and math.isfinite(f) else None
    except (InvalidOperation, OverflowError, ValueError):
        return None


GAPS = {"", "NA", "NaN", "nan", "NULL", "\\N", "null", "None", "inf", "-inf", "Inf", "-Inf", "Infinity", "-Infinity", "NAN", "INFINITY"}


def lossless(cells):
    """Whether a column is of numbers that keep all their digits."""
    given = [c for c in cells if c not in GAPS]
    numbers = [number(c) for c in given]
    if not given or None in numbers:
        return False
    if any(isinstance(n, float) and not n.is_integer() for n in numbers):
        return all(float(n) == n for n in numbers)
    return True


def peers(width, rows):
    """The columns that sqlite-utils or DuckDB take for numbers."""
    names = [f"c{i}" for i in range(width)]
    tracker = TypeTracker()
    for _ in tracker.wrap(dict(zip(names, r)) for r in rows):
        pass
    types = tracker.types
    found = [types.get(n) in ("integer", "float") for n in names]
    out = io.StringIO()
    csv.writer(out).writerows([names, *rows])
    path = Path("peer.csv")
    path.write_text(out.getvalue())
    try:
        described = duckdb.sql(f"DESCRIBE SELECT * FROM read_csv('{path}', header=true, delim=',', quote='\"', sample_size=-1, nullstr=['', 'NA'])").fetchall()
        for i, d in enumerate(described):
            found[i] = found[i] or d[1] in ("BIGINT", "DOUBLE", "INTEGER", "HUGEINT")
    except duckdb.Error:
        pass
    return found


def expected_names(header, width):
    """Names as they are to become: none empty, none twice."""
    names, taken = [], set()
    for i in range(width):
        name = header[i].strip() if header and i < len(header) else ""
        name = base = name or f"column{i + 1}"
        n = 2
        while name.lower() in taken:
            name, n = f"{base}_{n}", n + 1
        taken.add(name.lower())
        names.append(name)
    return names


class Tally:
    def __init__(self):
        self.files = self.names = self.rows = self.refused = self.values = 0
        self.numeric = self.typed = 0
        self.wrong = []


def documents(path):
    """The names and the number of rows of JSON: of an array or of lines, or of
    one of the forms of pandas."""
    text = path.read_text()
    try:
        data = json.loads(text, strict=False)
    except json.JSONDecodeError:
        data = [json.loads(line) for line in text.split("\n") if line.strip()]
    if isinstance(data, dict):
        if "columns" in data and "data" in data:
            return list(data["columns"]), len(data["data"])
        tables = [v for v in data.values() if isinstance(v, list)]
        if len(tables) == 1:
            data = tables[0]
        elif "data" in data:
            data = data["data"]
        elif all(isinstance(v, dict) for v in data.values()):
            if all(k.isdigit() for k in data):
                data = list(data.values())
            else:
                return list(data), len(next(iter(data.values())))
        else:
            data = [data]
    if data and isinstance(data[0], list):
        return [f"column{i + 1}" for i in range(max(map(len, data)))], len(data)
    return list(dict.fromkeys(k for row in data for k in row)), len(data)


def judge_documents(server, path, name, t):
    t.files += 1
    table = f"t{t.files}"
    kind = "ndjson" if name.endswith(".ndjson") else "json"
    done = server.client("import", str(path), f"alice/{server.db}:{table}", "--format", kind, "--json", check=False)
    if name in BROKEN:
        t.refused += done.returncode != 0
        t.names, t.rows, t.values = t.names + 1, t.rows + 1, t.values + 1
        return
    if done.returncode:
        t.wrong.append(f"{name}: refused: {done.stderr.strip()}")
        return
    got = json.loads(done.stdout)
    header, rows = documents(path)
    names = [c["name"] for c in got["columns"]]
    t.names += names == header
    t.rows += got["rows"] == rows
    t.values += 1  # the property test of round trips has more to say of them
    if names != header or got["rows"] != rows:
        t.wrong.append(f"{name}: {got['rows']} rows of {names[:8]}, not {rows} of {header[:8]}")


def judge(server, path, name, t):
    t.files += 1
    table = f"t{t.files}"
    kind = "tsv" if name.endswith(".tsv") else "csv"
    args = ["import", str(path), f"alice/{server.db}:{table}", "--format", kind, "--json"]
    done = server.client(*args, check=False)
    if name in BROKEN:
        t.refused += done.returncode != 0 and "ine " in done.stderr
        t.names += 1
        t.rows += 1
        t.values += 1
        if done.returncode == 0:
            t.wrong.append(f"{name}: taken, although it is broken")
        return
    if done.returncode:
        t.wrong.append(f"{name}: refused: {done.stderr.strip()}")
        return
    got = json.loads(done.stdout)
    header, rows = known(path, name)
    width = max([len(header or []), *map(len, rows)])
    if header and len(header) == width and not header[-1] and all(len(r) == width - 1 for r in rows):
        header.pop()
        width -= 1
    if header and rows and len(header) == width - 1 and all(len(r) == width for r in rows):
        header = ["", *header]
    names = [c["name"] for c in got["columns"]]
    if names == expected_names(header, width):
        t.names += 1
    else:
        t.wrong.append(f"{name}: names {names[:8]}, not {expected_names(header, width)[:8]}")
    if got["rows"] == len(rows) and got["skipped"] == 0:
        t.rows += 1
    else:
        t.wrong.append(f"{name}: {got['rows']} rows, not {len(rows)}")
        return
    if len(names) != width:
        return
    stored = server.client("export", f"alice/{server.db}", "-", "--format", "ndjson", "--table", table).stdout
    t.values += same_values(name, [list(json.loads(line).values()) for line in stored.split("\n") if line], rows, t)
    found = peers(width, rows)
    for i, c in enumerate(got["columns"]):
        cells = [r[i] if i < len(r) else "" for r in rows]
        if found[i] and lossless(cells):
            t.numeric += 1
            if c["type"] in ("INTEGER", "REAL"):
                t.typed += 1
            else:
                t.wrong.append(f"{name}: {c['name']} is {c['type']}: {cells[:5]}")


def same_values(name, stored, rows, t):
    """Whether each cell holds what the file says."""
    for n, (values, was) in enumerate(zip(stored, rows)):
        for i, v in enumerate(values):
            cell = was[i] if i < len(was) else ""
            if not same(v, cell):
                t.wrong.append(f"{name}: row {n + 1}, column {i + 1}: {v!r}, not {cell!r}")
                return False
    return True


TRUTHS = {"t": 1, "f": 0, "true": 1, "false": 0, "wahr": 1, "falsch": 0}


def same(value, cell):
    if isinstance(value, dict):
        value = float(value["real"]) if "real" in value else value.get("integer", value)
    if value is None:
        return cell in GAPS or cell.strip() == ""
    if value == cell or str(value) == cell:
        return True
    for text in (cell, cell.replace(".", "").replace(",", ".")):
        try:
            if float(text) == float(value):
                return True
        except ValueError:
            pass
    return TRUTHS.get(cell.lower()) == value


def main():
    ayb, work, *kinds = sys.argv[1:]
    kinds = [(label, Path(directory).resolve()) for label, directory in (k.split("=", 1) for k in kinds)]
    server = Server(os.path.abspath(ayb), work)
    os.chdir(server.work)
    failed = False
    try:
        server.register()
        print(f"{'':22}{'files':>7}{'names':>7}{'rows':>7}{'values':>8}{'numbers':>9}{'typed':>7}{'refused':>9}")
        wrong = []
        for label, directory in kinds:
            t = Tally()
            server.db = re.sub(r"\W", "", label) + ".sqlite"
            server.client("create_database", f"alice/{server.db}")
            for path in sorted(directory.rglob("*")):
                name = str(path.relative_to(directory))
                if path.suffix in (".csv", ".tsv", ".psv", ".txt") and path.stat().st_size:
                    judge(server, path, name, t)
                elif path.suffix in (".json", ".ndjson") and path.stat().st_size and not path.name.startswith("schema-"):
                    judge_documents(server, path, name, t)
            print(f"{label:22}{t.files:7}{t.names:7}{t.rows:7}{t.values:8}{t.numeric:9}{t.typed:7}{t.refused:9}")
            wrong += [f"{label}: {w}" for w in t.wrong]
            failed = failed or t.names < 0.99 * t.files or t.rows < t.files or t.values < t.files or t.typed < t.numeric
        print(*wrong, sep="\n")
    finally:
        server.stop()
    return failed


if __name__ == "__main__":
    csv.field_size_limit(1 << 30)
    sys.exit(main())

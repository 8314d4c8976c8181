package tests

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// sqliteShell is the sqlite3 program on a database file. Each entry runs in a
// new process, because each request has a fresh connection.
type sqliteShell struct {
	t       *testing.T
	path    string
	version string
}

func newSQLiteShell(t *testing.T) *sqliteShell {
	t.Helper()
	s := &sqliteShell{t: t, path: filepath.Join(t.TempDir(), "shell.sqlite")}
	out, errs := s.start("SELECT sqlite_version();")
	if s.version = strings.TrimSpace(out); s.version == "" {
		t.Fatalf("the sqlite3 shell does not work here: %s", errs)
	}
	return s
}

// start runs a script of the shell.
func (s *sqliteShell) start(script string) (stdout, stderr string) {
	s.t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(s.t.Context(), "sqlite3", "-batch", "-bail", s.path)
	cmd.Env = []string{"HOME=" + filepath.Dir(s.path), "TZ=UTC"} // no ~/.sqliterc
	cmd.Dir = filepath.Dir(s.path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(script), &out, &errs
	if err := cmd.Run(); err != nil && errs.Len() == 0 {
		s.t.Fatalf("sqlite3: %v", err)
	}
	return out.String(), errs.String()
}

// The settings of a connection of the server. The shell's answers to them are
// not compared.
const shellSetUp = `.output /dev/null
.dbconfig defensive on
.dbconfig dqs_dml on
.dbconfig dqs_ddl on
.explain off
.parameter init
PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=OFF; PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;
.mode quote
.headers off
.output stdout
`

var ownTransaction = regexp.MustCompile(`(?m)^(BEGIN|SAVEPOINT|PRAGMA foreign_keys *=)`)

// run runs an entry. A script without transactions of its own becomes one.
func (s *sqliteShell) run(e corpusEntry) corpusOutcome {
	s.t.Helper()
	script, n := shellSetUp, 0
	if e.params != nil {
		var values string
		values, n = s.parameters(e.params)
		script += values
	}
	before, after := "", ""
	if e.script && !ownTransaction.MatchString(e.sql) {
		before, after = "BEGIN;\n", "COMMIT;\n"
	}
	script += before + ".stats stmt\n.changes on\n" + e.sql + "\n.stats off\n.changes off\n" + after + "SELECT '', last_insert_rowid();\n"
	out, errs := s.start(script)
	if errs != "" {
		return corpusOutcome{failure: s.failure(e, errs)}
	}
	p := shellOutput{t: s.t, name: e.name, rest: out, before: int64(n)}
	o := p.outcome()
	o.rowid, o.hasRowid = p.rowid, true
	return o
}

// parameters fills the table in which the shell looks up parameters.
func (s *sqliteShell) parameters(params json.RawMessage) (script string, n int) {
	s.t.Helper()
	names, cells, err := corpusParams(params)
	if err != nil {
		s.t.Fatal(err)
	}
	var text strings.Builder
	for i, name := range names {
		fmt.Fprintf(&text, "INSERT INTO temp.sqlite_parameters VALUES ('%s', %s);\n", name, cells[i].literal())
	}
	text.WriteString("DELETE FROM temp.sqlite_parameters WHERE 0;\n") // changes() is 0 again
	return text.String(), len(names)
}

// literal returns the value as a literal of SQL.
func (c corpusCell) literal() string {
	kind, text, _ := strings.Cut(string(c), ":")
	switch {
	case kind == "t":
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case kind == "b":
		return "x'" + text + "'"
	case text == "+Inf":
		return "9e999"
	case text == "-Inf":
		return "-9e999"
	case c == "i:-9223372036854775808":
		return "(-9223372036854775807 - 1)"
	case kind == "r" && !strings.ContainsAny(text, ".e"):
		return text + ".0"
	case kind == "null":
		return "NULL"
	}
	return text
}

var (
	shellError = regexp.MustCompile(`^(?:Parse|Runtime) error near line [0-9]+: `)
	shellCode  = regexp.MustCompile(` \(([0-9]+)\)$`)
	shellMark  = regexp.MustCompile(`\n  (.*)\n( *)(\^--- error here|error here ---\^)\n`)
)

// failure reads the shell's output for an error: its text, the code in
// parentheses unless it is 1, and often the position below a part of the SQL.
func (s *sqliteShell) failure(e corpusEntry, text string) *corpusFailure {
	s.t.Helper()
	start := shellError.FindString(text)
	if start == "" {
		s.t.Fatalf("%s: the shell says %q", e.name, text)
	}
	f := &corpusFailure{code: 1, offset: -1}
	f.message = strings.TrimPrefix(text, start)
	if m := shellMark.FindStringSubmatch("\n" + f.message); m != nil {
		f.message = strings.TrimSuffix(("\n" + f.message)[1:strings.Index("\n"+f.message, m[0])], "\n")
		at := len(m[2]) - 2
		if m[3] != "^--- error here" {
			at += len("error here ---")
		}
		if from := strings.Index(strings.ReplaceAll(e.sql, "\n", " "), m[1]); from >= 0 && !e.script {
			f.offset = from + at
		}
	}
	f.message = strings.TrimSuffix(f.message, "\n")
	if m := shellCode.FindStringSubmatch(f.message); m != nil {
		f.message = strings.TrimSuffix(f.message, m[0])
		f.code, _ = strconv.Atoi(m[1]) // digits
	}
	return f
}

// shellOutput is read from its beginning: for each statement its rows as SQL
// literals, the columns from ".stats stmt", and the changes.
type shellOutput struct {
	t      *testing.T
	name   string
	rest   string
	before int64 // rows written before the statements
	rowid  int64
}

const (
	shellColumns = "Number of output columns:"
	shellChanges = "\nchanges: "
)

func (p *shellOutput) bad(what string) {
	p.t.Helper()
	p.t.Fatalf("%s: the shell's output has no %s at %.200q", p.name, what, p.rest)
}

func (p *shellOutput) outcome() corpusOutcome {
	p.t.Helper()
	var o corpusOutcome
	for {
		var r corpusResult
		for !strings.HasPrefix(p.rest, shellColumns) && p.rest != "" {
			r.rows = append(r.rows, p.row())
		}
		if p.rest == "" { // the last is the rowid
			last := r.rows[len(r.rows)-1]
			n, err := strconv.ParseInt(strings.TrimPrefix(string(last[1]), "i:"), 10, 64)
			if err != nil || len(r.rows) != 1 {
				p.bad("rowid")
			}
			p.rowid = n
			return o
		}
		p.about(&r)
		o.results = append(o.results, r)
	}
}

// about reads columns and changes.
func (p *shellOutput) about(r *corpusResult) {
	p.t.Helper()
	p.rest = p.rest[len(shellColumns):]
	var n int
	if _, err := fmt.Sscan(p.line(), &n); err != nil {
		p.bad("number of columns")
	}
	for i := range n {
		p.expect(fmt.Sprintf("%-36s ", fmt.Sprintf("Column %d name:", i)))
		name := p.until(fmt.Sprintf("\n%-36s ", fmt.Sprintf("Column %d declared type:", i)))
		declared := p.until(fmt.Sprintf("\n%-36s ", fmt.Sprintf("Column %d database name:", i)))
		if declared == "(null)" {
			declared = ""
		}
		for range 3 { // database, table, column
			p.line()
		}
		r.columns = append(r.columns, corpusColumn{name, declared})
	}
	p.until(shellChanges)
	if _, err := fmt.Sscanf(p.line(), "%d   total_changes: %d", &r.affected, &r.written); err != nil {
		p.bad("changes")
	}
	r.written -= p.before
}

func (p *shellOutput) line() string { p.t.Helper(); return p.until("\n") }

func (p *shellOutput) expect(text string) {
	p.t.Helper()
	rest, ok := strings.CutPrefix(p.rest, text)
	if !ok {
		p.bad(text)
	}
	p.rest = rest
}

func (p *shellOutput) until(text string) string {
	p.t.Helper()
	before, rest, ok := strings.Cut(p.rest, text)
	if !ok {
		p.bad(text)
	}
	p.rest = rest
	return before
}

func (p *shellOutput) row() []corpusCell {
	p.t.Helper()
	var row []corpusCell
	for {
		row = append(row, p.cell())
		end := p.rest[0]
		p.rest = p.rest[1:]
		if end == '\n' {
			return row
		}
	}
}

func (p *shellOutput) cell() corpusCell {
	p.t.Helper()
	switch {
	case strings.HasPrefix(p.rest, "'"):
		text := p.quoted()
		if !utf8.ValidString(text) { // the API gives it as it gives a BLOB
			return blobCell([]byte(text))
		}
		return textCell(text)
	case strings.HasPrefix(p.rest, "X'"):
		p.rest = p.rest[1:]
		b, err := hex.DecodeString(p.quoted())
		if err != nil {
			p.bad("BLOB")
		}
		return blobCell(b)
	}
	end := strings.IndexAny(p.rest, ",\n")
	text := p.rest[:end]
	p.rest = p.rest[end:]
	switch text {
	case "NULL":
		return "null"
	case "Inf", "9.0e+999":
		return realCell(math.Inf(1))
	case "-Inf", "-9.0e+999":
		return realCell(math.Inf(-1))
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return intCell(n)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		p.rest = text
		p.bad("value")
	}
	return realCell(f)
}

// quoted reads a text in quotes.
func (p *shellOutput) quoted() string {
	p.t.Helper()
	p.expect("'")
	var text strings.Builder
	for {
		text.WriteString(p.until("'"))
		if !strings.HasPrefix(p.rest, "'") {
			return text.String()
		}
		p.expect("'")
		text.WriteByte('\'')
	}
}

package tests

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/tests/harness"
)

// unicodeFiles is the directory of Debian's package unicode-data.
const unicodeFiles = "/usr/share/unicode"

// The Unicode Character Database, loaded with load.sh, gives the same answers in
// SQL as awk gives from the files. Every field of every line is compared too.
func TestUnicode(t *testing.T) {
	for _, topology := range harness.Topologies() {
		t.Run(string(topology), func(t *testing.T) {
			srv := harness.Start(t, topology)
			user := srv.Register("alice")
			user.Create("unicode.sqlite")
			load := exec.Command("ucd/load.sh", srv.URL, "alice/unicode.sqlite")
			load.Env = append(os.Environ(), "AYB_TOKEN="+user.Token)
			if out, err := load.CombinedOutput(); err != nil {
				t.Fatalf("load.sh: %v\n%s", err, out)
			}
			compareFile(t, user)
			askQuestions(t, user)
		})
	}
}

// compareFile compares the table with UnicodeData.txt, byte by byte.
func compareFile(t *testing.T, user *harness.User) {
	t.Helper()
	f, err := os.Open(filepath.Join(unicodeFiles, "UnicodeData.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // after reading only
	rows, err := user.QueryRows(t.Context(), user.Name, "unicode.sqlite", `SELECT code, name, category, combining, bidi,
		decomposition, decimal, digit, numeric, mirrored, old_name, comment, upper, lower, title FROM char ORDER BY cp`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	lines := bufio.NewScanner(f)
	n := 0
	for lines.Scan() {
		n++
		if !rows.Next() {
			t.Fatalf("line %d: the result ends: %v", n, rows.Err())
		}
		if got := joined(rows.Row(), ";"); got != lines.Text() {
			t.Fatalf("line %d is\n%s\nand came back as\n%s", n, lines.Text(), got)
		}
	}
	if rows.Next() || rows.Err() != nil || lines.Err() != nil || n < 30_000 {
		t.Errorf("after %d lines: %v, %v", n, rows.Err(), lines.Err())
	}
}

// askQuestions runs every question in SQL and in awk.
func askQuestions(t *testing.T, user *harness.User) {
	t.Helper()
	questions, err := filepath.Glob("ucd/questions/*.sql")
	if err != nil || len(questions) < 10 {
		t.Fatalf("%d questions, %v", len(questions), err)
	}
	for _, q := range questions {
		sql, err := os.ReadFile(q)
		if err != nil {
			t.Fatal(err)
		}
		program := strings.TrimSuffix(q, ".sql") + ".awk"
		want, err := exec.Command("awk", "-f", "ucd/questions/ucd.awk", "-f", program, unicodeFiles+"/Blocks.txt", unicodeFiles+"/UnicodeData.txt").Output()
		if err != nil {
			t.Fatalf("%s: %v", program, err)
		}
		r, err := user.Query(t.Context(), user.Name, "unicode.sqlite", string(sql))
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		var got strings.Builder
		for _, row := range r.Rows {
			got.WriteString(joined(row, "|") + "\n")
		}
		t.Logf("%s: %d rows", q, len(r.Rows))
		if len(r.Rows) < 3 || got.String() != string(want) {
			t.Errorf("%s: SQL says\n%s\nawk says\n%s", q, got.String(), want)
		}
	}
}

// joined returns a row as a line; NULL is empty, as in the file.
func joined(row []*string, separator string) string {
	cells := make([]string, len(row))
	for i, c := range row {
		if c != nil {
			cells[i] = *c
		}
	}
	return strings.Join(cells, separator)
}

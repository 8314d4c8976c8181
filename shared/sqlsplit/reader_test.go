package sqlsplit

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// units returns all units of a script.
func units(t *testing.T, r *Reader) (all []Unit) {
	t.Helper()
	for {
		u, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
}

func describe(all []Unit) string {
	var b strings.Builder
	for _, u := range all {
		fmt.Fprintf(&b, "%d/%d %v %v %q\n", u.Line, u.First, u.Words, u.Transaction, u.Text)
	}
	return b.String()
}

func TestReader(t *testing.T) {
	const script = "-- a shop\nPRAGMA user_version = 3;\n;\n/* now\n; */ CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN\n SELECT 1; END;\n" +
		"begin; INSERT INTO t\nVALUES ('COMMIT;');\nSAVEPOINT a; RELEASE a; end transaction;SELECT 1;\n" +
		"SAVEPOINT \"a b\"; SAVEPOINT c; ROLLBACK TO [a b]; RELEASE c; RELEASE SAVEPOINT 'A B';\nROLLBACK TO x;\nSELECT\n2 -- the end\n"
	want := strings.Join([]string{
		`1/2 [PRAGMA USER_VERSION = 3] false "-- a shop\nPRAGMA user_version = 3;"`,
		`2/5 [CREATE TEMP TRIGGER X AFTER INSERT ON] false "\n;\n/* now\n; */ CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN\n SELECT 1; END;"`,
		`6/7 [BEGIN] true "\nbegin; INSERT INTO t\nVALUES ('COMMIT;');\nSAVEPOINT a; RELEASE a; end transaction;"`,
		`9/9 [SELECT 1] false "SELECT 1;"`,
		`9/10 [SAVEPOINT A B] true "\nSAVEPOINT \"a b\"; SAVEPOINT c; ROLLBACK TO [a b]; RELEASE c; RELEASE SAVEPOINT 'A B';"`,
		`10/11 [ROLLBACK TO X] false "\nROLLBACK TO x;"`,
		`11/12 [SELECT 2] false "\nSELECT\n2 -- the end\n"`, "",
	}, "\n")
	for name, src := range map[string]io.Reader{"at once": strings.NewReader(script), "byte by byte": iotest.OneByteReader(strings.NewReader(script))} {
		if got := describe(units(t, NewReader(src, 1000))); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	for _, nothing := range []string{"", " \n", ";;", "-- x", "/* y; */ ;", "/* open", "\n--"} {
		if got := units(t, NewReader(strings.NewReader(nothing), 10)); got != nil {
			t.Errorf("%q: %v", nothing, got)
		}
	}
	if got := units(t, NewReader(strings.NewReader("BEGIN;SELECT 1"), 100)); len(got) != 1 || !got[0].Transaction {
		t.Errorf("an open transaction: %v", got)
	}
}

// An import runs a dump as one transaction, so it needs the statements within
// the dump's own.
func TestStatements(t *testing.T) {
	all := units(t, NewStatements(strings.NewReader("BEGIN;\nSELECT 1;\nCOMMIT;"), 20))
	want := `1/1 [BEGIN] true "BEGIN;"` + "\n" + `1/2 [SELECT 1] false "\nSELECT 1;"` + "\n" + `2/3 [COMMIT] false "\nCOMMIT;"` + "\n"
	if got := describe(all); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// A transaction is never split, and memory is limited.
func TestReaderTooLong(t *testing.T) {
	const most = 200_000
	row := strings.Repeat("x", 1000)
	script := "SELECT 1;\n\nBEGIN;\n" + strings.Repeat("INSERT INTO t VALUES ('"+row+"');\n", 300) + "COMMIT;\n"
	r := NewReader(strings.NewReader(script), most)
	if u, err := r.Next(); err != nil || u.Words[0] != "SELECT" {
		t.Fatal(u, err)
	}
	if u, err := r.Next(); !errors.Is(err, ErrTooLong) || r.Line() != 3 {
		t.Errorf("%d bytes, %v, line %d", len(u.Text), err, r.Line())
	}
	broken := NewReader(io.MultiReader(strings.NewReader("SELECT"), iotest.ErrReader(io.ErrClosedPipe)), most)
	if _, err := broken.Next(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken source: %v", err)
	}
}

// complete is SQLite's own test for a complete statement, from the table in
// its documentation of sqlite3_complete: the states are 1 start, 2 normal,
// 3 EXPLAIN, 4 CREATE, 5 trigger, 6 semicolon in it, 7 END after that.
func complete(sql string) bool {
	// The columns: semicolon, blank, other, EXPLAIN, CREATE, TEMP, TRIGGER, END.
	table := [][]int{
		0: {1, 0, 2, 3, 4, 2, 2, 2}, 1: {1, 1, 2, 3, 4, 2, 2, 2}, 2: {1, 2, 2, 2, 2, 2, 2, 2}, 3: {1, 3, 3, 2, 4, 2, 2, 2},
		4: {1, 4, 2, 2, 2, 4, 5, 2}, 5: {6, 5, 5, 5, 5, 5, 5, 5}, 6: {6, 6, 5, 5, 5, 5, 5, 7}, 7: {1, 7, 5, 5, 5, 5, 5, 5},
	}
	state := 0
	for len(sql) > 0 {
		column, n := 2, 1
		switch c := sql[0]; {
		case c == ';':
			column = 0
		case strings.IndexByte(" \t\r\n\f", c) >= 0:
			column = 1
		case strings.HasPrefix(sql, "/*"):
			i := strings.Index(sql[2:], "*/")
			if i < 0 {
				return false
			}
			column, n = 1, i+4
		case strings.HasPrefix(sql, "--"):
			i := strings.IndexByte(sql, '\n')
			if i < 0 {
				return state == 1
			}
			column, n = 1, i
		case c == '[':
			i := strings.IndexByte(sql, ']')
			if i < 0 {
				return false
			}
			n = i + 1
		case strings.IndexByte("'\"`", c) >= 0:
			i := strings.IndexByte(sql[1:], c)
			if i < 0 {
				return false
			}
			n = i + 2
		case isWord(c):
			n = strings.IndexFunc(sql, func(r rune) bool { return r < 0x80 && !isWord(byte(r)) })
			if n < 0 {
				n = len(sql)
			}
			keywords := map[string]int{"EXPLAIN": 3, "CREATE": 4, "TEMP": 5, "TEMPORARY": 5, "TRIGGER": 6, "END": 7}
			if k, ok := keywords[strings.ToUpper(sql[:n])]; ok {
				column = k
			}
		}
		state, sql = table[state][column], sql[n:]
	}
	return state == 1
}

// Statements are cut where SQLite says that they are complete, at every
// semicolon or at none; no byte is lost, however the script arrives.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"SELECT 1; SELECT ';', \";\", [;], `;`; -- ;\n/* ; */ x;", "CREATE TEMP TRIGGER a BEGIN SELECT 1; END; x",
		"EXPLAIN QUERY PLAN CREATE TRIGGER a; END;", "CREATE /* x */ TEMPORARY TRIGGER a;;END --\n;SELECT", ";;'", "'a''b;';ä;-- x", "/*/;*/;", "a-;b/;--",
		"EXPLAIN TEMP;END;CREATE x TRIGGER;", "BEGIN;SAVEPOINT x;RELEASE x;COMMIT;",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		all := units(t, NewReader(strings.NewReader(script), 1<<20))
		if again := units(t, NewReader(iotest.OneByteReader(strings.NewReader(script)), 1<<20)); !slices.EqualFunc(all, again, func(a, b Unit) bool { return a.Text == b.Text }) {
			t.Fatalf("cut otherwise when it comes byte by byte:\n%s\n%s", describe(all), describe(again))
		}
		rest := script
		for _, u := range all {
			if len(u.Words) == 0 || !strings.HasPrefix(rest, u.Text) {
				t.Fatalf("%q is not how %q goes on", u.Text, rest)
			}
			rest = rest[len(u.Text):]
			if !u.Transaction {
				checkCut(t, u.Text, rest)
			}
		}
		if strings.Contains(rest, ";") && complete(rest) && !blank(rest) {
			t.Fatalf("the statement %q is left", rest)
		}
	})
}

// checkCut compares the end of a single statement with SQLite's opinion.
func checkCut(t *testing.T, text, rest string) {
	t.Helper()
	if !strings.HasSuffix(text, ";") || !complete(text) {
		if rest != "" {
			t.Fatalf("%q is cut off and not complete", text)
		}
		return
	}
	for i := range len(text) - 1 {
		if text[i] == ';' && complete(text[:i+1]) && !blank(text[:i+1]) {
			t.Fatalf("%q is more than one statement", text)
		}
	}
}

// blank reports whether a text has only comments and semicolons.
func blank(text string) bool {
	words, _ := firstTokens(text)
	return len(words) == 0
}

func TestOffset(t *testing.T) {
	const text = "-- x\nSELECT 1;; /* y */ SELECT ';' ;SELECT 3"
	for i, want := range []int{strings.Index(text, "SELECT 1"), strings.Index(text, "SELECT ';'"), strings.Index(text, "SELECT 3"), -1} {
		if got := Offset(text, i); got != want {
			t.Errorf("%d: %d, not %d", i, got, want)
		}
	}
	if got := Offset("-- x", 0); got != -1 {
		t.Errorf("nothing: %d", got)
	}
}

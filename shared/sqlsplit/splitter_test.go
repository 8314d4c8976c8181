package sqlsplit_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/sqlsplit"
)

const guard = `CREATE TEMP TRIGGER guard AFTER INSERT ON t BEGIN
  UPDATE t SET n = n + 1; -- END;
  SELECT CASE WHEN n THEN ';' END FROM t;
END;`

// C7: a statement may span lines, and only its own semicolon ends it.
func TestSplitter(t *testing.T) {
	tests := []struct {
		name  string
		input string
		want  []string
		rest  string
	}{
		{"one a line", "SELECT 1;\nSELECT 2;", []string{"SELECT 1;", "SELECT 2;"}, ""},
		{"several a line", "SELECT 1; SELECT 2;SELECT", []string{"SELECT 1;", "SELECT 2;"}, "SELECT"},
		{"over lines", "SELECT\n1\n;", []string{"SELECT\n1\n;"}, ""},
		{"literals", "SELECT ';', 'it''s;', \";\", `;`, [;];", []string{"SELECT ';', 'it''s;', \";\", `;`, [;];"}, ""},
		{"a literal over lines", "SELECT 'a;\n--;\nb';", []string{"SELECT 'a;\n--;\nb';"}, ""},
		{"comments", "SELECT 1 -- ;\n /* ; \n ; */ + 1;", []string{"SELECT 1 -- ;\n /* ; \n ; */ + 1;"}, ""},
		{"a comment before", "-- first;\nSELECT 1;", []string{"SELECT 1;"}, ""},
		{"a long comment before", "/* a;\nb */ SELECT 1;", []string{"/* a;\nb */ SELECT 1;"}, ""},
		{"nothing", "\n  \n;;\n -- x\n/* y */", nil, ""},
		{"unfinished", "SELECT 1\n  FROM t", nil, "SELECT 1\n  FROM t"},
		{"an open literal", "SELECT 'a;\nb", nil, "SELECT 'a;\nb"},
		{"an open comment alone", "/* a", nil, ""},
		{"minus and slash", "SELECT 1 - 1 / 2;", []string{"SELECT 1 - 1 / 2;"}, ""},
		{"trigger", guard + " SELECT 1;", []string{guard, "SELECT 1;"}, ""},
		{"explained trigger", "EXPLAIN QUERY PLAN " + guard, []string{"EXPLAIN QUERY PLAN " + guard}, ""},
		{"trigger without its end", "create trigger x after insert on t begin select 1; select 2;", nil, "create trigger x after insert on t begin select 1; select 2;"},
		{"a name that only looks like it", "CREATE TABLE trigger_x(a);", []string{"CREATE TABLE trigger_x(a);"}, ""},
		{"a column called trigger", "SELECT trigger FROM t;", []string{"SELECT trigger FROM t;"}, ""},
		{"end;; in a trigger", "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1;;END;", []string{"CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1;;END;"}, ""},
		{"transaction", "SELECT 0;\nBEGIN IMMEDIATE;\nINSERT INTO t VALUES (1);\nSAVEPOINT a; ROLLBACK TO a;\nCOMMIT; SELECT 1;",
			[]string{"SELECT 0;", "BEGIN IMMEDIATE;\nINSERT INTO t VALUES (1);\nSAVEPOINT a;\nROLLBACK TO a;\nCOMMIT;", "SELECT 1;"}, ""},
		{"rolled back", "begin;\ninsert into t values (1);\nrollback;", []string{"begin;\ninsert into t values (1);\nrollback;"}, ""},
		{"open transaction", "BEGIN;\nSELECT 1;\nSELECT", nil, "BEGIN;\nSELECT 1;\nSELECT"},
		{"end outside a transaction", "COMMIT;", []string{"COMMIT;"}, ""},
		{"not ASCII", "SELECT 'ä;' AS größe;", []string{"SELECT 'ä;' AS größe;"}, ""},
	}
	for _, tt := range tests {
		var s sqlsplit.Splitter
		var got []string
		for line := range strings.SplitSeq(tt.input, "\n") {
			got = append(got, s.Feed(line)...)
		}
		if pending := s.Pending(); tt.rest != "" && !pending {
			t.Errorf("%s: nothing pending", tt.name)
		}
		if rest := s.Rest(); !slices.Equal(got, tt.want) || rest != tt.rest {
			t.Errorf("%s:\n got %q, rest %q\nwant %q, rest %q", tt.name, got, rest, tt.want, tt.rest)
		}
		if s.Pending() {
			t.Errorf("%s: something is left", tt.name)
		}
	}
}

// In a script, a setting and the statements after it stay together, because it
// lasts only until the request ends.
func TestSplitterOfScripts(t *testing.T) {
	for _, tt := range []struct {
		name, input string
		want        []string
		rest        string
	}{
		{"a rebuild", "SELECT 1;\nPRAGMA foreign_keys=OFF;\nDROP TABLE a;\npragma main.foreign_keys = 1;\nSELECT 2;",
			[]string{"SELECT 1;", "PRAGMA foreign_keys=OFF;\nDROP TABLE a;\npragma main.foreign_keys = 1;", "SELECT 2;"}, ""},
		{"with its transaction", "PRAGMA foreign_keys(0);\nBEGIN;\nDROP TABLE a;\nCOMMIT;\nSELECT 1;", nil, "PRAGMA foreign_keys(0);\nBEGIN;\nDROP TABLE a;\nCOMMIT;\nSELECT 1;"},
		{"inside it", "BEGIN;\nPRAGMA foreign_keys=no;\nCOMMIT;\nPRAGMA foreign_keys=yes;", []string{"BEGIN;\nPRAGMA foreign_keys=no;\nCOMMIT;\nPRAGMA foreign_keys=yes;"}, ""},
		{"what holds anyway", "PRAGMA foreign_keys=ON;\nPRAGMA foreign_keys;\nPRAGMA recursive_triggers='off';\nPRAGMA user_version=3;\nPRAGMA table_info(t);",
			[]string{"PRAGMA foreign_keys=ON;", "PRAGMA foreign_keys;", "PRAGMA recursive_triggers='off';", "PRAGMA user_version=3;", "PRAGMA table_info(t);"}, ""},
		{"two of them", "PRAGMA foreign_keys=OFF;\nPRAGMA legacy_alter_table=ON;\nPRAGMA foreign_keys=ON;\nPRAGMA legacy_alter_table=OFF;\nSELECT 1;",
			[]string{"PRAGMA foreign_keys=OFF;\nPRAGMA legacy_alter_table=ON;\nPRAGMA foreign_keys=ON;\nPRAGMA legacy_alter_table=OFF;", "SELECT 1;"}, ""},
		{"temporary", "CREATE TEMP TABLE x(a);\nINSERT INTO x VALUES (1);", nil, "CREATE TEMP TABLE x(a);\nINSERT INTO x VALUES (1);"},
	} {
		s := sqlsplit.Splitter{Script: true}
		var got []string
		for line := range strings.SplitSeq(tt.input, "\n") {
			got = append(got, s.Feed(line)...)
		}
		if rest := s.Rest(); !slices.Equal(got, tt.want) || rest != tt.rest {
			t.Errorf("%s:\n got %q, rest %q\nwant %q, rest %q", tt.name, got, rest, tt.want, tt.rest)
		}
		if s.Pending() {
			t.Errorf("%s: something is left", tt.name)
		}
		if s.Feed("SELECT 1;") == nil {
			t.Errorf("%s: it is still held back", tt.name)
		}
	}
}

// A statement of many lines costs time in proportion to its length.
func TestSplitterIsLinear(t *testing.T) {
	var s sqlsplit.Splitter
	s.Feed("INSERT INTO t VALUES")
	const lines = 200_000 // the square of it would take minutes
	for range lines {
		if got := s.Feed("(1,'a;b'),"); got != nil {
			t.Fatalf("ended early: %q", got)
		}
	}
	if got := s.Feed("(2,'c');"); len(got) != 1 || strings.Count(got[0], "\n") != lines+1 {
		t.Fatalf("got %d statements", len(got))
	}
}

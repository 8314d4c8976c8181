//go:build cgo && (linux || darwin)

package sqlite

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCompatDocument(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a BOOLEAN, b DATE, c TIMESTAMP, d DECIMAL(10,2), e DATETIME);
		INSERT INTO t VALUES (7, 'hello', 5, 1.5, x'00ff')`)
	cases := []struct{ name, sql, want string }{
		{"two rows", `SELECT '1' AS a, NULL AS b UNION ALL SELECT 'x','y'`, `{"fields":["a","b"],"rows":[["1",null],["x","y"]]}`},
		{"declared type changes nothing", `SELECT * FROM t`, `{"fields":["a","b","c","d","e"],"rows":[["7","hello","5","1.5","X'00FF'"]]}`},
		{"no rows keep fields", `SELECT a, b FROM t WHERE 0`, `{"fields":["a","b"],"rows":[]}`},
		{"no result set", `DELETE FROM t WHERE 0`, `{"fields":[],"rows":[]}`},
		{"same name twice", `SELECT 1 AS a, 2 AS a`, `{"fields":["a","a"],"rows":[["1","2"]]}`},
		{"Q11 empty", ``, `{"fields":[],"rows":[]}`},
		{"Q11 comment", " -- nothing\n/* here */ ; ;", `{"fields":[],"rows":[]}`},
		{"Q11 open comment", `/* here`, `{"fields":[],"rows":[]}`},
		{"integers", `SELECT -42, 9223372036854775807, -9223372036854775808, 0`, `{"fields":["-42","9223372036854775807","-9223372036854775808","0"],"rows":[["-42","9223372036854775807","-9223372036854775808","0"]]}`},
		{"reals", `SELECT 1.0 AS a, 1e21 AS b, 1e-7 AS c, 0.1+0.2 AS d, -1*0.0 AS e, 9e999 AS f, -9e999 AS g, 1e308 AS h`,
			`{"fields":["a","b","c","d","e","f","g","h"],"rows":[["1","1000000000000000000000","0.0000001","0.30000000000000004","-0","inf","-inf","1` + strings.Repeat("0", 308) + `"]]}`},
		{"no HTML escaping", `SELECT '<&>' || char(0x2028) AS a`, `{"fields":["a"],"rows":[["<&>` + "\u2028" + `"]]}`},
		{"escapes", `SELECT '"\' || char(10,13,9,8,12,1,127) AS a`, `{"fields":["a"],"rows":[["\"\\\n\r\t\b\f\u0001` + "\x7f" + `"]]}`},
		{"NUL in text", `SELECT 'a' || char(0) || 'b' AS a`, `{"fields":["a"],"rows":[["a\u0000b"]]}`},
		{"Q5 broken text", `SELECT CAST(x'41ff42' AS TEXT) AS a`, `{"fields":["a"],"rows":[["A` + "\uFFFD" + `B"]]}`},
		{"Q5 blob that is text", `SELECT x'c3a9' AS a`, `{"fields":["a"],"rows":[["é"]]}`},
		{"Q5 blob that is not", `SELECT x'0aff' AS a, x'' AS b, zeroblob(2) AS c`, `{"fields":["a","b","c"],"rows":[["X'0AFF'","","\u0000\u0000"]]}`},
		{"Q11 column name that is not UTF-8", "SELECT 1 AS \"\xff\"", `{"fields":["` + "\uFFFD" + `"],"rows":[["1"]]}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := db.in(t)
			for range 2 { // compiled, then from the cache
				got, err := db.Try(rw, c.sql)
				if err != nil || got != c.want {
					t.Errorf("got  %s, %v\nwant %s", got, err, c.want)
				}
			}
		})
	}
}

// A value larger than every buffer arrives completely and in chunks, with any
// bytes and any cut.
func TestBigCells(t *testing.T) {
	db := open(t)
	cases := []struct{ name, sql, want string }{
		{"text", `SELECT printf('%.*c', 5000000, 'x')`, strings.Repeat("x", 5_000_000)},
		{"blob", `SELECT zeroblob(1000000) || x'ff'`, ""},
		{"hex", `SELECT CAST(replace(hex(zeroblob(50000)), '00', x'ff41') AS BLOB)`, "X'" + strings.Repeat("FF41", 50000) + "'"},
		{"characters of two bytes", `SELECT 'a' || replace(hex(zeroblob(40000)), '00', 'é')`, "a" + strings.Repeat("é", 40000)},
		{"characters of four bytes", `SELECT 'abc' || replace(hex(zeroblob(40000)), '00', '😀')`, "abc" + strings.Repeat("😀", 40000)},
		{"controls", `SELECT replace(hex(zeroblob(60000)), '00', char(1))`, strings.Repeat("\x01", 60000)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := db.in(t)
			for _, sql := range []string{c.sql, "SELECT 1 UNION ALL " + c.sql + " UNION ALL SELECT 2"} {
				out, err := db.Try(rw, sql)
				if err != nil {
					t.Fatal(err)
				}
				var doc struct{ Rows [][]string }
				if err := json.Unmarshal([]byte(out), &doc); err != nil {
					t.Fatal(err)
				}
				got := doc.Rows[len(doc.Rows)/2][0]
				if c.want != "" && got != c.want {
					t.Errorf("%s: %d bytes, want %d", sql, len(got), len(c.want))
				}
			}
		})
	}
}

//go:build cgo && (linux || darwin)

package sqlite

import (
	"crypto/sha3"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/errs"
)

// The functions of SQLite's shell that its library lacks. The expected values
// are those of the shell of SQLite 3.54.1.
func TestFunctions(t *testing.T) {
	db := open(t)
	for _, c := range []struct{ sql, want string }{
		{`SELECT 'abc' REGEXP 'b', 'abc' REGEXP '^b', 'ABC' REGEXP 'b', regexpi('b', 'ABC'), regexp('b', 'abc')`, "1|0|0|1|1"},
		{`SELECT 'a' || char(10) || 'c' REGEXP 'a.c', NULL REGEXP 'a', 'a' REGEXP NULL, '' REGEXP '', 'a' REGEXP '^$'`, "1|NULL|NULL|1|0"},
		{`SELECT 'foo bar' REGEXP '\bbar\b', 'foobar' REGEXP '\bbar', 'x1' REGEXP '\d', 'é' REGEXP '^.$', 'aaa' REGEXP '^a{2,3}$', 'aaaa' REGEXP '^a{2,3}$'`, "1|0|1|1|1|0"},
		{`SELECT 'a-b' REGEXP '[a\-z]-', 'ÿ' REGEXP '\u00ff', 'a.b' REGEXP 'a\.b', ']' REGEXP '[]]', 'Straße' REGEXP '[ß]', '日本' REGEXP '^日.$'`, "1|1|1|1|1|1"},
		{`SELECT 'aXb' REGEXP '(?i)x', 'ab' REGEXP 'a(?:b)', 'b' REGEXP '^(a|b)*$', 'aab' REGEXP 'a+?b', x'6162' REGEXP 'b', 123 REGEXP '2'`, "1|1|1|1|1|1"},
		{`SELECT group_concat(value) FROM generate_series(1, 5, 2)`, "1,3,5"},
		{`SELECT group_concat(value) FROM generate_series(5, 1, -2)`, "5,3,1"},
		{`SELECT count(*) FROM generate_series(5, 1)`, "0"},
		{`SELECT count(*) FROM generate_series(1, 3, 0)`, "3"},
		{`SELECT count(*) FROM generate_series(NULL, 3)`, "0"},
		{`SELECT group_concat(value) FROM generate_series(9223372036854775800, 9223372036854775807, 3)`, "9223372036854775800,9223372036854775803,9223372036854775806"},
		{`SELECT group_concat(value) FROM (SELECT value FROM generate_series(1, 10) ORDER BY value DESC LIMIT 2)`, "10,9"},
		{`SELECT group_concat(value) FROM (SELECT value FROM generate_series(10, 1, -4) ORDER BY value)`, "2,6,10"},
		{`SELECT value FROM generate_series(-9223372036854775808, 9223372036854775807) LIMIT 2`, "-9223372036854775808 -9223372036854775807"},
		{`SELECT count(*) FROM generate_series(1, 3) a, generate_series(1, a.value) b`, "6"},
		{`SELECT group_concat(value || '/' || stop) FROM generate_series WHERE start = 1 AND stop = 3`, "1/3,2/3,3/3"},
		{`SELECT median(value), percentile(value, 25), percentile_cont(value, 0.5), percentile_disc(value, 0.5) FROM generate_series(1, 4)`, "2.5|1.75|2.5|2"},
		{`SELECT decimal('1.50'), decimal(' 12 '), decimal('1e3'), decimal('1.5e-3'), decimal('-0'), decimal('+007.10'), decimal('12abc'), decimal('.5'), decimal('5.'), decimal(''), decimal('.5e1')`,
			"1.50|12|1000|0.0015|0|7.10|12|0.5|5|0|5"},
		{`SELECT decimal(0.1), decimal(9223372036854775807), decimal(NULL), decimal(x'31')`, "0.1000000000000000055511151231257827021181583404541015625|9223372036854775807|NULL|NULL"},
		{`SELECT decimal_add('1.50', '2.5'), decimal_sub('1', '2.25'), decimal_mul('1.50', '2'), decimal_mul('1.5', '1.5'), decimal_mul('1.50', '2.00'), decimal_cmp('1.0', '1'), decimal_cmp('abc', '1'), decimal_cmp('-0', '0'), decimal_add(1, NULL)`,
			"4.00|-1.25|3|2.25|3.00|0|-1|0|NULL"},
		{`SELECT decimal_exp('123.450'), decimal_exp('0'), decimal_exp('-0.00120'), decimal_exp(0.1)`, "+1.2345e+02|+0.0e+00|-1.2e-03|+1.000000000000000055511151231257827021181583404541015625e-01"},
		{`SELECT decimal_sum(column1) FROM (VALUES ('1.1'), ('2.25'), (NULL), ('abc'), (-3))`, "0.35"},
		{`SELECT group_concat(s) FROM (SELECT decimal_sum(value || '.5') OVER (ORDER BY value ROWS 1 PRECEDING) s FROM generate_series(1, 3))`, "1.5,4.0,6.0"},
		{`SELECT decimal_sum(1) WHERE 0`, "NULL"},
		{`SELECT hex(sha3('abc')), hex(sha3('abc', 224)), length(sha3(x'616263', 512)), sha3(NULL), sha3(12) = sha3('12')`,
			"3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532|E642824C3F8CF24AD09234EE7D3C766FC9A3A5168D0C94AD73B46FDF|64|NULL|1"},
		{`SELECT uuid() REGEXP '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', uuid() = uuid()`, "1|0"},
		{`SELECT uuid_str('{A0EEBC999C0B4EF8BB6D6BB9BD380A11}'), hex(uuid_blob('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')), uuid_str('x'), uuid_str(x'00112233445566778899aabbccddeeff'), uuid_str('a0eebc99')`,
			"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|A0EEBC999C0B4EF8BB6D6BB9BD380A11|NULL|00112233-4455-6677-8899-aabbccddeeff|NULL"},
	} {
		if got := db.Must(ro, c.sql); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sql, got, c.want)
		}
	}
}

// Bounds of WHERE on generate_series give the same rows as a scan of all
// values.
func TestSeriesIsBounded(t *testing.T) {
	db := open(t)
	const all = "9223372036854775807"
	for _, c := range []struct{ sql, want string }{
		{`SELECT group_concat(value) FROM generate_series(1, ` + all + `) WHERE value > 9223372036854775805`, "9223372036854775806," + all},
		{`SELECT group_concat(value) FROM generate_series(-9223372036854775808, ` + all + `) WHERE value < -9223372036854775806`, "-9223372036854775808,-9223372036854775807"},
		{`SELECT group_concat(value) FROM generate_series(1, ` + all + `, 9223372036854775806) WHERE value >= 2`, all},
		{`SELECT count(*) FROM generate_series(2, ` + all + `, 9223372036854775806) WHERE value > 2`, "0"},
		{`SELECT count(*) FROM generate_series(1, 5) WHERE value = 'x' OR value > 'a'`, "0"},
		{`SELECT group_concat(value) FROM generate_series(1, 5) WHERE value >= 2.5 AND value = 3.0`, "3"},
		{`SELECT count(*) FROM generate_series(1, 9) WHERE value > NULL`, "0"},
	} {
		if got := db.Must(ro, c.sql); got != c.want {
			t.Errorf("%s: %s, want %s", c.sql, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(3, 3))
	for range 600 {
		series := fmt.Sprintf("generate_series(%d, %d, %d)", r.IntN(30)-15, r.IntN(30)-15, r.IntN(9)-4)
		ops := []string{"=", ">", ">=", "<", "<="}
		where, plain := "", ""
		for range 1 + r.IntN(2) {
			op, v := ops[r.IntN(5)], r.IntN(30)-15
			where += fmt.Sprintf(" AND value %s %d", op, v)
			plain += fmt.Sprintf(" AND +value %s %d", op, v)
		}
		order := []string{"", " ORDER BY value", " ORDER BY value DESC"}[r.IntN(3)]
		got := db.Must(ro, "SELECT value FROM "+series+" WHERE 1"+where+order)
		if want := db.Must(ro, "SELECT value FROM "+series+" WHERE 1"+plain+order); got != want {
			t.Fatalf("%s%s%s: %s, want %s", series, where, order, got, want)
		}
	}
}

// The functions work in schemas, too: in checks, indexes and generated columns.
func TestFunctionsInSchemas(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a TEXT CHECK (a REGEXP '^\d+$'), h AS (sha3(a)) STORED, id TEXT DEFAULT (uuid()));
		CREATE INDEX i ON t(decimal(a)); CREATE VIEW v AS SELECT value FROM generate_series(1, 3);
		INSERT INTO t(a) VALUES ('007')`)
	if got := db.Must(ro, `SELECT decimal(a), length(h), length(id), (SELECT sum(value) FROM v) FROM t`); got != "7|32|36|6" {
		t.Error(got)
	}
	db.Fails(rw, `INSERT INTO t(a) VALUES ('x')`, errs.SQL)
}

func TestFunctionsRefuse(t *testing.T) {
	db := open(t)
	for _, c := range []struct{ sql, want string }{
		{`SELECT 'a' REGEXP '*a'`, "nothing before it"},
		{`SELECT 'a' REGEXP '(a'`, "( without )"},
		{`SELECT 'a' REGEXP 'a)'`, ") without ("},
		{`SELECT 'a' REGEXP '[a'`, "[ without ]"},
		{`SELECT 'a' REGEXP 'a{2,1}'`, "n is less than m"},
		{`SELECT 'a' REGEXP 'a{1001}'`, "above 1000"},
		{`SELECT 'a' REGEXP 'a{x}'`, "{2,5}"},
		{`SELECT 'a' REGEXP 'a\'`, "ends with a backslash"},
		{`SELECT 'a' REGEXP '(a)\1'`, "references back"},
		{`SELECT 'a' REGEXP '(?=a)'`, "(?i)"},
		{`SELECT 'a' REGEXP '[[:alpha:]]'`, "[:name:]"},
		{`SELECT 'a' REGEXP '[z-a]'`, "before its beginning"},
		{`SELECT 'a' REGEXP '\xg0'`, "hexadecimal"},
		{`SELECT 'a' REGEXP '(((a{100}){100}){100})'`, "too large"},
		{`SELECT 'a' REGEXP '((((){1000}){1000}){1000}){1000}'`, "too large"},
		{`SELECT 'a' REGEXP replace(hex(zeroblob(201)), '00', '(')`, "200 ("},
		{`SELECT 'a' REGEXP replace(hex(zeroblob(4097)), '00', 'a')`, "4096 bytes"},
		{`SELECT value FROM generate_series`, "first value"},
		{`SELECT decimal('1e10001')`, "10000 digits"},
		{`SELECT decimal(9e999)`, "10000 digits"},
		{`SELECT decimal(replace(hex(zeroblob(10001)), '00', '1'))`, "10000 digits"},
		{`SELECT sha3('a', 100)`, "224, 256, 384 or 512"},
		{`CREATE VIRTUAL TABLE s USING generate_series`, "no such module"},
	} {
		if m := db.Fails(rw, c.sql, errs.SQL); !strings.Contains(m, c.want) {
			t.Errorf("%s: %s", c.sql, m)
		}
	}
}

// A pattern that takes exponential time elsewhere takes linear time here, and
// long calls end with their time limit.
func TestFunctionsAreLimited(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.HeapBytes = 64 << 20 })
	if got := db.Must(ro, `SELECT replace(hex(zeroblob(30000)), '00', 'a') REGEXP '^(a|aa)*(a+)+b$'`); got != "0" {
		t.Error(got)
	}
	for _, sql := range []string{
		`SELECT replace(hex(zeroblob(5000000)), '00', 'a') REGEXP '(a?){500}(a?){500}b'`,
		`SELECT count(*) FROM generate_series(1, 9223372036854775807)`,
		`SELECT max(decimal_mul(d, d)) FROM (SELECT value || replace(hex(zeroblob(9000)), '00', '7') d FROM generate_series(1, 100000))`,
		`SELECT max(sha3(zeroblob(9000000 + value))) FROM generate_series(1, 100000)`,
	} {
		var m enginetest.Memory
		if err := db.Run(enginetest.SQLJob(sql, ro, 300*time.Millisecond), &m); errs.CodeOf(err) != errs.Timeout {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if got := db.Must(ro, `SELECT 1`); got != "1" {
		t.Error(got)
	}
}

func TestSHA3(t *testing.T) {
	db := open(t)
	for n := 0; n < 600; n += 1 + n/7 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i * 7)
		}
		h := hex.EncodeToString(b)
		s224, s256, s384, s512 := sha3.Sum224(b), sha3.Sum256(b), sha3.Sum384(b), sha3.Sum512(b)
		want := fmt.Sprintf("%X|%X|%X|%X", s224, s256, s384, s512)
		if got := db.Must(ro, fmt.Sprintf(`SELECT hex(sha3(x'%[1]s', 224)), hex(sha3(x'%[1]s')), hex(sha3(x'%[1]s', 384)), hex(sha3(x'%[1]s', 512))`, h)); got != want {
			t.Fatalf("%d bytes: %s, want %s", n, got, want)
		}
	}
}

// Random patterns match the same texts as with Go's package.
func TestRegexpAgrees(t *testing.T) {
	db := open(t)
	r := rand.New(rand.NewPCG(9, 9))
	atoms := []string{"a", "b", "c", ".", "[ab]", "[^a]", `\d`, `\W`, `\b`, "^", "$", "é", "[b-é]", "1", "(?:ab)"}
	ends := []string{"", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"}
	var pattern func(depth int) string
	pattern = func(depth int) string {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			if depth > 0 && r.IntN(4) == 0 {
				b.WriteString("(" + pattern(depth-1) + ")" + ends[r.IntN(len(ends))])
				continue
			}
			b.WriteString(atoms[r.IntN(len(atoms))] + ends[r.IntN(len(ends))])
			if r.IntN(6) == 0 {
				b.WriteByte('|')
			}
		}
		return b.String()
	}
	texts := []string{"", "a", "ab", "abc", "é", "aéb1", "1 b a", "cab", "bbbb", "a\nb", "ba ab"}
	for range 1500 {
		p := pattern(2)
		re, err := regexp.Compile(`(?s)` + p)
		if err != nil {
			continue // a repetition of a repetition, say
		}
		sql, want := "SELECT ", ""
		for i, s := range texts {
			if i > 0 {
				sql, want = sql+", ", want+"|"
			}
			sql += fmt.Sprintf("'%s' REGEXP '%s'", s, p)
			want += map[bool]string{true: "1", false: "0"}[re.MatchString(s)]
		}
		if got := db.Must(ro, sql); got != want {
			t.Fatalf("%s: got %s, want %s", p, got, want)
		}
	}
}

// Random numbers have the same results as with math/big.
func TestDecimalAgrees(t *testing.T) {
	db := open(t)
	r := rand.New(rand.NewPCG(7, 7))
	number := func() string {
		s := ""
		if r.IntN(2) == 0 {
			s = "-"
		}
		for range 1 + r.IntN(25) {
			s += string(rune('0' + r.IntN(10)))
		}
		if r.IntN(2) == 0 {
			s += "."
			for range r.IntN(20) {
				s += string(rune('0' + r.IntN(10)))
			}
		}
		if r.IntN(3) == 0 {
			s += fmt.Sprintf("e%d", r.IntN(60)-30)
		}
		return s
	}
	value := func(s string) *big.Rat {
		v, ok := new(big.Rat).SetString(strings.TrimSuffix(s, "."))
		if !ok {
			v, ok = new(big.Rat).SetString(strings.Replace(s, ".e", "e", 1))
		}
		if !ok {
			t.Fatalf("not a number: %q", s)
		}
		return v
	}
	for range 1000 {
		a, b := number(), number()
		got := strings.Split(db.Must(ro, fmt.Sprintf(`SELECT decimal('%[1]s'), decimal_add('%[1]s','%[2]s'), decimal_sub('%[1]s','%[2]s'), decimal_mul('%[1]s','%[2]s'), decimal_cmp('%[1]s','%[2]s'), decimal_exp('%[1]s')`, a, b)), "|")
		x, y := value(a), value(b)
		for i, want := range []*big.Rat{x, new(big.Rat).Add(x, y), new(big.Rat).Sub(x, y), new(big.Rat).Mul(x, y), big.NewRat(int64(x.Cmp(y)), 1), x} {
			if value(got[i]).Cmp(want) != 0 {
				t.Fatalf("%s and %s: column %d is %s, want %s", a, b, i, got[i], want.RatString())
			}
		}
	}
	for range 300 {
		f := math.Float64frombits(r.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		got := db.Must(ro, fmt.Sprintf(`SELECT decimal(%.17e)`, f))
		if value(got).Cmp(new(big.Rat).SetFloat64(f)) != 0 {
			t.Fatalf("%g: %s", f, got)
		}
	}
}

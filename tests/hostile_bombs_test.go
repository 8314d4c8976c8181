package tests

import "strings"

// bombAttacks use up time, memory or disk. Each is stopped at a limit, which the
// message names.
func bombAttacks() []sqlAttack {
	const timeout, memory, full = "limits.statement_timeout", "limits.heap_bytes", "limits.database_bytes"
	return []sqlAttack{
		// Time (Q3).
		{name: "Q3 endless recursion", attack: counting + "SELECT max(x) FROM c", status: 408, says: timeout},
		{name: "Q3 endless writer", setup: "CREATE TABLE t(a)", attack: counting + "INSERT INTO t SELECT max(x) FROM c", status: 408, says: timeout},
		{name: "Q3 cartesian join", setup: "CREATE TABLE t AS SELECT x FROM " + upTo(1000), attack: "SELECT count(*) FROM t a, t b, t c, t d WHERE a.x + b.x + c.x + d.x = 7", status: 408, says: timeout},
		{name: "Q3 LIKE", attack: "SELECT sum((x || hex(zeroblob(90000))) LIKE '" + strings.Repeat("%_0", 900) + "%1') FROM " + upTo(1_000_000), status: 408, says: timeout},
		{name: "Q3 GLOB", attack: "SELECT sum((x || hex(zeroblob(90000))) GLOB '" + strings.Repeat("*[0-9]", 300) + "*x') FROM " + upTo(1_000_000), status: 408, says: timeout},
		{name: "pattern of a megabyte", attack: "SELECT 'x' LIKE '" + strings.Repeat("%", 1_000_000) + "'", status: 400, says: "pattern too complex"},
		{name: "Q3 instr and replace", attack: counting + "SELECT sum(instr(hex(zeroblob(900000)), '01')) FROM c", status: 408, says: timeout},
		{name: "Q3 window over everything", attack: "SELECT max(s) FROM (SELECT sum(x) OVER (ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) AS s FROM " + upTo(100_000) + ")", status: 408, says: timeout},
		{name: "Q3 index of nothing", attack: "CREATE TABLE t(a); INSERT INTO t SELECT x FROM " + upTo(20_000) + "; UPDATE t SET a = (SELECT count(*) FROM t b WHERE b.a > t.a)", status: 408, says: timeout, then: "SELECT count(*) FROM sqlite_schema", finds: `[["0"]]`},
		{name: "Q3 json in a circle", attack: counting + "SELECT count(*) FROM c, json_tree('[[[[1]]]]')", status: 408, says: timeout},
		{name: "Q3 query plan of a monster", setup: "CREATE TABLE t(a,b,c,d)", attack: "SELECT count(*) FROM " + commas(60, func(i int) string { return "t AS t" + string(rune('A'+i/26)) + string(rune('a'+i%26)) }) + " WHERE " + strings.Repeat("tAa.a=tAb.b AND ", 100) + "1", status: 0},

		// Memory.
		{name: "randomblob", attack: "SELECT length(randomblob(2000000000))", status: 413, says: memory},
		{name: "zeroblob", attack: "SELECT zeroblob(2147483647)", status: 413, says: memory},
		{name: "printf", attack: "SELECT length(printf('%.*c', 2000000000, 'x'))", status: 413, says: memory},
		{name: "printf of a float", attack: "SELECT length(printf('%.2000000000f', 1e308))", status: 0},
		{name: "replace", attack: "SELECT length(replace(hex(zeroblob(10000)), '0', hex(zeroblob(10000))))", status: 400, says: memory},
		{name: "group_concat", attack: counting + "SELECT length(group_concat(hex(zeroblob(100000)))) FROM c", status: 400, says: memory},
		{name: "json_group_array", attack: counting + "SELECT length(json_group_array(hex(zeroblob(100000)))) FROM c", status: 0},
		{name: "concatenation by recursion", attack: "WITH RECURSIVE c(x) AS (SELECT 'x' UNION ALL SELECT x||x FROM c) SELECT length(x) FROM c", status: 400, says: memory},
		{name: "many large values at once", attack: "SELECT " + commas(30, repeated("randomblob(3000000)")), status: 400, says: memory},
		{name: "rows of large values", attack: "SELECT hex(randomblob(5000000)), hex(randomblob(5000000)) FROM " + upTo(50), status: 0},
		{name: "DISTINCT of endless", attack: counting + "SELECT count(DISTINCT hex(x)||hex(randomblob(5000))) FROM c", status: 507, says: full},
		{name: "hex of hex of hex", attack: "SELECT hex(hex(hex(hex(zeroblob(2000000)))))", status: 400, says: memory},
		{name: "json nested deeply", attack: "SELECT json('" + strings.Repeat("[", 900_000) + strings.Repeat("]", 900_000) + "')", status: 400, says: "malformed JSON"},
		{name: "jsonb with forged sizes", attack: "SELECT json(x'ffffffffffffffffff'), json_extract(x'cbffffffff', '$')", status: 400, says: "malformed JSON"},
		{name: "json path of a megabyte", attack: "SELECT json_extract('{}', '$" + strings.Repeat(".a", 700_000) + "')", status: 0},
		{name: "json_set doubling", attack: "WITH RECURSIVE c(j) AS (SELECT '[0]' UNION ALL SELECT json_array(json(j), json(j)) FROM c) SELECT max(length(j)) FROM c", status: 0},
		{name: "date arithmetic", attack: "SELECT strftime('" + strings.Repeat("%Y", 900_000) + "', 'now')", status: 0},

		// Full text, R-Tree.
		{name: "FTS5 query of ORs", setup: "CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('a b c')", attack: "SELECT * FROM f WHERE f MATCH '" + strings.Repeat("a OR ", 100_000) + "a'", status: 0},
		{name: "FTS5 deep parentheses", setup: "CREATE VIRTUAL TABLE f USING fts5(x)", attack: "SELECT * FROM f WHERE f MATCH '" + strings.Repeat("(", 500_000) + "'", status: 400, says: "fts5"},
		{name: "FTS5 prefix of everything", setup: "CREATE VIRTUAL TABLE f USING fts5(x, prefix='1 2 3'); INSERT INTO f SELECT hex(randomblob(50)) FROM " + upTo(2000), attack: "SELECT count(*) FROM f WHERE f MATCH '" + strings.Repeat("0* OR ", 250) + "1*'", status: 0},
		{name: "FTS5 NEAR of everything", setup: "CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f SELECT replace(hex(zeroblob(50000)), '0', 'a ')", attack: "SELECT count(*) FROM f WHERE f MATCH 'NEAR(" + strings.Repeat("a ", 200) + ", 100000)'", status: 0},
		{name: "FTS5 forged rank", setup: "CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('a')", attack: "SELECT * FROM f('a') WHERE rank MATCH 'load_extension(1)' ORDER BY rank", status: 400},
		{name: "FTS5 forged options", attack: "CREATE VIRTUAL TABLE f USING fts5(x, content='sqlite_schema', content_rowid='rootpage'); INSERT INTO f(f) VALUES ('rebuild')", status: 0},
		{name: "FTS4 snippet of nonsense", setup: "CREATE VIRTUAL TABLE f USING fts4(x); INSERT INTO f VALUES ('a b c')", attack: "SELECT snippet(f, 'x', 'y', 'z', -1, 999999999), matchinfo(f, '" + strings.Repeat("lyxpcna", 100_000) + "') FROM f WHERE f MATCH 'a'", status: 0},
		{name: "R-Tree of extremes", attack: "CREATE VIRTUAL TABLE r USING rtree(i,a,b); INSERT INTO r VALUES (1,-9e999,9e999),(9223372036854775807,1e308,1e308); SELECT * FROM r WHERE a < 'x' AND b > x'ff'", status: 200},
		{name: "R-Tree of a forged shape", setup: "CREATE VIRTUAL TABLE r USING rtree(i,a,b); INSERT INTO r VALUES (1,2,3)", attack: "SELECT * FROM r WHERE i MATCH x'" + strings.Repeat("ff", 1000) + "'", status: 400},
		{name: "R-Tree node of nonsense", attack: "SELECT rtreenode(2, x'ffff" + strings.Repeat("ff", 60) + "'), rtreedepth(x'ffff')", status: 0},
		{name: "R-Tree of 6 dimensions", attack: "CREATE VIRTUAL TABLE r USING rtree(" + commas(13, func(i int) string { return "c" + string(rune('a'+i)) }) + ")", status: 400, says: "Too many columns"},

		// Disk (Q6, Q7).
		{name: "Q7 endless inserts", setup: "CREATE TABLE t(a)", attack: counting + "INSERT INTO t SELECT randomblob(10000) FROM c", status: 507, says: full, then: "SELECT count(*) FROM t", finds: `[["0"]]`},
		{name: "Q7 log that grows", setup: "CREATE TABLE t(a); INSERT INTO t SELECT zeroblob(3000) FROM " + upTo(1000), attack: strings.Repeat("UPDATE t SET a = randomblob(3000);", 12), status: 0},
		{name: "Q7 temp table that grows", attack: "CREATE TEMP TABLE t(a); " + counting + "INSERT INTO t SELECT randomblob(10000) FROM c", status: 0},
		{name: "Q6 sort that fills the disk", attack: "SELECT hex(randomblob(20000)) AS a FROM " + upTo(2500) + " ORDER BY a LIMIT 1", status: 0},
		{name: "sort for ever", attack: counting + "SELECT x, hex(randomblob(10000)) AS b FROM c ORDER BY b", status: 507, says: full},
		{name: "large result in one piece", attack: "SELECT hex(randomblob(100000)) FROM " + upTo(3), status: 200},
		{name: "thousands of tables", attack: tables(5000), status: 0},
	}
}

// tables returns statements that create n tables.
func tables(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString("CREATE TABLE IF NOT EXISTS \"")
		b.WriteString(strings.Repeat("t", 1+b.Len()%300))
		b.WriteString("\"(a);")
	}
	return b.String()
}

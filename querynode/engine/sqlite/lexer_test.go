package sqlite

import "testing"

func TestBlank(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, " \t\r\n\f;;": true, "-- x": true, "-- x\n;": true, "/* x */": true, "/* x": true, "\xEF\xBB\xBF": true,
		"/**/--\n/***/": true, "x": false, "-- x\ny": false, "/* */ 1": false, "/": false, "/*": false, "-": false, "\v": false,
	} {
		if got := blank(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestWrites(t *testing.T) {
	for s, want := range map[string]bool{
		"INSERT INTO t": true, "/* x */ update t": true, "; ;delete": true, "SELECT 1": false, "WITH x": false,
		"inserted": false, "": false, `"INSERT"`: false, "PRAGMA x": false, "vacuum": true,
	} {
		if got := startsWithWrite(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestVacuum(t *testing.T) {
	for s, want := range map[string][2]bool{
		"VACUUM": {true, false}, "vacuum main;": {true, false}, `VACUUM "into"`: {true, false}, "VACUUM `into`;": {true, false},
		"VACUUM [into]": {true, false}, "VACUUM 'it''s INTO'": {true, false}, "VACUUM INTO 'x'": {true, true},
		"VACUUM/**/main--\ninto 'x'": {true, true}, `VACUUM "a""b" INTO 'x'`: {true, true}, "VACUUM [x]INTO 'x'": {true, true},
		"SELECT 'VACUUM INTO'": {false, false}, "vacuumed": {false, false}, "VACUUM 'open": {true, false},
	} {
		if is, into := vacuum(s); [2]bool{is, into} != want {
			t.Errorf("%q: %v, %v", s, is, into)
		}
	}
}

package client_test

import (
	"fmt"
	"testing"

	"github.com/ayb-go/ayb/cli/client"
)

// C7: completion knows tables, columns and commands.
func TestCandidates(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT * FROM fr":      "[fruit from]",
		"SELECT na":             "[Name]",
		"SELECT fruit.":         "[fruit.id fruit.Name fruit.upper fruit.maker]",
		"SELECT count(FRUIT.Na": "[FRUIT.Name]",
		"SELECT f.ma":           "[f.maker]",
		`SELECT * FROM "`:       `["select"]`,
		"SELECT ra":             "[]",
		"SELEC":                 "[SELECT]",
		".":                     "[.tables .schema .mode .headers .nullvalue .width .indexes .dump .import .read .output .once .param .bail .timer .help .quit]",
		".sch":                  "[.schema]",
		".schema f":             "[fruit]",
		".mode m":               "[markdown]",
		".timer o":              "[on off]",
		".help ":                "[]",
	} {
		if got := fmt.Sprint(client.Candidates(shop(), text)); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
	for sql, want := range map[string]bool{"CREATE TABLE t(a)": true, "begin;alter table x": true, "SELECT created FROM t": false} {
		if client.ChangesSchema(sql) != want {
			t.Errorf("%q: not %v", sql, want)
		}
	}
}

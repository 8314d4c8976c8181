package importer

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/sqlsplit"
)

// The .dump command of SQLite's shell does not create virtual tables with
// CREATE. It makes the schema writable, inserts the table into it, and then
// creates and fills the shadow tables in which the virtual table keeps its
// data. An import executes CREATE for the virtual table, which also creates its
// shadow tables, and empties these before the first row of the dump.

// virtualTables are the shadow tables of a dump; true for those that were
// emptied.
type virtualTables map[string]bool

var schemaRow = regexp.MustCompile(`(?is)\(\s*type\s*,\s*name\s*,\s*tbl_name\s*,\s*rootpage\s*,\s*sql\s*\)\s*VALUES\s*(\(.*\))\s*;?\s*$`)

// writesSchema reports whether a statement is an INSERT into the schema.
func writesSchema(words []string) bool {
	return len(words) > 2 && words[0] == "INSERT" && words[1] == "INTO" && slices.Contains([]string{"SQLITE_SCHEMA", "SQLITE_MASTER"}, words[2])
}

// insertTarget matches the table of an INSERT or a CREATE TABLE.
var insertTarget = regexp.MustCompile(`(?is)\b(?:INSERT\s+INTO|CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS)\s+("(?:[^"]|"")*"|'(?:[^']|'')*'|[^\s("']+)`)

func targetOf(text string) string {
	m := insertTarget.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	name := m[1]
	if q := name[:1]; q == `"` || q == "'" {
		name = strings.ReplaceAll(name[1:len(name)-1], q+q, q)
	}
	return foldCase(name)
}

// exec executes a statement of a script.
func (v virtualTables) exec(l Loader, u sqlsplit.Unit) (written int64, bad, err error) {
	if writesSchema(u.Words) {
		bad, err = v.create(l, u.Text)
		return 0, bad, err
	}
	if len(v) == 0 || u.Words[0] != "INSERT" && u.Words[0] != "CREATE" {
		return l.Exec(u.Text)
	}
	name := targetOf(u.Text)
	emptied, ok := v[name]
	switch {
	case !ok:
		return l.Exec(u.Text)
	case u.Words[0] == "CREATE":
		return 0, nil, nil // it was created with the virtual table
	case !emptied:
		if _, bad, err := l.Restore("DELETE FROM main." + quoteName(name)); bad != nil || err != nil {
			return 0, bad, err
		}
		v[name] = true
	}
	return l.Restore(u.Text)
}

// create creates a virtual table from a row of the schema.
func (v virtualTables) create(l Loader, text string) (bad, err error) {
	refused := errs.E(errs.Invalid, "An INSERT into the schema is accepted only in the form of sqlite3's .dump for a virtual table; use CREATE")
	m := schemaRow.FindStringSubmatch(text)
	if m == nil {
		return refused, nil
	}
	row, bad, err := l.Texts("SELECT * FROM (VALUES " + m[1] + ")")
	if bad != nil || err != nil {
		return bad, err
	}
	if len(row) != 5 || row[0] != "table" || !startsVirtual(row[4]) {
		return refused, nil
	}
	if _, bad, err := l.Exec(row[4]); bad != nil || err != nil {
		return bad, err
	}
	tables, err := l.Shadows(row[1])
	for _, t := range tables {
		v[foldCase(t)] = false
	}
	return nil, err
}

func startsVirtual(sql string) bool {
	words := strings.Fields(strings.ToUpper(sql[:min(len(sql), 100)]))
	return len(words) > 2 && words[0] == "CREATE" && words[1] == "VIRTUAL" && words[2] == "TABLE"
}

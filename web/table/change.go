package table

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// maxChanges is the number of changes in one request.
const maxChanges = 1000

// Change is a change of one row.
type Change struct {
	// Key identifies the row; empty for a new row.
	Key Position `json:"key,omitempty"`
	// Old are the values of the row as its reader saw them, by column. The change fails
	// if one of them is different now.
	Old map[string]json.RawMessage `json:"old,omitempty"`
	// New are the values to store, by column; nil deletes the row.
	New map[string]json.RawMessage `json:"new,omitempty"`
}

// Changes returns one request that makes all changes or none. Each change must meet its
// row as its reader saw it; the error of the request is Conflict otherwise. The error
// here is Invalid for a change that does not fit the table.
func (t Table) Changes(changes []Change) (httpapi.QueryRequest, error) {
	if len(changes) == 0 || len(changes) > maxChanges {
		return httpapi.QueryRequest{}, errs.E(errs.Invalid, "A request can change between 1 and %d rows", maxChanges)
	}
	var r httpapi.QueryRequest
	for _, c := range changes {
		s, err := t.change(c)
		if err != nil {
			return httpapi.QueryRequest{}, err
		}
		r.Statements = append(r.Statements, s)
	}
	return r, nil
}

// change returns the statement of one change.
func (t Table) change(c Change) (httpapi.Statement, error) {
	q := query{table: t}
	sql, err := t.changeSQL(c, q.value)
	if err != nil {
		return httpapi.Statement{}, err
	}
	one := int64(1)
	s := httpapi.Statement{SQL: sql, Expect: &one}
	if len(q.params) > 0 {
		if s.Params, err = json.Marshal(q.params); err != nil {
			return s, errs.Wrap(errs.Invalid, err, "A value is not valid JSON")
		}
	}
	return s, nil
}

// Script returns the changes as SQL that people read before it is sent.
func (t Table) Script(changes []Change) (string, error) {
	var lines []string
	for _, c := range changes {
		sql, err := t.changeSQL(c, Literal)
		if err != nil {
			return "", err
		}
		lines = append(lines, sql+";")
	}
	return strings.Join(lines, "\n"), nil
}

// changeSQL returns the statement of a change, whose values are written by value.
func (t Table) changeSQL(c Change, value func(json.RawMessage) string) (string, error) {
	name := "main." + Quote(t.Info.Name)
	if len(c.Key) == 0 {
		return t.insertSQL(name, c.New, value)
	}
	if len(c.Key) != len(t.Key) {
		return "", errs.E(errs.Invalid, "The key of the row does not fit the table; load the page again")
	}
	var sets []string
	for _, column := range t.writable() {
		if v, ok := c.New[column.Name]; ok {
			sets = append(sets, Quote(column.Name)+" = "+value(v))
		}
	}
	if len(sets) != len(c.New) {
		return "", errs.E(errs.Invalid, "A column that was changed does not exist, or is computed; load the page again")
	}
	var conditions []string
	for i, key := range t.Key {
		conditions = append(conditions, key+" = "+value(c.Key[i]))
	}
	for _, column := range t.Columns {
		if v, ok := c.Old[column.Name]; ok {
			conditions = append(conditions, sameAs(Quote(column.Name), v, value))
		}
	}
	if c.New == nil {
		return "DELETE FROM " + name + where(conditions), nil
	}
	return "UPDATE " + name + " SET " + strings.Join(sets, ", ") + where(conditions), nil
}

// sameAs returns a condition that a column still has a value, byte for byte.
func sameAs(column string, v json.RawMessage, value func(json.RawMessage) string) string {
	if strings.HasPrefix(string(v), `{"base64"`) { // a BLOB, or a text that is not UTF-8
		return "CAST(" + column + " AS BLOB) IS " + value(v)
	}
	return column + " IS " + value(v) + " COLLATE BINARY"
}

func (t Table) insertSQL(name string, values map[string]json.RawMessage, value func(json.RawMessage) string) (string, error) {
	var names, parameters []string
	for _, column := range t.writable() {
		if v, ok := values[column.Name]; ok {
			names, parameters = append(names, Quote(column.Name)), append(parameters, value(v))
		}
	}
	if len(names) != len(values) {
		return "", errs.E(errs.Invalid, "A column of the new row does not exist, or is computed; load the page again")
	}
	if len(names) == 0 {
		return "INSERT INTO " + name + " DEFAULT VALUES", nil
	}
	return "INSERT INTO " + name + "(" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(parameters, ", ") + ")", nil
}

// writable returns the columns that can be set.
func (t Table) writable() []daemonapi.Column {
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c daemonapi.Column) bool { return c.Generated != "" })
}

// Literal returns a value of the typed API as SQL.
func Literal(v json.RawMessage) string {
	var tagged struct {
		Base64  *string
		As      string
		Integer *string
		Real    *string
	}
	var text string
	switch {
	case len(v) == 0 || string(v) == "null":
		return "NULL"
	case string(v) == "true":
		return "1"
	case string(v) == "false":
		return "0"
	case v[0] == '"' && json.Unmarshal(v, &text) == nil:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case v[0] == '{' && json.Unmarshal(v, &tagged) == nil:
		return taggedLiteral(tagged.Base64, tagged.As, tagged.Integer, tagged.Real)
	default:
		return string(v)
	}
}

func taggedLiteral(encoded *string, as string, integer, number *string) string {
	switch {
	case integer != nil:
		return *integer
	case number != nil && strings.HasPrefix(*number, "-"):
		return "-9e999"
	case number != nil:
		return "9e999"
	case encoded == nil:
		return "NULL"
	}
	content, err := base64.StdEncoding.DecodeString(*encoded)
	if err != nil {
		return "NULL"
	}
	blob := "x'" + hex.EncodeToString(content) + "'"
	if as == "text" {
		return "CAST(" + blob + " AS TEXT)"
	}
	return blob
}

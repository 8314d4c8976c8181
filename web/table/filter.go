package table

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Filter is a condition on a column.
type Filter struct {
	Column string
	// Operator is one of Operators.
	Operator string
	// Value is what was entered; operators without a value ignore it.
	Value string
}

// Operator is a way to compare the values of a column.
type Operator struct {
	// Name stands in addresses, and Label is shown.
	Name, Label string
	// Unary operators have no value.
	Unary bool
}

// Operators returns the operators of filters, in the order in which they are shown.
func Operators() []Operator {
	return []Operator{
		{"eq", "=", false}, {"ne", "≠", false}, {"lt", "<", false}, {"le", "≤", false}, {"gt", ">", false}, {"ge", "≥", false},
		{"contains", "contains", false}, {"starts", "starts with", false}, {"null", "is NULL", true}, {"notnull", "is not NULL", true},
	}
}

// filters returns the conditions of filters.
func (q *query) filters(filters []Filter) ([]string, error) {
	var out []string
	for _, f := range filters {
		c, ok := q.table.Column(f.Column)
		if !ok {
			return nil, errs.E(errs.Invalid, "The table has no column %q to filter by", f.Column)
		}
		condition, ok := q.filter(c, f)
		if !ok {
			return nil, errs.E(errs.Invalid, "There is no filter %q", f.Operator)
		}
		out = append(out, condition)
	}
	return out, nil
}

// filter returns one condition; false for an unknown operator.
func (q *query) filter(c daemonapi.Column, f Filter) (string, bool) {
	name := Quote(c.Name)
	comparisons := map[string]string{"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
	switch f.Operator {
	case "null":
		return name + " IS NULL", true
	case "notnull":
		return name + " IS NOT NULL", true
	case "ne":
		return name + " IS NOT " + q.value(entered(c, f.Value)), true
	case "contains":
		return name + " LIKE " + q.value(text("%"+likeText(f.Value)+"%")) + ` ESCAPE '\'`, true
	case "starts":
		return name + " LIKE " + q.value(text(likeText(f.Value)+"%")) + ` ESCAPE '\'`, true
	}
	operator, ok := comparisons[f.Operator]
	if !ok {
		return "", false
	}
	return name + " " + operator + " " + q.value(entered(c, f.Value)), true
}

// entered returns the value that a reader means by what was entered. SQLite converts
// a text for a column of numbers itself; a column without a type stores numbers as
// numbers, so what looks like one is one.
func entered(c daemonapi.Column, s string) json.RawMessage {
	declared := strings.ToUpper(c.Type)
	if declared != "" && !strings.Contains(declared, "BLOB") && !strings.Contains(declared, "ANY") {
		return text(s)
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return json.RawMessage(`{"integer":"` + strconv.FormatInt(n, 10) + `"}`)
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil && json.Valid([]byte(s)) {
		return json.RawMessage(s)
	}
	return text(s)
}

// likeText escapes the characters that LIKE treats as patterns.
func likeText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// text returns a text as JSON.
func text(s string) json.RawMessage {
	out, err := json.Marshal(strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil { // a string always encodes
		return json.RawMessage(`""`)
	}
	return out
}

package table

import (
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// MaxCellBytes is the size of the largest cell that RowRequest returns.
const MaxCellBytes = 2 << 20

// maxFormColumns is the number of columns of RowRequest: it selects three values for
// each, and SQLite at most 2000.
const maxFormColumns = 600

// RowRequest returns the query for one row with complete cells: for each column its
// type, its size in bytes, and its value, which is NULL when it is larger than
// MaxCellBytes, shared by the columns. columns are names; none stands for all columns. The answer has no row
// when the row is gone. The error is Invalid for a key or column that does not fit.
func (t Table) RowRequest(key Position, columns ...string) (httpapi.QueryRequest, error) {
	if len(key) != len(t.Key) || len(key) == 0 {
		return httpapi.QueryRequest{}, errs.E(errs.Invalid, "The key of the row does not fit the table; load the page again")
	}
	if len(columns) == 0 {
		for _, c := range t.Columns {
			columns = append(columns, c.Name)
		}
	}
	if len(columns) > maxFormColumns {
		return httpapi.QueryRequest{}, errs.E(errs.Invalid, "A row of more than %d columns does not fit on a page; use a query", maxFormColumns)
	}
	most := MaxCellBytes / len(columns) // the row as a whole is limited, too
	var parts []string
	for _, name := range columns {
		c, ok := t.Column(name)
		if !ok {
			return httpapi.QueryRequest{}, errs.E(errs.Invalid, "The table has no column %q", name)
		}
		quoted := Quote(c.Name)
		parts = append(parts, "typeof("+quoted+"), octet_length("+quoted+"), iif(octet_length("+quoted+") > "+strconv.Itoa(most)+", NULL, "+quoted+")")
	}
	q := query{table: t}
	var conditions []string
	for i, k := range t.Key {
		conditions = append(conditions, k+" = "+q.value(key[i]))
	}
	return q.request("SELECT " + strings.Join(parts, ", ") + " FROM main." + Quote(t.Info.Name) + where(conditions))
}

// Entered returns the value that is meant by what was entered for a column.
func (t Table) Entered(column, s string) []byte {
	c, _ := t.Column(column)
	return entered(c, s)
}

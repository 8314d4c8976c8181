package table

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Limits of a page.
const (
	// PageRows is the number of rows of a page, and pageCells bounds that of wide tables.
	PageRows  = 100
	pageCells = 10_000
	// shownBytes is how much of a long text or BLOB a page shows.
	shownBytes = 300
	// maxOffset is the last row that a view can be browsed to.
	maxOffset = 100_000
	// maxSortBytes is the longest value of a sorted column in an address.
	maxSortBytes = 500
	// markedColumns is the number of columns up to which long cells are marked.
	markedColumns = 400
)

// Where is the part of the table that a page shows.
type Where int

// The pages that can be asked for.
const (
	First  Where = iota
	After        // the page after Position
	Before       // the page before Position
	Last
)

// View is a page of a table, as its address names it.
type View struct {
	// Sort is the column to sort by, or empty for the order of the key.
	Sort string
	// Descending reverses the order.
	Descending bool
	Filters    []Filter
	Where      Where
	// Position is the position of a row, from Page; it counts for After and Before.
	Position Position
	// Offset is the number of rows before the page, for a table without a key.
	Offset int64
}

// Request returns the query for a page. Its rows are read by ReadPage. The error is
// Invalid for a view that does not fit the table.
func (t Table) Request(v View) (httpapi.QueryRequest, error) {
	if len(t.Key) == 0 {
		v.Where = First
	}
	q := query{table: t}
	conditions, err := q.filters(v.Filters)
	if err != nil {
		return httpapi.QueryRequest{}, err
	}
	order, err := t.order(v)
	if err != nil {
		return httpapi.QueryRequest{}, err
	}
	segments, err := q.segments(order, v)
	if err != nil {
		return httpapi.QueryRequest{}, err
	}
	limit := " LIMIT " + strconv.Itoa(t.PageSize()+1) // one more row: is there a further page?
	rest := orderBy(order, v.backward()) + limit
	from := "SELECT " + t.selected(v) + " FROM main." + Quote(t.Info.Name)
	sql := from + where(conditions) + rest
	if len(segments) > 0 {
		sql = strings.Join(each(segments, func(s string) string {
			return "SELECT * FROM (" + from + where(append([]string{s}, conditions...)) + rest + ")"
		}), " UNION ALL ") + limit
	}
	if len(t.Key) == 0 {
		if v.Offset < 0 || v.Offset > maxOffset {
			return httpapi.QueryRequest{}, errs.E(errs.Invalid, "This can be browsed up to row %d; use a filter or a query", maxOffset)
		}
		sql += " OFFSET " + strconv.FormatInt(v.Offset, 10)
	}
	return q.request(sql)
}

// request returns a query of the statement with the collected values.
func (q *query) request(sql string) (httpapi.QueryRequest, error) {
	r := httpapi.QueryRequest{SQL: sql, ReadOnly: true}
	if len(q.params) == 0 {
		return r, nil
	}
	params, err := json.Marshal(q.params)
	if err != nil {
		return r, errs.Wrap(errs.Invalid, err, "The position of the page is broken")
	}
	r.Params = params
	return r, nil
}

func each(in []string, f func(string) string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = f(s)
	}
	return out
}

// PageSize is the number of rows of a page.
func (t Table) PageSize() int { return min(PageRows, max(5, pageCells/max(1, len(t.Columns)))) }

// backward reports whether the rows are read from the end.
func (v View) backward() bool { return v.Where == Before || v.Where == Last }

// term is an expression to sort by.
type term struct {
	sql        string
	descending bool
	nullable   bool
}

// order returns what the rows are sorted by: the column of the view, then the key.
func (t Table) order(v View) ([]term, error) {
	var terms []term
	if v.Sort != "" {
		c, ok := t.Column(v.Sort)
		if !ok {
			return nil, errs.E(errs.Invalid, "The table has no column %q to sort by", v.Sort)
		}
		terms = append(terms, term{Quote(c.Name), v.Descending, true})
	}
	for _, key := range t.Key {
		terms = append(terms, term{sql: key, descending: v.Descending})
	}
	return terms, nil
}

func orderBy(terms []term, backward bool) string {
	var parts []string
	for _, t := range terms {
		part := t.sql
		if t.descending != backward {
			part += " DESC"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}

func where(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}

// selected returns the list of what is selected: the key, the value that the rows are
// sorted by, a text that marks the long cells, and the columns, whose long cells are
// cut.
func (t Table) selected(v View) string {
	parts := slices.Clone(t.Key)
	if v.Sort != "" {
		name := Quote(v.Sort)
		parts = append(parts, "iif(octet_length("+name+")>"+strconv.Itoa(maxSortBytes)+" AND typeof("+name+") IN ('text','blob'),x'',"+name+")")
	}
	long := strconv.Itoa(shownBytes)
	cut := len(t.Columns) <= markedColumns
	marks := []string{"''"} // a text, also for a single column
	var cells []string
	for _, c := range t.Columns {
		name := Quote(c.Name)
		if !cut {
			cells = append(cells, name)
			continue
		}
		isLong := "typeof(" + name + ") IN ('text','blob') AND octet_length(" + name + ")>" + long
		marks = append(marks, "("+isLong+")")
		cells = append(cells, "iif("+isLong+",substr("+name+",1,"+long+"),"+name+")")
	}
	parts = append(parts, strings.Join(marks, "||"))
	return strings.Join(append(parts, cells...), ", ")
}

// query collects the values of a statement's parameters.
type query struct {
	table  Table
	params []json.RawMessage
}

// value adds a value and returns its parameter.
func (q *query) value(v json.RawMessage) string {
	q.params = append(q.params, v)
	return "?" + strconv.Itoa(len(q.params))
}

// sortValue returns the value of the sorted column at a position. A BLOB stands for a
// value that is too long for an address, or for a text that JSON cannot express: the
// row is then looked up by its key.
func (q *query) sortValue(column string, at Position) string {
	if !bytes.HasPrefix(at[0], []byte(`{"base64"`)) {
		return q.value(at[0])
	}
	var same []string
	for i, key := range q.table.Key {
		same = append(same, key+" = "+q.value(at[1+i]))
	}
	return "(SELECT " + column + " FROM main." + Quote(q.table.Info.Name) + where(same) + ")"
}

// segments returns conditions whose rows, one condition after the other, are those
// after the position. The first and the last page need no condition. A single
// condition with OR could not use an index, and NULL has no place in comparisons.
func (q *query) segments(order []term, v View) ([]string, error) {
	if v.Where == First || v.Where == Last || len(order) == 0 {
		return nil, nil
	}
	if len(v.Position) != len(order) {
		return nil, errs.E(errs.Invalid, "The position of the page does not fit its order; go to the first page")
	}
	sorted := order[0]
	if !sorted.nullable {
		return []string{q.behind(order, v.Position, v.backward())}, nil
	}
	var segments []string
	up := sorted.descending == v.backward() // the order of this walk is ascending
	null := string(v.Position[0]) == "null"
	value := q.sortValue(sorted.sql, v.Position)
	segments = append(segments, sorted.sql+" IS "+value+" AND "+q.behind(order[1:], v.Position[1:], v.backward()))
	switch {
	case null && up:
		segments = append(segments, sorted.sql+" IS NOT NULL")
	case null:
	case up:
		segments = append(segments, sorted.sql+" > "+value)
	default:
		segments = append(segments, sorted.sql+" < "+value, sorted.sql+" IS NULL")
	}
	return segments, nil
}

// behind returns a condition for the rows behind a position. The terms have one
// direction and are not NULL.
func (q *query) behind(order []term, at Position, backward bool) string {
	operator := " > "
	if order[0].descending != backward {
		operator = " < "
	}
	var names, values []string
	for i, t := range order {
		names = append(names, t.sql)
		values = append(values, q.value(at[i]))
	}
	if len(names) == 1 {
		return names[0] + operator + values[0]
	}
	return "(" + strings.Join(names, ", ") + ")" + operator + "(" + strings.Join(values, ", ") + ")"
}

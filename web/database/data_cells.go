package database

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/url"
	"strings"

	"github.com/ayb-go/ayb/web/table"
)

// rowsHTML writes the rows of a table. A template would take several times as long for
// a page of cells, so this file is the one place that writes HTML by itself: each text
// of a tenant passes escape.
func rowsHTML(s shell, t table.Table, rows []table.Row) template.HTML {
	var out bytes.Buffer
	out.Grow(len(rows) * (100 + 40*len(t.Columns)))
	edit := s.MayWrite() && t.Editable()
	base := s.Base() + "/data/"
	row := "?table=" + url.QueryEscape(t.Info.Name) + "&amp;key="
	for _, r := range rows {
		key := ""
		if t.Editable() {
			key = row + r.Key.String() // which has no character of HTML
		}
		out.WriteString("<tr>")
		if edit {
			out.WriteString(`<td class="row-edit"><a href="`)
			out.WriteString(base)
			out.WriteString("row")
			out.WriteString(key)
			out.WriteString(`">Edit</a></td>`)
		}
		for i, raw := range r.Cells {
			long := i < len(r.Long) && r.Long[i] == '1'
			writeCell(&out, raw, long, func() string {
				if key == "" {
					return ""
				}
				return base + "cell" + key + "&amp;column=" + url.QueryEscape(t.Columns[i].Name)
			})
		}
		out.WriteString("</tr>\n")
	}
	return template.HTML(out.String()) //nolint:gosec // see above
}

// headersHTML writes the head of the table: names that sort, and types.
func headersHTML(s shell, t table.Table, v table.View) template.HTML {
	var out bytes.Buffer
	base := s.Base() + "/data?"
	for _, c := range t.Columns {
		next := table.View{Sort: c.Name, Filters: v.Filters}
		sorted := ""
		if v.Sort == c.Name {
			sorted, next.Descending = "ascending", !v.Descending
			if v.Descending {
				sorted = "descending"
			}
		}
		out.WriteString(`<th scope="col"`)
		if isNumber(c.Type) {
			out.WriteString(` class="num"`)
		}
		if sorted != "" {
			out.WriteString(` aria-sort="` + sorted + `"`)
		}
		out.WriteString(`><a href="`)
		escape(&out, base+viewQuery(t, next).Encode())
		out.WriteString(`">`)
		escape(&out, c.Name)
		out.WriteString(map[string]string{"ascending": " ↑", "descending": " ↓"}[sorted])
		out.WriteString(`</a> <span class="column-type">`)
		escape(&out, c.Type)
		out.WriteString("</span></th>")
	}
	return template.HTML(out.String()) //nolint:gosec // each text passes escape
}

// ColumnOptions returns the options for the column of a filter.
func (v dataView) ColumnOptions(f table.Filter) template.HTML {
	var out bytes.Buffer
	for _, c := range v.Table.Columns {
		writeOption(&out, c.Name, c.Name, c.Name == f.Column)
	}
	return template.HTML(out.String()) //nolint:gosec // writeOption escapes
}

// OperatorOptions returns the options for the operator of a filter.
func (v dataView) OperatorOptions(f table.Filter) template.HTML {
	var out bytes.Buffer
	for _, o := range table.Operators() {
		writeOption(&out, o.Name, o.Label, o.Name == f.Operator)
	}
	return template.HTML(out.String()) //nolint:gosec // writeOption escapes
}

func writeOption(out *bytes.Buffer, value, label string, selected bool) {
	out.WriteString(`<option value="`)
	escape(out, value)
	out.WriteByte('"')
	if selected {
		out.WriteString(" selected")
	}
	out.WriteByte('>')
	escape(out, label)
	out.WriteString("</option>")
}

// writeCell writes a cell. A long one, and a BLOB, are links to the complete value; the
// address is HTML already.
func writeCell(out *bytes.Buffer, raw json.RawMessage, long bool, address func() string) {
	shown := cellOfJSON(raw)
	if long && shown.Kind == "blob" {
		shown.Text, _, _ = strings.Cut(shown.Text, " · ")
		shown.Text += " · long"
	}
	if long && shown.Kind == "" {
		shown.Text += "…"
	}
	out.WriteString("<td")
	switch shown.Kind {
	case "null":
		out.WriteString(` class="null"`)
	case "number":
		out.WriteString(` class="num"`)
	case "blob":
		out.WriteString(` class="blob"`)
	}
	out.WriteByte('>')
	link := ""
	if long || shown.Short || shown.Kind == "blob" {
		link = address()
	}
	if link != "" {
		out.WriteString(`<a href="`)
		out.WriteString(link)
		out.WriteString(`">`)
	}
	escape(out, shown.Text)
	if link != "" {
		out.WriteString("</a>")
	}
	out.WriteString("</td>")
}

// cellOfJSON is cellOf for a value as the API sends it. Most values need no decoding.
func cellOfJSON(raw json.RawMessage) cell {
	switch {
	case len(raw) > 1 && raw[0] == '"' && !bytes.ContainsRune(raw, '\\'):
		text, short := beginning(string(raw[1:len(raw)-1]), maxCellBytes)
		return cell{Text: text, Short: short}
	case string(raw) == "null":
		return cell{Kind: "null"}
	case len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'):
		return cell{Text: numberText(string(raw)), Kind: "number"}
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil { // the API sends valid JSON
		value = string(raw)
	}
	return cellOf(value)
}

// escape writes a text so that it stays a text in an element and in a quoted
// attribute.
func escape(out *bytes.Buffer, s string) {
	template.HTMLEscape(out, []byte(s))
}

// isNumber reports whether a column of a declared type holds numbers, by the rules of
// SQLite for affinity.
func isNumber(declared string) bool {
	declared = strings.ToUpper(declared)
	if strings.Contains(declared, "CHAR") || strings.Contains(declared, "CLOB") || strings.Contains(declared, "TEXT") || strings.Contains(declared, "BLOB") {
		return false
	}
	for _, part := range []string{"INT", "REAL", "FLOAT", "DOUBLE", "NUM", "DEC"} {
		if strings.Contains(declared, part) {
			return true
		}
	}
	return false
}

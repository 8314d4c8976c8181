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
// a page of cells, so this is the one place that writes HTML by itself: each text of a
// tenant passes escape or is an encoded address.
func rowsHTML(s shell, t table.Table, rows []table.Row) template.HTML {
	var out bytes.Buffer
	edit := s.MayWrite() && t.Editable()
	base := s.Base() + "/data/"
	for _, row := range rows {
		out.WriteString("<tr>")
		key := url.Values{"table": {t.Info.Name}, "key": {row.Key.String()}}.Encode()
		if edit {
			out.WriteString(`<td class="row-edit"><a href="`)
			escape(&out, base+"row?"+key)
			out.WriteString(`">Edit</a></td>`)
		}
		for i, raw := range row.Cells {
			long := i < len(row.Long) && row.Long[i] == '1'
			writeCell(&out, raw, long, func() string {
				if !t.Editable() {
					return ""
				}
				return base + "cell?" + key + "&column=" + url.QueryEscape(t.Columns[i].Name)
			})
		}
		out.WriteString("</tr>\n")
	}
	return template.HTML(out.String()) //nolint:gosec // see above
}

// writeCell writes a cell. A long one, and a BLOB, are links to the complete value.
func writeCell(out *bytes.Buffer, raw json.RawMessage, long bool, address func() string) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil { // the API sends valid JSON
		value = string(raw)
	}
	shown := cellOf(value)
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
		escape(out, link)
		out.WriteString(`">`)
	}
	escape(out, shown.Text)
	if link != "" {
		out.WriteString("</a>")
	}
	out.WriteString("</td>")
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
	for _, part := range []string{"INT", "REAL", "FLOA", "DOUB", "NUM", "DEC"} {
		if strings.Contains(declared, part) {
			return true
		}
	}
	return false
}

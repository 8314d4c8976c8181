package importer

import (
	"bytes"
	"strings"
)

// layout says which lines are titles, header and rows.
type layout struct {
	titles   int64 // title lines before the header
	header   bool
	likely   bool     // no cell proves the header
	names    []string // of the header
	width    int      // fields of a row
	contrast int      // columns that prove the header
	mended   bool     // the header has another length than rows, or stands below titles
	apart    int64    // known lines that differ from the rows
}

// sampled is a row of the sample.
type sampled struct {
	line  int64
	cells []cell
	bad   error
}

// sampled returns rows of the sample. They stay valid.
func (s sample) sampled(d dialect) (all []sampled) {
	r := newDelimited(bytes.NewReader(s.text), d, len(s.text))
	for total := 0; len(all) < sampleRows && total < sampleCells; {
		got, err := r.next()
		if err != nil || s.cut && !r.fillByte() {
			return all
		}
		cells := make([]cell, len(got.cells))
		for i, c := range got.cells {
			cells[i] = cell{c.kind, bytes.Clone(c.data)}
		}
		total += len(cells)
		all = append(all, sampled{got.line, cells, got.bad})
	}
	return all
}

// findLayout finds titles and header.
func (j *sniffer) findLayout(t statistics) layout {
	l := layout{width: t.columns}
	rows := j.sampled(t.dialect)
	if len(rows) == 0 {
		return l
	}
	if n := j.countTitles(rows, t.columns); n > 0 {
		l.titles, l.mended = rows[n].line-1, true
		l.apart += l.titles
		rows = rows[n:]
	}
	head, body := rows[0].cells, rows[1:]
	l.mend(t, &head, body, rows[0].bad)
	c := headerEvidenceOf(head, body)
	l.contrast = c.pro
	switch {
	case j.header != "":
		l.header = j.header == "yes"
	case rows[0].bad != nil:
	case matches(head, j.known), t.whole && headerAloneQuoted(head, body), t.whole && t.crlf && len(body) == 0 && hasPlainField(head):
		l.header = true
	default:
		l.header = c.header(len(j.known) > 0)
		l.likely = l.header && c.pro == 0
	}
	if !l.header {
		return l
	}
	l.width = len(head)
	for _, c := range head {
		l.names = append(l.names, string(c.data))
	}
	return l
}

// mend adjusts a header to the length of rows, for known causes: R gives no
// name to the names of rows, and some programs end either the header or the
// rows with a delimiter.
func (l *layout) mend(t statistics, head *[]cell, body []sampled, bad error) {
	if bad != nil || len(body) == 0 || t.columns < 2 {
		return
	}
	h := *head
	switch len(h) {
	case t.columns - 1:
		if emptyColumn(body, t.columns, t.columns-1) {
			*head = append(append([]cell{}, h...), cell{})
			break
		}
		quoted := true
		for _, c := range h {
			quoted = quoted && c.kind == enclosed
		}
		if !quoted && (len(h) < 2 || t.delimiter != '\t' && t.delimiter != ' ') {
			return
		}
		*head = append([]cell{{}}, h...)
	case t.columns + 1:
		if h[t.columns].kind != null {
			return
		}
		*head = h[:t.columns]
	default:
		return
	}
	l.mended = true
	l.apart++
}

// emptyColumn reports whether a column is empty in all rows of this width.
func emptyColumn(body []sampled, width, i int) bool {
	for _, r := range body {
		if len(r.cells) == width && r.cells[i].kind != null {
			return false
		}
	}
	return true
}

// maxTitles is the limit of title rows.
const maxTitles = 30

// countTitles returns the number of title rows at the front: rows of one cell,
// followed by a header and rows of several cells.
func (j *sniffer) countTitles(rows []sampled, width int) int {
	n := 0
	for n < len(rows) && n < maxTitles && rows[n].title(width) {
		n++
	}
	if n == 0 || n+1 >= len(rows) || width < 2 {
		return 0
	}
	head := rows[n]
	if n := len(head.cells); head.bad != nil || filled(head.cells) < max(2, width-1) || n != width && (n != width+1 || head.cells[width].kind != null) {
		return 0
	}
	several := 0
	for _, r := range rows[n+1:] {
		if filled(r.cells) > 1 {
			several++
		}
	}
	if several*2 <= len(rows)-n-1 || j.header == "no" {
		return 0
	}
	if c := headerEvidenceOf(head.cells[:width], rows[n+1:]); c.pro == 0 && !matches(head.cells, j.known) && !remark(rows[0]) {
		return 0
	}
	return n
}

// title reports whether a row has nothing after its first cell.
func (s sampled) title(width int) bool {
	if s.bad != nil || len(s.cells) > width {
		return false
	}
	if remark(s) && len(s.cells) != width {
		return true
	}
	for i, c := range s.cells {
		if i > 0 && c.kind != null {
			return false
		}
	}
	return true
}

func remark(s sampled) bool { return len(s.cells) > 0 && bytes.HasPrefix(s.cells[0].data, []byte("#")) }

func filled(cells []cell) (n int) {
	for _, c := range cells {
		if c.kind != null {
			n++
		}
	}
	return n
}

// nameOf returns a name for comparison: case-folded, without surrounding blanks
// unless it has only blanks.
func nameOf(name string) string {
	if trimmed := strings.TrimSpace(name); trimmed != "" {
		return foldCase(trimmed)
	}
	return name
}

// matches reports whether all cells of a row are names of known columns, each
// once.
func matches(head []cell, known []string) bool {
	has := map[string]bool{}
	for _, name := range known {
		has[nameOf(name)] = true
	}
	names := 0
	for _, c := range head {
		name := nameOf(string(c.data))
		if name == "" {
			continue
		}
		if !has[name] {
			return false
		}
		delete(has, name) // each once
		names++
	}
	return names > 0
}

package database

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
	"github.com/ayb-go/ayb/web/table"
)

// fullCell is a complete value.
type fullCell struct {
	Column string
	// Type is the storage class: null, integer, real, text or blob.
	Type string
	// Bytes is the size of a text or BLOB.
	Bytes int64
	// Value is the value as JSON of the typed API; NULL for one that is too large.
	Value json.RawMessage
}

// TooLarge reports whether the value is too large for a page.
func (c fullCell) TooLarge() bool { return c.Type != "null" && string(c.Value) == "null" }

// Data returns the bytes of a text or BLOB.
func (c fullCell) Data() []byte {
	var text string
	if json.Unmarshal(c.Value, &text) == nil {
		return []byte(text)
	}
	var blob struct{ Base64 []byte }
	if json.Unmarshal(c.Value, &blob) == nil {
		return blob.Base64
	}
	return nil
}

// cellView is the data of the page of a cell.
type cellView struct {
	shell

	Table table.Table
	Cell  fullCell
	// Text is the value as text; JSON is indented. It is empty for a BLOB.
	Text   string
	IsJSON bool
	// Hex is the beginning of a BLOB, 16 bytes a line.
	Hex string
	// Image is the address of the value as a picture, or empty.
	Image, Raw, Back string
	Problem          *page.Problem
}

// maxHexBytes is how much of a BLOB is shown.
const maxHexBytes = 512

// showCell shows one value, or sends it as a file.
func (p *Pages) showCell(w http.ResponseWriter, r *http.Request) {
	s, ok := p.open(w, r, "data")
	if !ok {
		return
	}
	q := r.URL.Query()
	view := cellView{shell: s, Back: s.TableURL(q.Get("table"))}
	var cells []fullCell
	var err error
	if view.Table, cells, err = p.readCells(r, s, q.Get("column")); err != nil {
		view.Problem = p.problem(w, r, err)
		p.templates.Render(w, r, status(view.Problem), "cell", view)
		return
	}
	view.Cell = cells[0]
	if q.Has("raw") {
		sendCell(w, view)
		return
	}
	view.fill(q)
	p.templates.Render(w, r, http.StatusOK, "cell", view)
}

// readCells reads the row that the address names; an empty column stands for all.
func (p *Pages) readCells(r *http.Request, s shell, column string) (table.Table, []fullCell, error) {
	q := r.URL.Query()
	_, t, err := p.findTable(r, s, q.Get("table"))
	if err != nil {
		return t, nil, err
	}
	key, err := table.ParsePosition(q.Get("key"))
	if err != nil {
		return t, nil, err
	}
	var columns []string
	if column != "" {
		columns = []string{column}
	}
	request, err := t.RowRequest(key, columns...)
	if err != nil {
		return t, nil, err
	}
	if len(columns) == 0 {
		for _, c := range t.Columns {
			columns = append(columns, c.Name)
		}
	}
	lines, err := p.site.API(r).QueryLines(r.Context(), s.Entity, s.Database, request)
	if err != nil {
		return t, nil, err
	}
	defer lines.Close()
	cells, err := readFullCells(lines, columns)
	return t, cells, err
}

func readFullCells(lines *httpapi.Lines, columns []string) ([]fullCell, error) {
	var cells []fullCell
	for lines.Next() {
		line := lines.Line()
		if line.Kind != httpapi.LineRow {
			continue
		}
		var values []json.RawMessage
		if err := json.Unmarshal(line.Text, &values); err != nil || len(values) != 3*len(columns) {
			return nil, errs.Wrap(errs.Internal, err, "The answer of the database can't be read")
		}
		for i, name := range columns {
			c := fullCell{Column: name, Value: slices.Clone(values[3*i+2])}
			if json.Unmarshal(values[3*i], &c.Type) != nil || json.Unmarshal(values[3*i+1], &c.Bytes) != nil && c.Type != "null" {
				return nil, errs.E(errs.Internal, "The answer of the database can't be read")
			}
			cells = append(cells, c)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if cells == nil {
		return nil, errs.E(errs.NotFound, "This row is not there any more: it was deleted, or its key was changed")
	}
	return cells, nil
}

// fill sets what the page shows of the value.
func (v *cellView) fill(q url.Values) {
	raw := url.Values{"table": q["table"], "key": q["key"], "column": q["column"], "raw": {"1"}}
	v.Raw = v.Base() + "/data/cell?" + raw.Encode()
	data := v.Cell.Data()
	switch {
	case v.Cell.TooLarge():
	case v.Cell.Type == "blob":
		v.Hex = hex.Dump(data[:min(len(data), maxHexBytes)])
		if imageType(data) != "" {
			v.Image = v.Raw
		}
	case v.Cell.Type == "text":
		v.Text, v.IsJSON = indented(data)
	default:
		v.Text = table.Literal(v.Cell.Value)
	}
}

// indented returns a text, indented if it is a JSON object or array.
func indented(data []byte) (text string, isJSON bool) {
	trimmed := bytes.TrimSpace(data)
	var out bytes.Buffer
	if len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Indent(&out, trimmed, "", "  ") == nil {
		return out.String(), true
	}
	return string(bytes.ToValidUTF8(data, []byte("\uFFFD"))), false
}

// imageType returns the content type of a picture that browsers show without running
// anything in it, or an empty text. SVG is not among them.
func imageType(data []byte) string {
	if len(data) > 12 && (string(data[4:12]) == "ftypavif" || string(data[4:12]) == "ftypavis") {
		return "image/avif"
	}
	sniffed := http.DetectContentType(data)
	if slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, sniffed) {
		return sniffed
	}
	return ""
}

// sendCell sends a value as a file; a picture is shown. Nothing in it can run: the
// policy forbids everything, and browsers must believe the content type.
func sendCell(w http.ResponseWriter, v cellView) {
	data := v.Cell.Data()
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", "application/octet-stream")
	disposition := "attachment"
	if kind := imageType(data); kind != "" && v.Cell.Type == "blob" {
		h.Set("Content-Type", kind)
		disposition = "inline"
	}
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": cellFileName(v)}))
	_, _ = w.Write(data) // it fails only when the browser is gone
}

// cellFileName returns a name for a value that every file system takes.
func cellFileName(v cellView) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, v.Table.Info.Name+"-"+v.Cell.Column)
	if _, sub, ok := strings.Cut(imageType(v.Cell.Data()), "/"); ok {
		return name + "." + sub
	}
	if v.Cell.Type == "text" {
		return name + ".txt"
	}
	return name + ".bin"
}

package database

import (
	"bufio"
	"io"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// download sends the last result of a text as a file. The text is run in read-only
// mode, so that a download never changes data a second time.
func (p *Pages) download(w http.ResponseWriter, r *http.Request, format, text string) {
	entity, database := chi.URLParam(r, "entity"), chi.URLParam(r, "database")
	rows, err := p.site.API(r).ReadRows(r.Context(), entity, database, text)
	if errs.Is(err, errs.ReadOnly) {
		err = errs.Wrap(errs.ReadOnly, err, "A download runs the query again, so it is only possible for queries that change nothing")
	}
	if err != nil {
		p.downloadFailed(w, r, format, err)
		return
	}
	defer rows.Close()
	contentType, write := "text/csv; charset=utf-8", writeCSV
	if format == "json" {
		contentType, write = "application/json", writeJSON
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="query-result-`+fileName(entity)+"-"+fileName(database)+"."+format+`"`)
	file := &startedWriter{w: w}
	out := bufio.NewWriterSize(file, 64<<10)
	err = write(out, rows)
	if err == nil && rows.Err() == nil && out.Flush() == nil {
		return
	}
	if err != nil && !file.started {
		w.Header().Del("Content-Disposition")
		p.downloadFailed(w, r, format, err)
		return
	}
	panic(http.ErrAbortHandler) // so that the browser does not keep an incomplete file as a complete one
}

// startedWriter records whether anything was written.
type startedWriter struct {
	w       io.Writer
	started bool
}

// Write implements io.Writer.
func (s *startedWriter) Write(p []byte) (int, error) {
	s.started = true
	return s.w.Write(p)
}

// downloadFailed sends an error in the format of the file.
func (p *Pages) downloadFailed(w http.ResponseWriter, r *http.Request, format string, err error) {
	httpapi.SetRetryAfter(w.Header(), err)
	problem := p.site.Problem(r, err)
	contentType, body := "text/plain; charset=utf-8", "error,message\n"+`"`+strings.ReplaceAll(problem.Message, `"`, `""`)+"\"\n"
	if format == "json" {
		encoded, merr := httpapi.Marshal(map[string]string{"error": problem.Message})
		if merr != nil { // texts always encode
			panic(merr)
		}
		contentType, body = "application/json", string(encoded)+"\n"
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(problem.Status)
	_, _ = io.WriteString(w, body) // it fails only when the browser is gone
}

// fileName keeps only the characters that names can have.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return -1
	}, s)
}

// writeCSV writes a header and rows. NULL is an empty field and an empty text is "".
func writeCSV(w *bufio.Writer, rows *httpapi.Rows) error {
	fields := make([]*string, len(rows.Fields()))
	for i := range fields {
		fields[i] = &rows.Fields()[i]
	}
	for {
		for i, f := range fields {
			if i > 0 {
				_ = w.WriteByte(',') // Flush returns the error of any write
			}
			if f != nil {
				_, _ = w.WriteString(csvField(*f))
			}
		}
		if len(fields) > 0 {
			if err := w.WriteByte('\n'); err != nil {
				return err
			}
		}
		if !rows.Next() {
			return rows.Err()
		}
		fields = rows.Row()
	}
}

func csvField(s string) string {
	if s == "" || strings.ContainsAny(s, ",\"\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// writeJSON writes the compatible result of the API, indented.
func writeJSON(w *bufio.Writer, rows *httpapi.Rows) error {
	fields := make([]*string, len(rows.Fields()))
	for i := range fields {
		fields[i] = &rows.Fields()[i]
	}
	_, _ = w.WriteString("{\n  \"fields\": ") // Flush returns the error of any write
	if err := writeList(w, fields, "  "); err != nil {
		return err
	}
	_, _ = w.WriteString(",\n  \"rows\": [")
	separator := "\n    "
	for rows.Next() {
		_, _ = w.WriteString(separator)
		if err := writeList(w, rows.Row(), "    "); err != nil {
			return err
		}
		separator = ",\n    "
	}
	if separator != "\n    " {
		_, _ = w.WriteString("\n  ")
	}
	_, err := w.WriteString("]\n}\n")
	return err
}

// writeList writes a list of texts and nulls, one a line.
func writeList(w *bufio.Writer, list []*string, indent string) error {
	if len(list) == 0 {
		_, err := w.WriteString("[]")
		return err
	}
	separator := "["
	for _, s := range list {
		text, err := httpapi.Marshal(s)
		if err != nil {
			return err
		}
		_, _ = w.WriteString(separator + "\n" + indent + "  ") // the last write returns the error
		_, _ = w.Write(text)
		separator = ","
	}
	_, err := w.WriteString("\n" + indent + "]")
	return err
}

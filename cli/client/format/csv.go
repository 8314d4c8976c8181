package format

import (
	"bufio"
	"io"
	"strings"
)

// CSVWriter writes records with commas, quotes only where a field needs them,
// and "\n" at the end. It writes field by field, so a result of any size
// passes through.
type CSVWriter struct{ out *bufio.Writer }

// NewCSVWriter makes a writer to w. The caller ends with Flush.
func NewCSVWriter(w io.Writer) *CSVWriter { return &CSVWriter{out: bufio.NewWriter(w)} }

// Write writes one record. A failure of the writer below is told here or by
// Flush.
func (c *CSVWriter) Write(record []string) error {
	for i, field := range record {
		if i > 0 {
			_ = c.out.WriteByte(',')
		}
		if strings.ContainsAny(field, ",\"\r\n") || field == "" && len(record) == 1 { // an empty line is no record
			_, _ = c.out.WriteString(`"` + strings.ReplaceAll(field, `"`, `""`) + `"`)
			continue
		}
		_, _ = c.out.WriteString(field)
	}
	return c.out.WriteByte('\n')
}

// Flush writes what is still buffered.
func (c *CSVWriter) Flush() error { return c.out.Flush() }

package format

import (
	"bufio"
	"io"
	"strings"
)

// CSVWriter writes records with commas and "\n", with quotes only around fields
// that need them. It holds no more than a buffer, so results of any size are
// possible. It is for one goroutine.
type CSVWriter struct{ out *bufio.Writer }

// NewCSVWriter returns a writer to w. Flush must be called at the end.
func NewCSVWriter(w io.Writer) *CSVWriter { return &CSVWriter{out: bufio.NewWriter(w)} }

// Write writes one record. An error of w may be returned only by Flush.
func (c *CSVWriter) Write(record []string) error {
	for i, field := range record {
		if i > 0 {
			_ = c.out.WriteByte(',')
		}
		if strings.ContainsAny(field, ",\"\r\n") || field == "" && len(record) == 1 { // else the record would be an empty line
			_, _ = c.out.WriteString(`"` + strings.ReplaceAll(field, `"`, `""`) + `"`)
			continue
		}
		_, _ = c.out.WriteString(field)
	}
	return c.out.WriteByte('\n')
}

// Flush writes the buffer to the writer below, and returns its first error.
func (c *CSVWriter) Flush() error { return c.out.Flush() }

package format

import (
	"bufio"
	"io"
	"strings"
)

// LineWriter writes records line by line, as Markdown or as a list. It is for
// one goroutine.
type LineWriter struct {
	out               *bufio.Writer
	before, sep, last string
	cell              *strings.Replacer
}

// NewListWriter returns a writer of values separated by "|". Flush must be
// called at the end.
func NewListWriter(w io.Writer) *LineWriter {
	return &LineWriter{out: bufio.NewWriter(w), sep: "|", cell: strings.NewReplacer("\r\n", "\n")}
}

// NewMarkdownWriter returns a writer of a Markdown table. Flush must be called
// at the end. HTML and bars in cells are escaped, so that they are shown as
// text.
func NewMarkdownWriter(w io.Writer) *LineWriter {
	return &LineWriter{out: bufio.NewWriter(w), before: "| ", sep: " | ", last: " |", cell: strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "&", "&amp;", "<", "&lt;", "\r\n", "<br>", "\n", "<br>")}
}

// Header writes the names of the columns. A list has no header.
func (l *LineWriter) Header(names []string) error {
	if l.before == "" {
		return nil
	}
	err := l.Write(names)
	rule := strings.Repeat("| --- ", len(names))
	_, _ = l.out.WriteString(rule + "|\n")
	return err
}

// Write writes one record. An error of the writer below may be returned only by
// Flush.
func (l *LineWriter) Write(record []string) error {
	_, _ = l.out.WriteString(l.before)
	for i, text := range record {
		if i > 0 {
			_, _ = l.out.WriteString(l.sep)
		}
		lines := strings.Split(l.cell.Replace(text), "\n")
		for j, line := range lines {
			lines[j] = Printable(line)
		}
		_, _ = l.out.WriteString(strings.Join(lines, "\n"))
	}
	_, err := l.out.WriteString(l.last + "\n")
	return err
}

// Flush writes the buffer to the writer below, and returns its first error.
func (l *LineWriter) Flush() error { return l.out.Flush() }

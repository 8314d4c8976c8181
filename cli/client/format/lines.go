package format

import (
	"bufio"
	"io"
	"strings"
)

// LineWriter writes records a line each, as they come. It is what Markdown
// and list output have in common.
type LineWriter struct {
	out               *bufio.Writer
	before, sep, last string
	cell              *strings.Replacer
}

// NewListWriter makes a writer of bare values joined by "|". The caller ends
// with Flush.
func NewListWriter(w io.Writer) *LineWriter {
	return &LineWriter{out: bufio.NewWriter(w), sep: "|", cell: strings.NewReplacer("\r\n", "\n")}
}

// NewMarkdownWriter makes a writer of a table in Markdown. The caller ends
// with Flush. What a cell says is shown and not acted upon: neither HTML nor
// a bar in it counts.
func NewMarkdownWriter(w io.Writer) *LineWriter {
	return &LineWriter{out: bufio.NewWriter(w), before: "| ", sep: " | ", last: " |", cell: strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "&", "&amp;", "<", "&lt;", "\r\n", "<br>", "\n", "<br>")}
}

// Header writes the names of the columns, which only Markdown has.
func (l *LineWriter) Header(names []string) error {
	if l.before == "" {
		return nil
	}
	err := l.Write(names)
	rule := strings.Repeat("| --- ", len(names))
	_, _ = l.out.WriteString(rule + "|\n")
	return err
}

// Write writes one record. A failure of the writer below is told here or by
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

// Flush writes what is still buffered.
func (l *LineWriter) Flush() error { return l.out.Flush() }

package format

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// tabStop is the distance of tab stops within a cell.
const tabStop = 8

// MaxWidth is the widest a column can be made.
const MaxWidth = 10_000

// WriteTable writes a header and rows in columns: cells of one space, text
// and one space, joined by "|"; a rule of "-" and "+" below the header; no
// border. A column is as wide as its widest cell on a terminal, except that
// the last one is not padded. Text with line breaks takes several lines.
//
// Control characters are shown in an escaped form: the text comes from
// strangers and must not command the reader's terminal.
//
// Columns can be given a width, at which their texts are broken; 0 is any.
func WriteTable(w io.Writer, header []string, rows [][]string, fixed ...int) error {
	head := wrapCells(splitCells(header), fixed)
	widths := make([]int, len(header))
	copy(widths, fixed)
	widen(widths, head)
	lines := make([][][]string, len(rows))
	for i, row := range rows {
		lines[i] = wrapCells(splitCells(row), fixed)
		widen(widths, lines[i])
	}
	out := bufio.NewWriter(w)
	writeRow(out, widths, head)
	for i, n := range widths {
		if i > 0 {
			_ = out.WriteByte('+')
		}
		_, _ = out.WriteString(strings.Repeat("-", n+2))
	}
	_ = out.WriteByte('\n')
	for _, row := range lines {
		writeRow(out, widths, row)
	}
	return out.Flush() // bufio keeps the first error for here
}

// splitCells cuts the cells of a row into the lines they take.
func splitCells(row []string) [][]string {
	cells := make([][]string, len(row))
	for i, text := range row {
		text = strings.ReplaceAll(text, "\r\n", "\n")
		cells[i] = strings.Split(text, "\n")
		for j, line := range cells[i] {
			cells[i][j] = Printable(line)
		}
	}
	return cells
}

// wrapCells breaks the lines of cells that are wider than their column may be.
func wrapCells(cells [][]string, fixed []int) [][]string {
	for i := range min(len(cells), len(fixed)) {
		if fixed[i] == 0 {
			continue
		}
		var lines []string
		for _, line := range cells[i] {
			lines = append(lines, wrapText(line, fixed[i])...)
		}
		cells[i] = lines
	}
	return cells
}

// wrapText cuts a text into lines no wider than width, as far as its characters
// are not.
func wrapText(text string, width int) []string {
	lines, used := []string{""}, 0
	for chars := uniseg.NewGraphemes(text); chars.Next(); {
		if used > 0 && used+chars.Width() > width {
			lines, used = append(lines, ""), 0
		}
		lines[len(lines)-1] += chars.Str()
		used += chars.Width()
	}
	return lines
}

func widen(widths []int, cells [][]string) {
	for i := range min(len(widths), len(cells)) {
		for _, line := range cells[i] {
			widths[i] = max(widths[i], uniseg.StringWidth(line))
		}
	}
}

func writeRow(out *bufio.Writer, widths []int, cells [][]string) {
	height := 1
	for _, cell := range cells {
		height = max(height, len(cell))
	}
	for y := range height {
		for x := range widths {
			text := ""
			if x < len(cells) && y < len(cells[x]) {
				text = cells[x][y]
			}
			if x > 0 {
				_ = out.WriteByte('|')
			}
			_ = out.WriteByte(' ')
			_, _ = out.WriteString(text)
			if x < len(widths)-1 {
				_, _ = out.WriteString(strings.Repeat(" ", widths[x]-uniseg.StringWidth(text)))
			}
			_ = out.WriteByte(' ')
		}
		_ = out.WriteByte('\n')
	}
}

// Printable makes one line of foreign text safe for a terminal: tabs become
// spaces, and control and direction-changing characters are escaped.
func Printable(s string) string {
	if strings.IndexFunc(s, unsafe) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteString(strings.Repeat(" ", tabStop-uniseg.StringWidth(b.String())%tabStop))
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x100 && unsafe(r):
			fmt.Fprintf(&b, `\x%02X`, r)
		case unsafe(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unsafe finds what a terminal acts upon: control characters and the marks
// that turn the direction of the text around them.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

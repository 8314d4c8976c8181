package format

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// tabStop is the distance between tab stops in a cell, in columns.
const tabStop = 8

// MaxWidth is the largest width of a column, in terminal columns.
const MaxWidth = 10_000

// WriteTable writes a header and rows in columns. A cell is a space, its text
// and a space; "|" separates cells, and a rule of "-" and "+" follows the
// header. There is no border. A column is as wide as its widest cell; the last
// column is not padded. A text with line breaks takes several lines.
//
// Control characters are escaped: the text may come from other users and must
// not control the terminal.
//
// fixed sets the widths of the first columns; longer texts are wrapped. 0 is any
// width. Errors are those of w.
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

// splitCells splits the cells of a row into lines.
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

// wrapCells wraps lines that are wider than the width of their column.
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

// wrapText splits a text into lines of at most width columns. A wider character
// has a line of its own.
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

// Printable makes one line of text from elsewhere safe for a terminal: tabs
// become spaces, and characters that control the terminal or the direction of
// text are escaped.
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

// unsafe reports whether a terminal would act on a character: a control
// character, a line separator, or a mark that changes the direction of text.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

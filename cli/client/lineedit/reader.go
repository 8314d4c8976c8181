package lineedit

import (
	"bufio"
	"io"
	"strings"
)

// Reader reads the input of a session line by line, without editing. It is for
// one goroutine.
type Reader struct {
	r          *bufio.Reader
	beforeLine func()
}

// NewReader returns a Reader that calls beforeLine before each line, for a
// prompt.
func NewReader(r io.Reader, beforeLine func()) *Reader {
	return &Reader{bufio.NewReader(r), beforeLine}
}

// Next reads a line of any length and returns it without its line break. The
// last line may have none; then comes io.EOF.
func (r *Reader) Next() (string, error) {
	r.beforeLine()
	line, err := r.r.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

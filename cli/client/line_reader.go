package client

import (
	"bufio"
	"io"
	"strings"
)

// lineReader is the input of a session line by line, without editing.
type lineReader struct {
	r          *bufio.Reader
	beforeLine func() // called before each line
}

func newLineReader(r io.Reader, ask func()) *lineReader { return &lineReader{bufio.NewReader(r), ask} }

// next reads a line of any length.
func (p *lineReader) next() (string, error) {
	p.beforeLine()
	line, err := p.r.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

package client

import (
	"bufio"
	"io"
	"strings"
)

// pipe is the input of a session line by line, without editing.
type pipe struct {
	r   *bufio.Reader
	ask func() // called before each line
}

func newPipe(r io.Reader, ask func()) *pipe { return &pipe{bufio.NewReader(r), ask} }

// next reads a line of any length.
func (p *pipe) next() (string, error) {
	p.ask()
	line, err := p.r.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

package enginetest

import (
	"bytes"
)

// Memory is a sink that keeps everything.
type Memory struct {
	bytes.Buffer
	Writes, Longest int
	Done            bool
}

// Write implements engine.Sink.
func (m *Memory) Write(p []byte, last bool) error {
	if m.Done {
		panic("Write after last")
	}
	m.Writes++
	m.Longest = max(m.Longest, len(p))
	m.Done = last
	_, err := m.Buffer.Write(p)
	return err
}

// SinkFunc is a sink made of a function.
type SinkFunc func(p []byte, last bool) error

// Write implements engine.Sink.
func (f SinkFunc) Write(p []byte, last bool) error { return f(p, last) }

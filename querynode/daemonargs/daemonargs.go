// Package daemonargs is how a query node and the daemon it starts agree on what the
// daemon is: the hidden subcommand and its one argument.
package daemonargs

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ayb-go/ayb/querynode/sandbox"
	"github.com/ayb-go/ayb/querynode/space"
)

// Command is the hidden subcommand of every binary that runs the query node
// role. It is no interface for people.
const Command = "__daemon"

// Config is what the node tells a daemon.
type Config struct {
	Dir  string `json:"dir"`  // the version directory: the only place it may touch
	File string `json:"file"` // the database file in Dir
	Temp string `json:"temp"` // directory in Dir for temporary files
	// Staged says that the version is not live: the daemon takes or checks a
	// whole database and serves nothing else.
	Staged bool `json:"staged,omitempty"`
	// Parent is the node's process id: a daemon whose node is gone ends.
	Parent int `json:"parent"`

	Readers          int           `json:"readers"`
	HeapBytes        int64         `json:"heap_bytes"`
	DatabaseBytes    int64         `json:"database_bytes"`
	RequestBytes     int           `json:"request_bytes"`
	StatementTimeout time.Duration `json:"statement_timeout"` // nanoseconds

	// Seat is where the daemon counts its temporary files, and Reserve what it
	// leaves free on the disk, in bytes.
	Seat    space.Seat `json:"seat"`
	Reserve int64      `json:"reserve,omitempty"`

	// Probe makes the process try its sandbox on Dir, print a
	// sandbox.Report as JSON and end.
	Probe bool `json:"probe,omitempty"`
	// Outside is a writable directory where a probe must fail to do anything.
	Outside string `json:"outside,omitempty"`
}

// What the process may hold at once beside SQLite's heap.
const (
	// HeldRequests is how many requests of the largest size may be in memory
	// at once, or as many more smaller ones; requestCopies is how many times
	// each is: as received, as text for the engine, and what is collected later.
	HeldRequests  = 2
	requestCopies = 4
	// answerBytes is what answers that are being encoded may use.
	answerBytes = 64 << 20
)

// DataBytes is the limit on private memory that the process sets itself, in
// bytes; 0 is none.
func (c Config) DataBytes() uint64 {
	if c.HeapBytes <= 0 {
		return 0
	}
	return uint64(c.HeapBytes) + sandbox.BaseDataBytes + answerBytes + HeldRequests*requestCopies*uint64(c.RequestBytes)
}

// Args gives the arguments that start a daemon with this configuration.
func (c Config) Args() ([]string, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode the daemon's configuration: %w", err)
	}
	return []string{Command, string(b)}, nil
}

// Parse reads what Args made, without the subcommand.
func Parse(args []string) (Config, error) {
	var c Config
	if len(args) != 1 {
		return c, fmt.Errorf("%s is started by the query node, not by hand", Command)
	}
	if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
		return c, fmt.Errorf("read the daemon's configuration: %w", err)
	}
	return c, nil
}

// Package daemonargs is the configuration of a daemon, as the query node passes
// it on the command line: a hidden subcommand with one argument.
package daemonargs

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ayb-go/ayb/querynode/sandbox"
	"github.com/ayb-go/ayb/querynode/space"
)

// Command is the hidden subcommand of every program that has the query node
// role. It is not for users.
const Command = "__daemon"

// Config is the configuration of one daemon.
type Config struct {
	Dir  string `json:"dir"`  // the version directory, the only one that the daemon can use
	File string `json:"file"` // the database file in Dir
	Temp string `json:"temp"` // directory in Dir for temporary files
	// Staged reports that the version is not live: the daemon imports or checks
	// a complete database file, and serves no other request.
	Staged bool `json:"staged,omitempty"`
	// Parent is the node's process id: a daemon ends with its node.
	Parent int `json:"parent"`

	Readers          int           `json:"readers"`
	HeapBytes        int64         `json:"heap_bytes"`
	DatabaseBytes    int64         `json:"database_bytes"`
	RequestBytes     int           `json:"request_bytes"`
	StatementTimeout time.Duration `json:"statement_timeout"` // nanoseconds

	// Seat is where the daemon counts its temporary files. Reserve is the
	// number of bytes that it leaves free on the disk.
	Seat    space.Seat `json:"seat"`
	Reserve int64      `json:"reserve,omitempty"`

	// Probe makes the process test its sandbox on Dir, print a sandbox.Report
	// as JSON and exit.
	Probe bool `json:"probe,omitempty"`
	// Outside is a writable directory that a probe must not be able to use.
	Outside string `json:"outside,omitempty"`
}

// Memory of the process besides SQLite's heap.
const (
	// HeldRequests is the number of requests of the largest size that may be in
	// memory at once, or more smaller ones. requestCopies is the number of
	// copies of each: as received, as text for the engine, and garbage.
	HeldRequests  = 2
	requestCopies = 4
	// answerBytes is memory for encoding answers.
	answerBytes = 64 << 20
)

// DataBytes is the limit that the process sets on its private memory, in bytes;
// 0 is unlimited.
func (c Config) DataBytes() uint64 {
	if c.HeapBytes <= 0 {
		return 0
	}
	return uint64(c.HeapBytes) + sandbox.BaseDataBytes + answerBytes + HeldRequests*requestCopies*uint64(c.RequestBytes)
}

// Args returns the command-line arguments of a daemon with this configuration.
func (c Config) Args() ([]string, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode the daemon's configuration: %w", err)
	}
	return []string{Command, string(b)}, nil
}

// Parse reads the arguments that Args has made, without the subcommand.
func Parse(args []string) (Config, error) {
	var c Config
	if len(args) != 1 {
		return c, fmt.Errorf("the query node starts %s; it is not a command for users", Command)
	}
	if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
		return c, fmt.Errorf("read the daemon's configuration: %w", err)
	}
	return c, nil
}

// Package invalidateapi is the contract between the control planes of one
// server: whoever changes something that others may remember tells them, and
// answers its own caller when all have forgotten it.
//
// A process may trust its memory only while it can hear the others. It finds
// that out by listening to its own beats, which travel over the bus like every
// notice: when none has come back for Lease, the memory is not used. A process
// that tells of a change waits for every member it knows, at most ConfirmTimeout,
// which is longer than Lease: one that did not answer by then has not heard
// itself and does not trust its memory any more, or it was away for a moment,
// sees by the numbers of the messages that it has missed one, and forgets
// everything. A process that is itself cut off cannot tell anybody: it says so
// instead of saying that the change is in force. So on a bus that keeps the
// order of one speaker's messages, no change is overlooked after the call that
// made it has been answered with success.
//
// That holds for a bus that is one: when a cluster of bus servers falls apart,
// each part hears itself, and a change is unknown to the other parts until they
// are joined again.
package invalidateapi

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Subject is where members tell and beat.
const Subject = "ayb.v1.invalidate.metadata"

const (
	// HeartbeatInterval is the time between two signs of life.
	HeartbeatInterval = 300 * time.Millisecond
	// Lease is how long a member's memory may be trusted after its last beat
	// came back.
	Lease = 1500 * time.Millisecond
	// ConfirmTimeout is how long a change waits for members that do not answer.
	ConfirmTimeout = 2 * time.Second
)

const (
	// maxListed is how many tokens or databases a notice names; one about more
	// is about everything, for a message has a largest size.
	maxListed = 1000
	// contactInterval is how often a change looks whether there is contact.
	contactInterval = 10 * time.Millisecond
)

// Notice says what has changed. The zero Notice names nothing.
type Notice struct {
	// Tokens are the public parts of API tokens.
	Tokens []string `json:"tokens,omitempty"`
	// Databases are databases whose record or grants have changed.
	Databases []ayb.DatabasePath `json:"databases,omitempty"`
	// All says that anything may have changed.
	All bool `json:"all,omitempty"`
}

// message is what travels. Fields are only added.
type message struct {
	From string `json:"from"`
	// Seq counts what the member has said, from 1.
	Seq uint64 `json:"seq"`
	// Sent is when that was, by a clock of the member's own.
	Sent   int64   `json:"sent,omitempty"`
	Leave  bool    `json:"leave,omitempty"`
	Notice *Notice `json:"notice,omitempty"`
}

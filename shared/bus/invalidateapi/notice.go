// Package invalidateapi is the contract between the control planes of one server
// that keeps their caches consistent: a control plane that changes metadata
// notifies the others, and reports success once all have removed the old data
// from their caches.
//
// A member uses its cache only while it can receive messages. It checks that with
// its own heartbeats, which travel over the bus like every notice: after Lease
// without one, the cache is not fresh and is not used. A member that announces a
// change waits for the answer of every known member, at most ConfirmTimeout, which
// is longer than Lease. A member without an answer by then has not received its
// own heartbeats either, so it does not use its cache; or it was cut off for a
// moment, notices a gap in the sequence numbers, and clears its cache. A member
// that is itself cut off returns an error for its change.
//
// So no cache holds old data after a change was reported as successful, provided
// that the bus keeps the order of the messages of one sender. If a cluster of bus
// servers splits, this holds for each part only: the other parts learn of a change
// when they are joined again.
package invalidateapi

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Subject is the subject of notices and heartbeats.
const Subject = "ayb.v1.invalidate.metadata"

const (
	// HeartbeatInterval is the time between two heartbeats.
	HeartbeatInterval = 300 * time.Millisecond
	// Lease is the time for which a cache is fresh after the member received its
	// last heartbeat.
	Lease = 1500 * time.Millisecond
	// ConfirmTimeout is the longest wait for the answers of the other members.
	ConfirmTimeout = 2 * time.Second
)

const (
	// maxListed is the largest number of tokens or databases in a notice. A notice
	// of more says All, because the size of a message is limited.
	maxListed = 1000
	// contactInterval is the polling interval of waitFresh.
	contactInterval = 10 * time.Millisecond
)

// Notice describes a change. The zero Notice changes nothing.
type Notice struct {
	// Tokens are the public parts of API tokens.
	Tokens []string `json:"tokens,omitempty"`
	// Databases are those whose record or grants have changed.
	Databases []ayb.DatabasePath `json:"databases,omitempty"`
	// All means that everything may have changed.
	All bool `json:"all,omitempty"`
}

// message is the wire format. Fields may be added, but never removed or changed.
type message struct {
	From string `json:"from"`
	// Seq numbers the messages of a member, from 1.
	Seq uint64 `json:"seq"`
	// Sent is the time of sending, by the monotonic clock of the member.
	Sent   int64   `json:"sent,omitempty"`
	Leave  bool    `json:"leave,omitempty"`
	Notice *Notice `json:"notice,omitempty"`
}

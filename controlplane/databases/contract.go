package databases

import (
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
)

// The fronts use these names, so that they need not import the bus.
type (
	// Answer is an answer that arrives in chunks.
	Answer = nodeapi.Answer
	// SnapshotTaken is the result of TakeSnapshot.
	SnapshotTaken = snapshotapi.TakeResponse
)

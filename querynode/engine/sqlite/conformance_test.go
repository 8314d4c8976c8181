//go:build cgo && (linux || darwin)

package sqlite

import (
	"testing"

	"github.com/ayb-go/ayb/querynode/engine/enginetest"
)

// SQLite passes the conformance suite of engines. That guards these pitfalls
// for it: Q2 (a cancel hits no other statement), Q3 (timeout and cancel), Q5
// and Q14 (values come back exactly), Q7 (a full database), P2 (readers do not
// wait) and N8 (an interrupted copy leaves no file).
func TestConformance(t *testing.T) { enginetest.Run(t, Open) }

package launch

import (
	"testing"

	"github.com/ayb-go/ayb/shared/config"
)

// The limit sets the number of statements at once, unless the operator
// configures fewer readers.
func TestReaders(t *testing.T) {
	for _, tt := range []struct{ readers, queries, want int }{{0, 0, 8}, {2, 0, 2}, {0, 3, 3}} {
		c := config.Default()
		if tt.readers > 0 {
			c.QueryNode.Readers = tt.readers
		}
		if tt.queries > 0 {
			c.Limits.QueriesPerDatabase = tt.queries
		}
		if got := nodeConfig(c).Readers; got != tt.want {
			t.Errorf("%+v: %d readers", tt, got)
		}
	}
}

package harness

import (
	"os"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/store/pgtest"
)

// Metadata is the kind of a metadata store.
type Metadata string

// The kinds of metadata stores.
const (
	SQLite   Metadata = "sqlite"
	Postgres Metadata = "postgres"
)

// WithPostgres keeps the metadata in PostgreSQL: in a new database of a server
// that all tests of the process share.
func WithPostgres() Option {
	return func(o *options) {
		o.metadata = func(t testing.TB) string { t.Helper(); return pgtest.Shared(t).Database(t) }
	}
}

// WithDatabaseURL keeps the metadata in the store with this URL.
func WithDatabaseURL(url string) Option {
	return func(o *options) { o.metadata = func(testing.TB) string { return url } }
}

// Setting is a topology with a metadata store. The same scripts run in all
// settings.
type Setting struct {
	Topology Topology
	Metadata Metadata
}

// String returns the name of a subtest.
func (s Setting) String() string { return string(s.Topology) + "-" + string(s.Metadata) }

// Start starts a server in this setting and stops it with t.
func (s Setting) Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	if s.Metadata == Postgres {
		opts = append([]Option{WithPostgres()}, opts...)
	}
	return Start(t, s.Topology, opts...)
}

// Full reports whether to test every combination (make test-full).
func Full() bool { return os.Getenv("AYB_TEST_FULL") == "1" }

// Settings returns the settings to test: each topology and each store once, or
// all combinations.
func Settings() []Setting {
	pairs := []Setting{{AllInOne, SQLite}, {Split, Postgres}}
	if Full() {
		pairs = append(pairs, Setting{AllInOne, Postgres}, Setting{Split, SQLite})
	}
	return pairs
}

package harness

import (
	"os"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/store/pgtest"
)

// Metadata is what a server keeps its metadata in.
type Metadata string

// The kinds of metadata stores.
const (
	SQLite   Metadata = "sqlite"
	Postgres Metadata = "postgres"
)

// WithPostgres keeps the metadata in PostgreSQL: in a new database of the
// server that all tests of the process share.
func WithPostgres() Option {
	return func(o *options) {
		o.metadata = func(t testing.TB) string { t.Helper(); return pgtest.Shared(t).Database(t) }
	}
}

// WithDatabaseURL keeps the metadata where a test says.
func WithDatabaseURL(url string) Option {
	return func(o *options) { o.metadata = func(testing.TB) string { return url } }
}

// Setting is a way to set up a server that the same scripts run on.
type Setting struct {
	Topology Topology
	Metadata Metadata
}

// String is the name of a subtest.
func (s Setting) String() string { return string(s.Topology) + "-" + string(s.Metadata) }

// Start starts a server of this setting and stops it with t.
func (s Setting) Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	if s.Metadata == Postgres {
		opts = append([]Option{WithPostgres()}, opts...)
	}
	return Start(t, s.Topology, opts...)
}

// Full reports whether every combination is to be tested (make test-full).
func Full() bool { return os.Getenv("AYB_TEST_FULL") == "1" }

// Settings are those to test: each topology and each store once, or all
// combinations of them.
func Settings() []Setting {
	pairs := []Setting{{AllInOne, SQLite}, {Split, Postgres}}
	if Full() {
		pairs = append(pairs, Setting{AllInOne, Postgres}, Setting{Split, SQLite})
	}
	return pairs
}

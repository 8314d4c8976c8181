// Package logging makes the loggers of ayb: slog with lines of text. It owns the
// format and the keys of attributes. All loggers of the programs come from here.
//
// A message is a constant in lower case. Values go into attributes, with the keys
// below. Tokens, SQL and addresses are not logged at level info and above.
package logging

import (
	"io"
	"log/slog"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// The keys of attributes, so that one thing has one name in every line.
const (
	Err    = "err"    // the error, with its causes
	Entity = "entity" // an account's slug
	DB     = "db"     // a database as entity/database
	Node   = "node"   // a query node's id
	Req    = "req"    // a request's id
	Role   = "role"   // the part of the server that speaks
)

// New makes a logger that writes lines of text of at least the given level to w.
// The programs pass standard error. It may be used concurrently.
func New(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// ParseLevel reads debug, info, warn or error, in any case; empty is info. The
// error is errs.Invalid.
func ParseLevel(text string) (slog.Level, error) {
	switch strings.ToLower(text) {
	case "debug":
		return slog.LevelDebug, nil
	case "", "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, errs.E(errs.Invalid, "Unknown log level %q: use debug, info, warn or error", text)
}

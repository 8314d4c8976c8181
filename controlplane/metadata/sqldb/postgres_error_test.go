package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ayb-go/ayb/shared/errs"
)

// S20: every error of the driver has a code, and its details stay secret.
func TestPostgresErrors(t *testing.T) {
	state := func(code string) error {
		return fmt.Errorf("query: %w", &pgconn.PgError{Code: code, Message: "secret", Detail: "secret"})
	}
	for name, c := range map[string]struct {
		err  error
		want errs.Code
	}{
		"unique":               {state("23505"), errs.Conflict},
		"foreign key":          {state("23503"), errs.Internal},
		"serialization":        {state("40001"), errs.Unavailable},
		"deadlock":             {state("40P01"), errs.Unavailable},
		"statement timeout":    {state("57014"), errs.Unavailable},
		"lock timeout":         {state("55P03"), errs.Unavailable},
		"shutting down":        {state("57P01"), errs.Unavailable},
		"crashed":              {state("57P02"), errs.Unavailable},
		"starting":             {state("57P03"), errs.Unavailable},
		"too many connections": {state("53300"), errs.Unavailable},
		"disk full":            {state("53100"), errs.DiskFull},
		"out of memory":        {state("53200"), errs.Unavailable},
		"wrong password":       {state("28P01"), errs.Unavailable},
		"standby":              {state("25006"), errs.Unavailable},
		"bad text":             {state("22021"), errs.Invalid},
		"no such table":        {state("42P01"), errs.Internal},
		"reset":                {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, errs.Unavailable},
		"end":                  {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), errs.Unavailable},
		"bad connection":       {driver.ErrBadConn, errs.Unavailable},
		"canceled":             {fmt.Errorf("timeout: %w", context.Canceled), errs.Canceled},
		"deadline":             {context.DeadlineExceeded, errs.Unavailable},
		"unknown":              {errors.New("secret"), errs.Internal},
	} {
		got := Error(c.err)
		if errs.CodeOf(got) != c.want || strings.Contains(errs.Public(got).Message, "secret") {
			t.Errorf("%s: %v", name, got)
		}
		if reason, want := errs.Public(got).Attrs[errs.AttrReason], map[bool]string{true: errs.ReasonDisk}[c.want == errs.DiskFull]; reason != want {
			t.Errorf("%s: reason %q, not %q", name, reason, want)
		}
		if !errors.Is(got, c.err) && !errors.Is(got, errors.Unwrap(c.err)) {
			t.Errorf("%s: the cause is lost for the log", name)
		}
	}
}

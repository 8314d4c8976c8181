package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/shared/sqlsplit"
)

// Sizes of the requests that carry a script.
const (
	requestBytes = 16 << 20 // the default of the server's limits.request_bytes
	pieceBytes   = 1 << 20  // of a piece, for a script that is longer than that
)

// script is a script that runs. If it fits into a request it is one request, and
// so one transaction; else it is sent in pieces.
type script struct {
	q       *querier
	size    int64 // in bytes; negative when it is not known
	piece   int   // bytes of a piece
	units   []sqlsplit.Unit
	bytes   int  // of units
	started bool // a piece has been run
	bar     *progress
}

// runScript runs a script from a file or from the input.
func (a *app) runScript(ctx context.Context, q *querier, name string) error {
	src, size := a.Stdin, int64(-1)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return localFailure(err, "read the script %s", printable(name))
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		src = f
	}
	begin, err := io.ReadAll(io.LimitReader(src, requestBytes+1))
	if err != nil {
		return localFailure(err, "read the script %s", printable(name))
	}
	s := &script{q: q, size: size, piece: pieceBytes}
	begin = bytes.TrimPrefix(begin, []byte("\ufeff"))
	request := httpapi.QueryRequest{SQL: string(begin)}
	if fitsRequest(request) {
		err := interruptible(ctx, func(ctx context.Context) error { return q.runTyped(ctx, request) })
		if !requestTooLarge(err) {
			return withPosition(err, request.SQL, 1)
		}
		s.piece = min(s.piece, len(begin)/2)
	}
	if err := s.checkPieces(begin, src); err != nil {
		return err
	}
	s.bar = a.progress(s.size)
	s.q.out = s.bar.writerAbove(s.q.out)
	err = s.sendPieces(ctx, io.MultiReader(bytes.NewReader(begin), src))
	s.bar.finish(err == nil)
	return err
}

// fitsRequest reports whether a request is within the default limit of servers.
func fitsRequest(r httpapi.QueryRequest) bool {
	if len(r.SQL) > requestBytes {
		return false
	}
	if len(r.SQL) < requestBytes/6 { // a byte becomes at most six in JSON
		return true
	}
	body, err := r.Body()
	return err != nil || len(body) <= requestBytes // sending it returns the error again
}

// requestTooLarge reports whether a server refused a request for its size, so
// that no statement of it has run.
func requestTooLarge(err error) bool {
	return errs.Is(err, errs.TooLarge) && errs.Public(err).Attrs[httpapi.AttrLimit] == httpapi.LimitRequestBytes
}

// runTyped runs a request of the typed API and prints its results, also for an
// answer without results.
func (q *querier) runTyped(ctx context.Context, r httpapi.QueryRequest) error {
	if err := q.sendTyped(ctx, r); err != nil {
		return err
	}
	return q.printNoResult()
}

// printNoResult prints the count of 0 after a table request without results.
func (q *querier) printNoResult() error {
	if q.as == format.Table && q.results == 0 {
		return q.printCount(0)
	}
	return nil
}

// checkPieces refuses a script that cannot be sent in pieces before a part of it
// runs. A source that cannot be read twice is checked while it runs.
func (s *script) checkPieces(begin []byte, src io.Reader) error {
	f, ok := src.(*os.File)
	if !ok || s.size < 0 {
		return nil
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return localFailure(err, "read the script")
	}
	r := sqlsplit.NewReader(io.MultiReader(bytes.NewReader(begin), f), requestBytes)
	for {
		u, err := r.Next()
		if err == io.EOF {
			_, err := f.Seek(at, io.SeekStart)
			return localFailure(err, "read the script")
		}
		if err = s.checkUnit(r, u, err); err != nil {
			return s.linesNotRun(err, 0)
		}
	}
}

// checkUnit refuses a unit that is too long for a request, or whose effect would
// end with its piece.
func (s *script) checkUnit(r *sqlsplit.Reader, u sqlsplit.Unit, err error) error {
	const tooLong = "line %d: this statement or transaction is longer than %s, the limit of a request; ayb client import accepts longer scripts"
	switch {
	case errors.Is(err, sqlsplit.ErrTooLong):
		return errs.E(errs.TooLarge, tooLong, r.Line(), format.Bytes(requestBytes))
	case err != nil:
		return localFailure(err, "read the script")
	case !fitsRequest(httpapi.QueryRequest{SQL: u.Text}):
		return errs.E(errs.TooLarge, tooLong, u.First, format.Bytes(requestBytes))
	}
	if setting := requestSetting(u.Words); setting != "" {
		return errs.E(errs.Invalid, "line %d: %s holds only for one request, and this script is too long for one; ayb client import runs it as one", u.First, setting)
	}
	return nil
}

// requestSetting names the setting of a statement that lasts only until its
// request ends; empty for other statements.
func requestSetting(words []string) string {
	if name, sets := sqlsplit.Setting(words); sets {
		return name
	}
	return ""
}

// sendPieces sends a script piece by piece.
func (s *script) sendPieces(ctx context.Context, src io.Reader) error {
	r := sqlsplit.NewReader(src, requestBytes)
	for {
		u, err := r.Next()
		if err == io.EOF {
			if err := s.flush(ctx); err != nil {
				return err
			}
			return s.q.printNoResult()
		}
		if err = s.checkUnit(r, u, err); err != nil {
			if err := s.flush(ctx); err != nil {
				return err
			}
			line := u.First
			if line == 0 { // the error came before a unit was complete
				line = r.Line()
			}
			return s.linesNotRun(err, line)
		}
		// In a request with BEGIN, or with a statement that cannot run in a
		// transaction, each other statement would be a transaction.
		alone := u.Transaction || u.Words[0] == "VACUUM" || u.Words[0] == "PRAGMA"
		if alone || s.bytes+len(u.Text) > s.piece {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
		s.units, s.bytes = append(s.units, u), s.bytes+len(u.Text)
		if alone {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// flush sends the collected units.
func (s *script) flush(ctx context.Context) error {
	units := s.units
	s.units, s.bytes = nil, 0
	return s.sendUnits(ctx, units)
}

// sendUnits sends units as one request. If the server refuses its size, it sends
// them in two halves.
func (s *script) sendUnits(ctx context.Context, units []sqlsplit.Unit) error {
	if len(units) == 0 {
		return nil
	}
	var sql strings.Builder
	for _, u := range units {
		sql.WriteString(u.Text)
	}
	text := sql.String()
	err := interruptible(ctx, func(ctx context.Context) error {
		return s.q.sendTyped(ctx, httpapi.QueryRequest{SQL: text})
	})
	half := len(units) / 2
	switch {
	case err == nil:
		s.started = true
		s.bar.add(len(text))
		return nil
	case requestTooLarge(err) && half > 0:
		s.piece = min(s.piece, len(text)/2)
		if err := s.sendUnits(ctx, units[:half]); err != nil {
			return err
		}
		return s.sendUnits(ctx, units[half:])
	case requestTooLarge(err):
		err = withPrefix(err, "line %d: ", units[0].First)
	default:
		err = withPosition(err, text, units[0].Line)
	}
	return s.pieceFailed(err, units, text)
}

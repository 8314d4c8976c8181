package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Transfers is the service that brings whole data in and takes it out. It
// checks rights and its errors carry codes. The caller closes the answers.
type Transfers interface {
	Export(ctx context.Context, actor authz.Actor, e databases.Export) (nodeapi.Answer, error)
	Import(ctx context.Context, actor authz.Actor, req databases.Import) (daemonapi.ImportResult, error)
}

// export streams data out, however much it is.
func (s *Server) export(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	w.Header()["Vary"] = varyAnswer
	e := databases.Export{}
	var err error
	if e.Entity, e.Database, err = databaseParams(r); err != nil {
		return err
	}
	p, err := urlParams(r, "format", "table", "query")
	if err != nil {
		return err
	}
	e.Options = daemonapi.ExportOptions{Format: daemonapi.TransferFormat(p.or("format", string(daemonapi.TransferSQLite))), Table: p.or("table", "")}
	e.Query = p.or("query", "")
	answer, err := s.deps.Transfers.Export(r.Context(), actor, e)
	if err != nil {
		return err
	}
	d := delivery{contentType: exportType(e.Options.Format), coding: answerCoding(r), attachment: attachment(e), remarks: e.Options.Format != daemonapi.TransferSQLite}
	if r.Method == http.MethodHead {
		return headOnly(w, r, answer, d)
	}
	return s.pass(w, r, answer, d)
}

// headOnly tells how an answer would begin and stops it.
func headOnly(w http.ResponseWriter, r *http.Request, answer nodeapi.Answer, d delivery) error {
	defer answer.Close()
	if _, _, err := answer.Next(r.Context()); err != nil {
		return err
	}
	d.describe(w.Header())
	w.WriteHeader(http.StatusOK)
	return nil
}

func exportType(f daemonapi.TransferFormat) []string {
	switch f {
	case daemonapi.TransferSQLite:
		return []string{"application/vnd.sqlite3"}
	case daemonapi.TransferSQL:
		return []string{"application/sql"}
	case daemonapi.TransferCSV:
		return csvType
	case daemonapi.TransferNDJSON:
		return ndjsonType
	default:
		return jsonType
	}
}

// attachment is a Content-Disposition with a name for the file that means
// nothing to any file system or header.
func attachment(e databases.Export) string {
	name := e.Database
	for _, ending := range []string{".sqlite", ".sqlite3", ".db"} {
		name = strings.TrimSuffix(name, ending)
	}
	if e.Options.Table != "" {
		name += "-" + e.Options.Table
	}
	name = strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			return c
		}
		return '_'
	}, name)
	name = name[:min(len(name), 100)]
	return `attachment; filename="` + name + "." + string(e.Options.Format) + `"`
}

// importData takes data in, however much it is.
func (s *Server) importData(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	req := databases.Import{}
	var err error
	if req.Entity, req.Database, err = databaseParams(r); err != nil {
		return err
	}
	p, err := urlParams(r, append(slices.Clone(importParams), "public_sharing_level")...)
	if err != nil {
		return err
	}
	req.Public = p.or("public_sharing_level", "")
	if req.Options, err = p.importOptions(r.URL.Query()["null"]); err != nil {
		return err
	}
	body := s.transferBody(w, r, actor)
	defer body.close()
	req.Body = body
	result, err := s.deps.Transfers.Import(r.Context(), actor, req)
	if err != nil {
		if !body.over() { // rather than wait for what nobody wants
			w.Header().Set("Connection", "close")
		}
		return body.told(err)
	}
	writeLate(w, http.StatusOK, result)
	return nil
}

// importParams are the options of an import in the URL.
var importParams = []string{
	"format", "table", "mode", "on_error", "dry_run", "header", "delimiter", "quote", "escape", "comment", "skip_lines", "trim", "types", "encoding", "null",
}

func (p urlValues) importOptions(nulls []string) (daemonapi.ImportOptions, error) {
	o := daemonapi.ImportOptions{
		Format: daemonapi.TransferFormat(p.or("format", "")), Table: p.or("table", ""), Mode: p.or("mode", ""), OnError: p.or("on_error", ""),
		Delimiter: p.or("delimiter", ""), Quote: p.or("quote", ""), Escape: p.or("escape", ""), Comment: p.or("comment", ""),
		Encoding: p.or("encoding", ""), Nulls: nulls,
	}
	if len(nulls) == 1 && nulls[0] != "" {
		o.Null, o.Nulls = nulls[0], nil
	}
	if quote, given := p["quote"]; given && quote == "" {
		o.Quote = daemonapi.NoCharacter
	}
	dry, err := p.truth("dry_run")
	if err != nil {
		return o, err
	}
	o.DryRun = dry == "yes"
	trim, err := p.truth("trim")
	if err != nil {
		return o, err
	}
	o.Trim = trim == "yes"
	if lines := p.or("skip_lines", ""); lines != "" {
		if o.SkipLines, err = strconv.ParseInt(lines, 10, 64); err != nil || o.SkipLines < 0 {
			return o, errs.E(errs.Invalid, "The parameter skip_lines is a number of lines, 0 or more")
		}
	}
	if o.Types, err = daemonapi.ParseTypes(p.or("types", "")); err != nil {
		return o, errs.Wrap(errs.Invalid, err, "The parameter types is like id=INTEGER,price=REAL, or a JSON object of the same")
	}
	o.Header, err = p.truth("header")
	return o, err
}

// urlValues are the parameters of a request that stand in its URL, each once,
// but for words for NULL.
type urlValues map[string]string

// urlParams reads them and refuses those that nobody knows: what is misspelled
// must not be done differently from what was meant.
func urlParams(r *http.Request, names ...string) (urlValues, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The parameters in the URL can't be read")
	}
	out := urlValues{}
	for name, all := range values {
		switch {
		case !slices.Contains(names, name):
			return nil, errs.E(errs.Invalid, "There is no parameter %s here; there are %s", printable(name), strings.Join(names, ", "))
		case len(all) > 1 && name != "null": // there may be several words for it
			return nil, errs.E(errs.Invalid, "The parameter %s is given more than once", name)
		}
		out[name] = all[0]
	}
	return out, nil
}

func (p urlValues) or(name, otherwise string) string {
	if v, ok := p[name]; ok {
		return v
	}
	return otherwise
}

// number reads a parameter that is a number from 1 to most, which is also what it
// is when it is absent.
func (p urlValues) number(name string, most int) (n int, given bool, err error) {
	text, given := p[name]
	if !given {
		return most, false, nil
	}
	n, err = strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, true, errs.E(errs.Invalid, "The parameter %s must be a number from 1 to %d", name, most)
	}
	return n, true, nil
}

// truth reads a parameter that is yes or no, as yes, no or nothing.
func (p urlValues) truth(name string) (string, error) {
	switch v := p[name]; v {
	case "yes", "true", "1":
		return "yes", nil
	case "no", "false", "0":
		return "no", nil
	case "":
		return "", nil
	default:
		return "", errs.E(errs.Invalid, "The parameter %s can be yes or no", name)
	}
}

// transferBody is a request body of any size on its way to a database. It is
// decompressed, and has to come at a least rate and within a time. Its end is
// given only while the credentials still hold (S16): what comes with it is not
// used before.
type transferBody struct {
	server *Server
	r      *http.Request
	actor  authz.Actor
	paced  *paced // nil for no body
	raw    io.Reader
	body   io.Reader
	held   *share
	stack  *decoders
	err    error
}

func (s *Server) transferBody(w http.ResponseWriter, r *http.Request, actor authz.Actor) *transferBody {
	b := &transferBody{server: s, r: r, actor: actor, held: &share{budget: s.bodies, who: actor.Entity}}
	b.raw = http.NoBody
	if r.Body != nil && r.Body != http.NoBody {
		end := time.Time{}
		if s.cfg.ImportTimeout > 0 {
			end = time.Now().Add(s.cfg.ImportTimeout)
		}
		b.paced = s.pace(w, r.Body, end)
		b.raw = b.paced
	}
	b.body = b.raw
	if r.Header.Get("Content-Encoding") == "" {
		return b
	}
	b.body = &late{open: func() (io.Reader, error) { // it reads, and rights come first
		stack, err := decodeBody(w, r, b.raw, b.held)
		if err != nil {
			return nil, err
		}
		b.stack = stack
		return stack, nil
	}}
	return b
}

// Read implements io.Reader.
func (b *transferBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.body.Read(p)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		b.err = b.end()
	default:
		b.err = brokenBody(err)
	}
	return n, b.err
}

// Interrupt ends a Read that waits for the client, with an error. It may be
// called by any goroutine.
func (b *transferBody) Interrupt(err error) {
	if b.paced != nil {
		b.paced.Interrupt(err)
	}
}

// over and told are those of paced.
func (b *transferBody) over() bool { return b.paced == nil || b.paced.ended() }

func (b *transferBody) told(err error) error {
	if b.paced == nil {
		return err
	}
	return b.paced.told(err)
}

// end looks whether that was all, and who it was from.
func (b *transferBody) end() error {
	rest := make([]byte, 1)
	if n, err := io.ReadFull(b.raw, rest); n > 0 || !errors.Is(err, io.EOF) {
		return errs.Wrap(errs.Invalid, err, "The request body has more than what was compressed, or is incomplete")
	}
	if err := b.server.still(b.r, b.actor); err != nil {
		return err
	}
	return io.EOF
}

func (b *transferBody) close() {
	if b.stack != nil {
		b.stack.close()
	}
	b.held.release()
}

// late is a reader that is made when it is first read.
type late struct {
	open func() (io.Reader, error)
	io.Reader
}

// Read implements io.Reader.
func (l *late) Read(p []byte) (int, error) {
	if l.Reader == nil {
		r, err := l.open()
		if err != nil {
			return 0, err
		}
		l.Reader = r
	}
	return l.Reader.Read(p)
}

// writeLate answers a request that may have taken longer than the server gives
// requests in general.
func writeLate(w http.ResponseWriter, status int, body any) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(stallTime))
	writeJSON(w, status, body)
}

package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/front/stream"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Transfers is the service that exports and imports data. It checks permissions,
// and its errors carry codes. The caller closes the answers.
type Transfers interface {
	Export(ctx context.Context, actor authz.Actor, e databases.Export) (databases.Answer, error)
	Import(ctx context.Context, actor authz.Actor, req databases.Import) (daemonapi.ImportResult, error)
}

// export streams data of any size.
func (a *API) export(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
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
	answer, err := a.deps.Transfers.Export(r.Context(), actor, e)
	if err != nil {
		return err
	}
	o := a.options(r, exportType(e.Options.Format))
	o.Attachment, o.Remarks = attachment(e), e.Options.Format != daemonapi.TransferSQLite
	if r.Method == http.MethodHead {
		return headOnly(w, r, answer, o)
	}
	return stream.Copy(w, r, answer, o)
}

// headOnly answers a HEAD request: it waits for the first chunk, sets the headers,
// and stops the export.
func headOnly(w http.ResponseWriter, r *http.Request, answer stream.Answer, o stream.Options) error {
	defer answer.Close()
	if _, _, err := answer.Next(r.Context()); err != nil {
		return err
	}
	o.SetHeaders(w.Header())
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
		return stream.CSV
	case daemonapi.TransferNDJSON:
		return stream.NDJSON
	default:
		return stream.JSON
	}
}

// attachment returns a Content-Disposition with a file name that contains no
// special characters.
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

// importData imports data of any size.
func (a *API) importData(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
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
	upload := a.deps.Bodies.Upload(w, r, actor.Entity, func() error { return a.recheck(r, actor) })
	defer upload.Close()
	req.Body = upload
	result, err := a.deps.Transfers.Import(r.Context(), actor, req)
	if err != nil {
		if !upload.Complete() {
			w.Header().Set("Connection", "close") // instead of reading the rest of the body
		}
		return upload.Mark(err)
	}
	writeLate(w, http.StatusOK, result)
	return nil
}

// importParams are the URL parameters with the options of an import.
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
	dry, err := p.yesNo("dry_run")
	if err != nil {
		return o, err
	}
	o.DryRun = dry == "yes"
	trim, err := p.yesNo("trim")
	if err != nil {
		return o, err
	}
	o.Trim = trim == "yes"
	if lines := p.or("skip_lines", ""); lines != "" {
		if o.SkipLines, err = strconv.ParseInt(lines, 10, 64); err != nil || o.SkipLines < 0 {
			return o, errs.E(errs.Invalid, "The parameter skip_lines must be a number of lines, 0 or more")
		}
	}
	if o.Types, err = daemonapi.ParseTypes(p.or("types", "")); err != nil {
		return o, errs.Wrap(errs.Invalid, err, "The parameter types must be a list such as id=INTEGER,price=REAL, or a JSON object of the same")
	}
	o.Header, err = p.yesNo("header")
	return o, err
}

package database

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

func (p *Pages) transferRoutes(mux chi.Router) {
	mux.Get("/{entity}/{database}/transfer", p.showTransfer)
	mux.Post("/{entity}/{database}/import", p.importFile)
	mux.Post("/{entity}/{database}/import_preview", p.previewImport)
	mux.Post("/{entity}/{database}/fork", p.fork)
}

// transferView is the data of the page for imports, exports and copies.
type transferView struct {
	shell

	// Tables are the names of the tables and views; empty with a SchemaProblem.
	Tables        []string
	SchemaProblem *page.Problem
	// Options are the fields of the import form by name.
	Options       map[string]string
	ImportProblem *page.Problem
	Preview       *importResult // nil without one
	ForkTo        string
	ForkProblem   *page.Problem
}

// Option is a field of the import form.
func (v transferView) Option(name string) string { return v.Options[name] }

// choice is an entry of a list.
type choice struct{ Value, Name string }

// Formats are the formats of imports.
func (transferView) Formats() []choice {
	return []choice{
		{"", "Detect by the name of the file"},
		{string(daemonapi.TransferCSV), "CSV"},
		{string(daemonapi.TransferTSV), "TSV (tabs)"},
		{string(daemonapi.TransferJSON), "JSON"},
		{string(daemonapi.TransferNDJSON), "NDJSON (one row per line)"},
		{string(daemonapi.TransferSQL), "SQL script"},
		{string(daemonapi.TransferSQLite), "SQLite file (the complete database)"},
	}
}

// RowFormats are the formats of exports of one table.
func (transferView) RowFormats() []choice {
	return []choice{
		{string(daemonapi.TransferCSV), "CSV"},
		{string(daemonapi.TransferJSON), "JSON"},
		{string(daemonapi.TransferNDJSON), "NDJSON"},
	}
}

func (p *Pages) showTransfer(w http.ResponseWriter, r *http.Request) {
	s, ok := p.open(w, r, "transfer")
	if !ok {
		return
	}
	if !s.Viewer.SignedIn() {
		page.SendToLogIn(w, r)
		return
	}
	p.renderTransfer(w, r, transferView{shell: s, ForkTo: s.Database})
}

// renderTransfer reads the names of the tables and shows the page.
func (p *Pages) renderTransfer(w http.ResponseWriter, r *http.Request, view transferView) {
	if view.MayQuery() {
		schema, err := p.site.API(r).Schema(r.Context(), view.Entity, view.Database)
		if err != nil {
			view.SchemaProblem = p.problem(w, r, err)
		}
		for _, table := range append(schema.Tables, schema.Views...) {
			view.Tables = append(view.Tables, table.Name)
		}
	}
	p.templates.Render(w, r, status(view.ImportProblem, view.ForkProblem), "transfer", view)
}

func (p *Pages) importFile(w http.ResponseWriter, r *http.Request) {
	view, result, ok := p.receive(w, r, false)
	switch {
	case !ok:
	case view.ImportProblem != nil:
		p.renderTransfer(w, r, view)
	default:
		p.finish(w, view.Base()+"/transfer", result.Sentence())
	}
}

func (p *Pages) previewImport(w http.ResponseWriter, r *http.Request) {
	view, result, ok := p.receive(w, r, true)
	if !ok {
		return
	}
	if view.ImportProblem == nil {
		view.Preview = &result
	}
	p.renderTransfer(w, r, view)
}

// receive passes the file of a form to the API as it arrives. It reports whether the
// page can go on; if not, the answer is written. A failed import is in the view.
func (p *Pages) receive(w http.ResponseWriter, r *http.Request, dryRun bool) (transferView, importResult, bool) {
	s, ok := p.open(w, r, "transfer")
	if !ok {
		return transferView{}, importResult{}, false
	}
	view := transferView{shell: s, ForkTo: s.Database}
	var result daemonapi.ImportResult
	sent, err := readUpload(r)
	view.Options = sent.fields
	var options daemonapi.ImportOptions
	if err == nil {
		options, err = sent.options(dryRun)
	}
	if err == nil {
		ctx := httpapi.WithReadDeadline(r.Context(), http.NewResponseController(w).SetReadDeadline)
		result, err = p.site.API(r).Import(ctx, s.Entity, s.Database, httpapi.ImportRequest{ImportOptions: options, Body: sent.file, Size: -1})
	}
	if err != nil {
		w.Header().Set("Connection", "close") // instead of reading the rest of the file
		if !s.MayWrite() {                    // the page has no form for imports
			p.site.Error(w, r, "", err)
			return view, importResult{}, false
		}
		view.ImportProblem = p.problem(w, r, err)
	}
	return view, importResult{result}, true
}

// importResult is what the page says about an import.
type importResult struct{ daemonapi.ImportResult }

// Sentence says what an import has done, with the most important remarks.
func (i importResult) Sentence() string {
	if i.Format.CompleteFile() {
		return "The contents of the database were replaced by the file."
	}
	text := "The script was carried out."
	if i.Table != "" {
		text = fmt.Sprintf("Imported %s into the table %s.", rowsText(i.Rows), i.Table)
	}
	if i.Skipped > 0 {
		text += fmt.Sprintf(" Left out %s.", rowsText(i.Skipped))
	}
	return strings.Join(append([]string{text}, i.Notes...), " ")
}

// Summary says what a preview has found.
func (i importResult) Summary() string {
	switch i.Format {
	case daemonapi.TransferSQLite:
		return "Format sqlite. The file is in order and would replace the whole database."
	case daemonapi.TransferSQL:
		if len(i.Bad) > 0 {
			return "Format sql. The script stops with an error, and an import would change nothing."
		}
		return "Format sql. The script runs without an error."
	}
	text := fmt.Sprintf("Format %s", i.Format)
	if i.Table != "" {
		what := "an existing table"
		if i.Created {
			what = "a new table"
		}
		text += fmt.Sprintf(", %s for %s, %s", rowsText(i.Rows), i.Table, what)
	}
	if i.Skipped > 0 {
		text += fmt.Sprintf(", %s that cannot be imported", rowsText(i.Skipped))
	}
	return text + "."
}

func rowsText(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

func (p *Pages) fork(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "transfer")
	if !ok {
		return
	}
	if !s.Viewer.SignedIn() {
		page.SendToLogIn(w, r)
		return
	}
	name := strings.TrimSpace(form["to"])
	made, err := p.site.API(r).ForkDatabase(r.Context(), s.Entity, s.Database, s.Viewer.Entity+"/"+name)
	if err != nil {
		p.renderTransfer(w, r, transferView{shell: s, ForkTo: name, ForkProblem: p.problem(w, r, err)})
		return
	}
	p.finish(w, pathOf(made.Entity, made.Database), fmt.Sprintf("This is your copy of %s/%s.", s.Entity, s.Database))
}

package database

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

func (p *Pages) queryRoutes(mux chi.Router) {
	mux.Get("/{entity}/{database}/query", p.toQuery)
	mux.Post("/{entity}/{database}/query", p.runQuery)
}

// queryPanel is the data of the query panel.
type queryPanel struct {
	shell

	// Text is what the form contains.
	Text string
	// Ran reports whether the text was run; then Answer or Problem is set.
	Ran     bool
	Answer  answer
	Problem *page.Problem
	// Line and Column are the place of the failure in Text, from 1; 0 when unknown.
	Line, Column int
}

// QueryPanel returns the panel before a query.
func (s shell) QueryPanel() queryPanel { return queryPanel{shell: s} }

// Next is the log-in page that leads back to the database.
func (q queryPanel) Next() string { return "/log_in?next=" + url.QueryEscape(q.Base()) }

// downloadForm is the data of a button that downloads the result.
type downloadForm struct {
	shell

	Text, Format, Label string
}

// Download returns a button for the result of the text.
func (q queryPanel) Download(format, label string) downloadForm {
	return downloadForm{q.shell, q.Text, format, label}
}

// toQuery leads from the address of the form, for example after a reload, to its
// page. A GET request runs nothing.
func (p *Pages) toQuery(w http.ResponseWriter, r *http.Request) {
	page.Redirect(w, http.StatusSeeOther, pathOf(chi.URLParam(r, "entity"), chi.URLParam(r, "database"))+"#query")
}

// pathOf is the path of the pages of a database with these names.
func pathOf(entity, database string) string {
	return "/" + url.PathEscape(entity) + "/" + url.PathEscape(database)
}

// runQuery runs the text of the form and shows the results, or sends them as a file.
func (p *Pages) runQuery(w http.ResponseWriter, r *http.Request) {
	form, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	format, text := form["format"], form["query"]
	if format == "csv" || format == "json" {
		p.download(w, r, format, text)
		return
	}
	s, ok := p.open(w, r, "query")
	if !ok {
		return
	}
	panel := s.QueryPanel()
	panel.Text, panel.Ran = text, true
	switch {
	case format != "" && format != "html":
		err = errs.E(errs.Invalid, "The format of a result can be html, csv or json")
	case !s.MayQuery():
		err = errs.E(errs.Forbidden, "You do not have access to query this database")
	default:
		panel.Answer, err = p.ask(r, s, text)
	}
	if err != nil {
		panel.fail(p.site.Problem(r, err), err)
		httpapi.SetRetryAfter(w.Header(), err)
	}
	p.templates.Render(w, r, panel.status(), "database", showView{shell: s, Query: panel, Browse: p.browse(r, s)})
}

// ask runs the text once and reads the answer.
func (p *Pages) ask(r *http.Request, s shell, text string) (answer, error) {
	if strings.TrimSpace(text) == "" {
		return answer{}, errs.E(errs.Invalid, "The query is empty; enter a statement, such as SELECT 1")
	}
	lines, err := p.site.API(r).QueryLines(r.Context(), s.Entity, s.Database, httpapi.QueryRequest{SQL: text})
	if err != nil {
		return answer{}, err
	}
	defer lines.Close()
	return readAnswer(lines)
}

// fail shows a failure, and its place in the text.
func (q *queryPanel) fail(problem page.Problem, err error) {
	q.Problem, q.Answer = &problem, answer{}
	q.Line, q.Column = place(q.Text, err)
}

// status is the status of the page.
func (q *queryPanel) status() int {
	if q.Problem != nil {
		return q.Problem.Status
	}
	return http.StatusOK
}

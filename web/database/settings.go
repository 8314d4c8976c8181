package database

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

func (p *Pages) settingsRoutes(mux chi.Router) {
	mux.Get("/{entity}/{database}/settings", p.showSettings)
	mux.Post("/{entity}/{database}/cancel_query", p.cancelQuery)
	mux.Post("/{entity}/{database}/rename", p.rename)
	mux.Get("/{entity}/{database}/delete", p.askToDelete)
	mux.Post("/{entity}/{database}/delete", p.delete)
}

// settingsView is the data of the page of settings.
type settingsView struct {
	shell

	// Origin is the address of the server.
	Origin string
	// Usage is nil for a viewer who may not see it, and with a UsageProblem.
	Usage        *usageView
	UsageProblem *page.Problem
	// Running are the running queries that the viewer may see.
	Running        []runningRow
	RunningProblem *page.Problem
	RenameTo       string
	RenameProblem  *page.Problem
}

// Owner reports whether the database belongs to the viewer.
func (s shell) Owner() bool { return s.Viewer.SignedIn() && s.Viewer.Entity == s.Entity }

// runningRow is one row of the list of running queries. It is empty in the row that
// the script copies.
type runningRow struct{ Base, ID, SQL, Caller, State, Time, Started string }

// Blank is the row that the script copies.
func (v settingsView) Blank() runningRow { return runningRow{Base: v.Base()} }

func (v settingsView) rows(queries []daemonapi.RunningQuery) []runningRow {
	rows := make([]runningRow, 0, len(queries))
	for _, q := range queries {
		started := httpapi.TimeText(q.Started)
		rows = append(rows, runningRow{v.Base(), q.ID, q.SQL, string(q.Caller), q.State, started, secondsText(started)})
	}
	return rows
}

func (p *Pages) showSettings(w http.ResponseWriter, r *http.Request) {
	if s, ok := p.open(w, r, "settings"); ok {
		p.renderSettings(w, r, settingsView{shell: s, RenameTo: s.Database})
	}
}

// renderSettings reads the usage and the running queries, as far as the viewer may
// see them, and shows the page.
func (p *Pages) renderSettings(w http.ResponseWriter, r *http.Request, view settingsView) {
	view.Origin = p.site.Origin()
	api := p.site.API(r)
	if view.Details.CanManageDatabase {
		usage, err := api.Usage(r.Context(), view.Entity, view.Database)
		if err != nil {
			view.UsageProblem = p.problem(w, r, err)
		} else {
			view.Usage = &usageView{usage}
		}
	}
	if view.MayQuery() {
		queries, err := api.RunningQueries(r.Context(), view.Entity, view.Database)
		if err != nil {
			view.RunningProblem = p.problem(w, r, err)
		}
		view.Running = view.rows(queries)
	}
	p.templates.Render(w, r, status(view.RenameProblem), "settings", view)
}

func (p *Pages) cancelQuery(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "settings")
	if !ok {
		return
	}
	sentence := "The query was canceled."
	switch err := p.site.API(r).CancelQuery(r.Context(), s.Entity, s.Database, form["id"]); {
	case errs.Is(err, errs.NotFound):
		sentence = "That query had ended already."
	case err != nil:
		p.site.Error(w, r, "", err)
		return
	}
	p.finish(w, s.Base()+"/settings", sentence)
}

func (p *Pages) rename(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "settings")
	if !ok {
		return
	}
	name := strings.TrimSpace(form["to"])
	if err := p.site.API(r).RenameDatabase(r.Context(), s.Entity, s.Database, s.Entity+"/"+name); err != nil {
		if !s.Owner() {
			p.site.Error(w, r, "", err)
			return
		}
		p.renderSettings(w, r, settingsView{shell: s, RenameTo: name, RenameProblem: p.problem(w, r, err)})
		return
	}
	p.finish(w, pathOf(s.Entity, name)+"/settings", fmt.Sprintf("The database %s is now called %s. The old name leads here until it is used again.", s.Database, name))
}

// deleteView is the data of the page that asks before a database is deleted.
type deleteView struct {
	shell

	Problem *page.Problem
}

func (p *Pages) askToDelete(w http.ResponseWriter, r *http.Request) {
	s, ok := p.open(w, r, "settings")
	switch {
	case !ok:
	case !s.Owner():
		p.site.Error(w, r, "", errs.E(errs.Forbidden, "Only the owner of %s/%s can delete it", s.Entity, s.Database))
	default:
		p.templates.Render(w, r, http.StatusOK, "delete", deleteView{shell: s})
	}
}

// delete deletes the database if the form repeats its name.
func (p *Pages) delete(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "settings")
	if !ok {
		return
	}
	var err error
	if strings.TrimSpace(form["name"]) != s.Database {
		err = errs.E(errs.Invalid, "To delete the database, type its name exactly: %s. Nothing was deleted", s.Database)
	} else {
		err = p.site.API(r).DeleteDatabase(r.Context(), s.Entity, s.Database)
	}
	switch {
	case err == nil:
		p.finish(w, "/"+s.Entity, p.deletedSentence(r, s))
	case !s.Owner():
		p.site.Error(w, r, "", err)
	default:
		view := deleteView{s, p.problem(w, r, err)}
		p.templates.Render(w, r, view.Problem.Status, "delete", view)
	}
}

// deletedSentence says until when a deletion can be undone.
func (p *Pages) deletedSentence(r *http.Request, s shell) string {
	sentence := fmt.Sprintf("The database %s was deleted.", s.Database)
	entity, err := p.site.API(r).Entity(r.Context(), s.Entity)
	if err != nil {
		return sentence
	}
	for _, d := range entity.Deleted {
		if d.Slug == s.Database {
			return sentence + " You can restore it on this page until " + secondsText(d.PurgedAt) + "."
		}
	}
	return sentence
}

package database

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

func (p *Pages) snapshotRoutes(mux chi.Router) {
	mux.Get("/{entity}/{database}/snapshots", p.showSnapshots)
	mux.Post("/{entity}/{database}/take_snapshot", p.takeSnapshot)
	mux.Get("/{entity}/{database}/restore_snapshot", p.askToRestore)
	mux.Post("/{entity}/{database}/restore_snapshot", p.restoreSnapshot)
}

// snapshotsPanel is the data of the panel of snapshots.
type snapshotsPanel struct {
	shell

	// Listed reports whether Snapshots were read. In the page with all panels a
	// script reads them when the panel is opened.
	Listed    bool
	Snapshots []httpapi.Snapshot
	// Message is what the form to take a snapshot contains, and Problem its failure.
	Message string
	Problem *page.Problem
}

// SnapshotsPanel returns the panel without its list.
func (s shell) SnapshotsPanel() snapshotsPanel { return snapshotsPanel{shell: s} }

// snapshotRow is one row of the list. It is empty in the row that the script copies.
type snapshotRow struct {
	Base, ID, Time, Created, Message, Size string
	BeforeRestore                          bool
}

// Rows are the rows of the list, the newest snapshot first.
func (s snapshotsPanel) Rows() []snapshotRow {
	rows := make([]snapshotRow, 0, len(s.Snapshots))
	for _, snapshot := range s.Snapshots {
		row := snapshotRow{Base: s.Base(), ID: snapshot.SnapshotID, Time: snapshot.LastModifiedAt, Created: secondsText(snapshot.LastModifiedAt),
			Size: bytesText(snapshot.Bytes), BeforeRestore: snapshot.BeforeRestore}
		if snapshot.Message != nil {
			row.Message = *snapshot.Message
		}
		rows = append(rows, row)
	}
	return rows
}

// Blank is the row that the script copies.
func (s snapshotsPanel) Blank() snapshotRow { return snapshotRow{Base: s.Base()} }

// secondsText formats a time of the API as YYYY-MM-DD HH:MM:SS UTC.
func secondsText(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

func (p *Pages) showSnapshots(w http.ResponseWriter, r *http.Request) {
	if s, ok := p.open(w, r, "snapshots"); ok {
		p.renderSnapshots(w, r, s.SnapshotsPanel(), nil)
	}
}

// renderSnapshots reads the list and shows the panel as a page. failure is the error
// of a form, or nil. Without a list, the viewer gets an error page, with the failure
// if there is one.
func (p *Pages) renderSnapshots(w http.ResponseWriter, r *http.Request, panel snapshotsPanel, failure error) {
	snapshots, err := p.site.API(r).Snapshots(r.Context(), panel.Entity, panel.Database)
	if err != nil {
		if failure != nil {
			err = failure
		}
		p.site.Error(w, r, "", err)
		return
	}
	panel.Listed, panel.Snapshots = true, snapshots
	p.templates.Render(w, r, status(panel.Problem), "snapshots", panel)
}

func (p *Pages) takeSnapshot(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "snapshots")
	if !ok {
		return
	}
	message := strings.TrimSpace(form["message"])
	taken, err := p.site.API(r).TakeSnapshot(r.Context(), s.Entity, s.Database, message)
	if err != nil {
		panel := s.SnapshotsPanel()
		panel.Message, panel.Problem = message, p.problem(w, r, err)
		p.renderSnapshots(w, r, panel, err)
		return
	}
	sentence := fmt.Sprintf("Snapshot '%s' taken.", taken.SnapshotID)
	if !taken.Created {
		sentence = fmt.Sprintf("Nothing has changed since snapshot '%s', so no new one was needed.", taken.SnapshotID)
	}
	p.finish(w, s.Base()+"/snapshots", sentence)
}

// restoreView is the data of the page that asks before a snapshot is restored.
type restoreView struct {
	shell

	ID, Created string
	// To is the name of the new database, and Problem the failure of a form.
	To      string
	Problem *page.Problem
}

// Short is the beginning of the id.
func (v restoreView) Short() string { return v.ID[:min(len(v.ID), 10)] }

func (p *Pages) askToRestore(w http.ResponseWriter, r *http.Request) {
	if s, ok := p.openManaged(w, r, "snapshots"); ok {
		p.renderRestore(w, r, restoreView{shell: s, ID: strings.TrimSpace(r.URL.Query().Get("snapshot_id"))}, nil)
	}
}

// renderRestore shows the page that asks, with the date of the snapshot.
func (p *Pages) renderRestore(w http.ResponseWriter, r *http.Request, view restoreView, failure error) {
	snapshots, err := p.site.API(r).Snapshots(r.Context(), view.Entity, view.Database)
	i := slices.IndexFunc(snapshots, func(s httpapi.Snapshot) bool { return s.SnapshotID == view.ID })
	if err == nil && i < 0 {
		err = errs.E(errs.NotFound, "There is no such snapshot of %s/%s. It may have been removed since the list was made", view.Entity, view.Database)
	}
	if err != nil {
		if failure != nil {
			err = failure
		}
		p.site.Error(w, r, "", err)
		return
	}
	view.Created = secondsText(snapshots[i].LastModifiedAt)
	p.templates.Render(w, r, status(view.Problem), "restore", view)
}

// restoreSnapshot restores a snapshot, or with the field `to` makes a new database of
// the viewer from it.
func (p *Pages) restoreSnapshot(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "snapshots")
	if !ok {
		return
	}
	id, name, asNew := strings.TrimSpace(form["snapshot_id"]), strings.TrimSpace(form["to"]), form["as_new"] != ""
	request, next := httpapi.RestoreRequest{SnapshotID: id}, s.Base()+"/snapshots"
	if asNew {
		request.To = s.Viewer.Entity + "/" + name
		next = pathOf(s.Viewer.Entity, name)
	}
	if err := p.site.API(r).RestoreSnapshot(r.Context(), s.Entity, s.Database, request); err != nil {
		p.renderRestore(w, r, restoreView{shell: s, ID: id, To: name, Problem: p.problem(w, r, err)}, err)
		return
	}
	sentence := fmt.Sprintf("Database successfully restored from snapshot '%s'.", id)
	if asNew {
		sentence = fmt.Sprintf("This new database was made from snapshot '%s' of %s/%s.", id, s.Entity, s.Database)
	}
	p.finish(w, next, sentence)
}

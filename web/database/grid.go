package database

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/table"
)

// gridRow is a row that the grid begins to change.
type gridRow struct {
	// Old are the values as JSON of the typed API, by column.
	Old map[string]json.RawMessage `json:"old"`
	// Texts are the values as they are typed in; null for NULL. A column that cannot
	// be typed in is absent.
	Texts map[string]*string `json:"texts"`
}

// gridChange is a change that the grid has staged.
type gridChange struct {
	// Key is the position of the row; empty for a new one.
	Key string                     `json:"key"`
	Old map[string]json.RawMessage `json:"old"`
	// Texts are the changed values as they were typed in; null for NULL.
	Texts map[string]*string `json:"texts"`
	// Delete removes the row.
	Delete bool `json:"delete"`
}

// gridAnswer answers the grid.
type gridAnswer struct {
	// Script is the SQL of the changes.
	Script string `json:"script,omitempty"`
	// Changed is the number of rows that were changed.
	Changed int `json:"changed,omitempty"`
	// Problem is why nothing was changed, and Statement the change that failed; -1
	// when that is unknown.
	Problem   string `json:"problem,omitempty"`
	Statement int    `json:"statement"`
}

// showGridRow sends a row to the grid.
func (p *Pages) showGridRow(w http.ResponseWriter, r *http.Request) {
	s, ok := p.open(w, r, "data")
	if !ok {
		return
	}
	view, err := p.rowForm(r, s)
	if err == nil && view.Key == "" {
		err = errs.E(errs.Invalid, "The key of the row is missing")
	}
	if err != nil {
		p.gridProblem(w, r, err)
		return
	}
	row := gridRow{Texts: map[string]*string{}}
	if err := json.Unmarshal([]byte(view.Old), &row.Old); err != nil {
		p.gridProblem(w, r, errs.Wrap(errs.Internal, err, "The row can't be read"))
		return
	}
	for _, f := range view.Fields {
		switch {
		case f.Fixed != "":
		case f.Null:
			row.Texts[f.Name] = nil
		default:
			row.Texts[f.Name] = &f.Text
		}
	}
	answerGrid(w, http.StatusOK, row)
}

// changeGrid returns the SQL of staged changes, or makes all of them in one
// transaction.
func (p *Pages) changeGrid(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "data")
	if !ok {
		return
	}
	if !s.MayWrite() {
		p.gridProblem(w, r, errs.E(errs.Forbidden, "You may read this database, and not change it"))
		return
	}
	_, t, err := p.findTable(r, s, r.URL.Query().Get("table"))
	if err != nil {
		p.gridProblem(w, r, err)
		return
	}
	changes, err := stagedChanges(t, form["changes"])
	if err != nil {
		p.gridProblem(w, r, err)
		return
	}
	if form["action"] != "apply" {
		script, err := t.Script(changes)
		if err != nil {
			p.gridProblem(w, r, err)
			return
		}
		answerGrid(w, http.StatusOK, gridAnswer{Script: script, Statement: -1})
		return
	}
	if err := p.runChanges(r, s, t, changes); err != nil {
		if errs.Is(err, errs.Conflict) {
			err = changedMeanwhile(err)
		}
		p.gridProblem(w, r, err)
		return
	}
	answerGrid(w, http.StatusOK, gridAnswer{Changed: len(changes), Statement: -1})
}

// changedMeanwhile is the error of a change whose row is not as its reader saw it.
func changedMeanwhile(err error) error {
	e := errs.Wrap(errs.Conflict, err, "The row was changed by another user in the meantime. Nothing was written")
	for name, value := range errs.Public(err).Attrs {
		e = e.With(name, value)
	}
	return e
}

// stagedChanges reads the changes that the grid has staged, in their order.
func stagedChanges(t table.Table, text string) ([]table.Change, error) {
	var staged []gridChange
	if err := json.Unmarshal([]byte(text), &staged); err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The changes can't be read; load the page again")
	}
	var out []table.Change
	for _, g := range staged {
		change := table.Change{Old: g.Old}
		if g.Key != "" {
			key, err := table.ParsePosition(g.Key)
			if err != nil {
				return nil, err
			}
			change.Key = key
		}
		if !g.Delete {
			change.New = map[string]json.RawMessage{}
			for name, text := range g.Texts {
				change.New[name] = json.RawMessage("null")
				if text != nil {
					change.New[name] = t.Entered(name, normalBreaks(*text))
				}
			}
		}
		if g.Delete && g.Key == "" || !g.Delete && g.Key != "" && len(g.Texts) == 0 {
			return nil, errs.E(errs.Invalid, "A change is empty; load the page again")
		}
		out = append(out, change)
	}
	return out, nil
}

// gridProblem answers with an error.
func (p *Pages) gridProblem(w http.ResponseWriter, r *http.Request, err error) {
	problem, statement := p.problem(w, r, err), -1
	if e, ok := errors.AsType[*errs.Error](err); ok {
		if n, ok := number(e, httpapi.AttrStatement); ok {
			statement = n
		}
	}
	answerGrid(w, problem.Status, gridAnswer{Problem: problem.Message, Statement: statement})
}

// answerGrid writes an answer for the script of the grid.
func answerGrid(w http.ResponseWriter, status int, body any) {
	text, err := httpapi.Marshal(body)
	if err != nil { // the bodies are texts and valid JSON
		status, text = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", httpapi.ContentType)
	w.WriteHeader(status)
	_, _ = w.Write(text) // it fails only when the browser is gone
}

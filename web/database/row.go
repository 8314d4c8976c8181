package database

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
	"github.com/ayb-go/ayb/web/table"
)

// maxEditBytes is the longest text that the form of a row can change.
const maxEditBytes = 64 << 10

// rowView is the data of the page that changes a row.
type rowView struct {
	shell

	Table table.Table
	// Key is the position of the row in addresses; empty for a new row.
	Key    string
	Fields []rowField
	// Old are the values of the row that the form began with, as JSON.
	Old string
	// Script is the SQL that will be run, and Changes the same for the form that
	// confirms it; both are empty before.
	Script, Changes string
	Problem         *page.Problem
	// Conflict lists the columns that another user has changed meanwhile.
	Conflict []difference
	Back     string
}

// rowField is a column in the form of a row.
type rowField struct {
	Name, Type string
	Text       string
	Null       bool
	// Fixed is why the form cannot change the column, or empty.
	Fixed string
	// Long texts get a larger field.
	Long bool
}

// difference is a column that has another value than the form began with.
type difference struct{ Column, Then, Now string }

// editRow shows the form for a row, or for a new one.
func (p *Pages) editRow(w http.ResponseWriter, r *http.Request) {
	s, ok := p.open(w, r, "data")
	if !ok {
		return
	}
	view, err := p.rowForm(r, s)
	if err != nil {
		view.Problem = p.problem(w, r, err)
	}
	p.templates.Render(w, r, status(view.Problem), "row", view)
}

// rowForm reads the row that the address names.
func (p *Pages) rowForm(r *http.Request, s shell) (rowView, error) {
	q := r.URL.Query()
	view := rowView{shell: s, Key: q.Get("key"), Back: s.TableURL(q.Get("table"))}
	if !s.MayWrite() {
		return view, errs.E(errs.Forbidden, "You may read this database, and not change it")
	}
	var err error
	if view.Key == "" {
		_, view.Table, err = p.findTable(r, s, q.Get("table"))
		view.fields(nil)
		return view, err
	}
	var cells []fullCell
	if view.Table, cells, err = p.readCells(r, s, ""); err != nil {
		return view, err
	}
	view.fields(cells)
	old := map[string]json.RawMessage{}
	for _, c := range cells {
		if c.Bytes <= maxEditBytes && !c.TooLarge() {
			old[c.Column] = c.Value
		}
	}
	text, err := json.Marshal(old)
	view.Old = string(text)
	return view, err
}

// fields sets the fields of the form; cells is nil for a new row.
func (v *rowView) fields(cells []fullCell) {
	for i, column := range v.Table.Columns {
		f := rowField{Name: column.Name, Type: column.Type, Null: cells == nil}
		switch {
		case column.Generated != "":
			f.Fixed = "computed"
		case cells == nil:
		case cells[i].Type == "null":
			f.Null = true
		case cells[i].Type == "blob":
			f.Fixed = "a BLOB of " + strconv.FormatInt(cells[i].Bytes, 10) + " bytes"
		case cells[i].Bytes > maxEditBytes || cells[i].TooLarge():
			f.Fixed = "a text that is too long for this form"
		case cells[i].Type == "text":
			f.Text = string(cells[i].Data())
			f.Long = len(f.Text) > 80 || strings.ContainsAny(f.Text, "\r\n")
			if !utf8.ValidString(f.Text) || strings.ContainsRune(f.Text, 0) {
				f.Text, f.Fixed = "", "a text with characters that a form cannot keep"
			}
		default:
			f.Text = table.Literal(cells[i].Value)
		}
		v.Fields = append(v.Fields, f)
	}
}

// changeRow shows the SQL of a change, and runs it when the form is confirmed.
func (p *Pages) changeRow(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "data")
	if !ok {
		return
	}
	view, err := p.rowForm(r, s)
	if err == nil {
		if form["action"] == "apply" {
			p.applyChanges(w, r, view, form["changes"])
			return
		}
		err = view.preview(form)
	}
	if err != nil {
		view.Problem = p.problem(w, r, err)
	}
	p.templates.Render(w, r, status(view.Problem), "row", view)
}

// preview sets the SQL of the change that the form asks for.
func (v *rowView) preview(form map[string]string) error {
	change := table.Change{New: map[string]json.RawMessage{}}
	if v.Key != "" {
		key, err := table.ParsePosition(v.Key)
		if err != nil {
			return err
		}
		change.Key = key
		if err := json.Unmarshal([]byte(form["old"]), &change.Old); err != nil {
			return errs.Wrap(errs.Invalid, err, "The form is broken; load the page again")
		}
		v.restore(change.Old)
	}
	if form["action"] == "delete" {
		change.New = nil
	} else if v.entered(form, &change); len(change.New) == 0 && v.Key != "" {
		return errs.E(errs.Invalid, "Nothing was changed")
	}
	changes := []table.Change{change}
	script, err := v.Table.Script(changes)
	if err != nil {
		return err
	}
	text, err := json.Marshal(changes)
	v.Script, v.Changes = script, string(text)
	return err
}

// restore sets the fields to the values that the form began with: the row may have
// changed since.
func (v *rowView) restore(old map[string]json.RawMessage) {
	for i := range v.Fields {
		f := &v.Fields[i]
		value, ok := old[f.Name]
		if !ok || f.Fixed != "" {
			continue
		}
		f.Text, f.Null = "", string(value) == "null"
		if !f.Null && json.Unmarshal(value, &f.Text) != nil {
			f.Text = table.Literal(value)
		}
	}
}

// entered adds the values that were changed in the form.
func (v *rowView) entered(form map[string]string, change *table.Change) {
	for i := range v.Fields {
		f := &v.Fields[i]
		n := strconv.Itoa(i)
		text, sent := form["value."+n]
		_, null := form["null."+n]
		if f.Fixed != "" || !sent {
			continue
		}
		text = normalBreaks(text)
		typed := text != normalBreaks(f.Text)
		if null = null && !typed; null == f.Null && !typed { // typing into a field means that it has a value
			continue
		}
		f.Text, f.Null = text, null
		change.New[f.Name] = json.RawMessage("null")
		if !null {
			change.New[f.Name] = v.Table.Entered(f.Name, text)
		}
	}
}

// normalBreaks returns a text with the line breaks that forms cannot keep apart.
func normalBreaks(s string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
}

// applyChanges runs confirmed changes.
func (p *Pages) applyChanges(w http.ResponseWriter, r *http.Request, view rowView, text string) {
	var changes []table.Change
	err := json.Unmarshal([]byte(text), &changes)
	if err != nil || len(changes) != 1 {
		err = errs.Wrap(errs.Invalid, err, "The form is broken; load the page again")
	} else {
		err = p.runChanges(r, view.shell, view.Table, changes)
	}
	if err == nil {
		p.finish(w, view.Back, "1 row is changed.")
		return
	}
	if errs.Is(err, errs.Conflict) {
		view.Conflict = p.differences(r, view.shell, changes[0])
		err = changedMeanwhile(err)
	}
	view.Problem = p.problem(w, r, err)
	p.templates.Render(w, r, status(view.Problem), "row", view)
}

func (p *Pages) runChanges(r *http.Request, s shell, t table.Table, changes []table.Change) error {
	request, err := t.Changes(changes)
	if err != nil {
		return err
	}
	lines, err := p.site.API(r).QueryLines(r.Context(), s.Entity, s.Database, request)
	if err != nil {
		return err
	}
	defer lines.Close()
	for lines.Next() {
		if kind := lines.Line().Kind; kind == httpapi.LineError {
			break
		}
	}
	return lines.Err()
}

// differences returns the columns that are different from what a change expects.
func (p *Pages) differences(r *http.Request, s shell, change table.Change) []difference {
	_, cells, err := p.readCells(r, s, "")
	if err != nil { // the row is gone
		return nil
	}
	var out []difference
	for _, c := range cells {
		old, ok := change.Old[c.Column]
		if ok && table.Literal(old) != table.Literal(c.Value) {
			out = append(out, difference{c.Column, table.Literal(old), table.Literal(c.Value)})
		}
	}
	return out
}

package database

import (
	"html/template"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/web/page"
	"github.com/ayb-go/ayb/web/table"
)

func (p *Pages) dataRoutes(mux chi.Router) {
	mux.Get("/{entity}/{database}/data", p.showData)
	mux.Get("/{entity}/{database}/data/cell", p.showCell)
	mux.Get("/{entity}/{database}/data/row", p.editRow)
	mux.Post("/{entity}/{database}/data/row", p.changeRow)
	mux.Get("/{entity}/{database}/data/grid", p.showGridRow)
	mux.Post("/{entity}/{database}/data/grid", p.changeGrid)
}

// dataView is the data of the page of a table.
type dataView struct {
	shell

	Schema daemonapi.Schema
	// Table is the table that is shown; its name is empty for a database without
	// tables.
	Table table.Table
	View  table.View
	// Headers and Cells are the HTML of the head and of the rows.
	Headers, Cells template.HTML
	Rows           int
	Pager          pager
	Problem        *page.Problem
}

// pager has the addresses of other pages; empty ones do not exist.
type pager struct{ First, Previous, Next, Last string }

// Filters returns the filters of the page, and an empty one to fill in.
func (v dataView) Filters() []table.Filter {
	return append(append([]table.Filter{}, v.View.Filters...), table.Filter{Operator: "eq"})
}

// TableURL is the address of a table.
func (s shell) TableURL(name string) string {
	return s.Base() + "/data?" + url.Values{"table": {name}}.Encode()
}

// NewRow is the address of the form for a new row, or empty if the viewer cannot add
// rows.
func (v dataView) NewRow() string {
	if !v.MayWrite() || v.Table.Info.Type == "view" {
		return ""
	}
	return v.Base() + "/data/row?" + url.Values{"table": {v.Table.Info.Name}}.Encode()
}

// GridURL is the address to which the grid sends its changes.
func (v dataView) GridURL() string {
	return v.Base() + "/data/grid?" + url.Values{"table": {v.Table.Info.Name}}.Encode()
}

// showData shows a page of a table.
func (p *Pages) showData(w http.ResponseWriter, r *http.Request) {
	s, ok := p.open(w, r, "data")
	if !ok {
		return
	}
	s.Scripts = append(s.Scripts, "grid.js")
	view := dataView{shell: s}
	name := r.URL.Query().Get("table")
	err := p.readTable(r, &view, name)
	if err != nil {
		view.Problem = p.problem(w, r, err)
	}
	p.templates.Render(w, r, status(view.Problem), "data", view)
}

// readTable reads the schema and the page of a table; an empty name stands for the
// first table.
func (p *Pages) readTable(r *http.Request, view *dataView, name string) (err error) {
	if view.Schema, view.Table, err = p.findTable(r, view.shell, name); err != nil || view.Table.Info.Name == "" {
		return err
	}
	if view.View, err = parseView(r.URL.Query()); err != nil {
		return err
	}
	view.Headers = headersHTML(view.shell, view.Table, view.View)
	page, err := p.readPage(r, view.shell, view.Table, view.View)
	if err != nil {
		return err
	}
	view.Rows = len(page.Rows)
	view.Cells = rowsHTML(view.shell, view.Table, page.Rows)
	view.Pager = pagerOf(view.shell, view.Table, view.View, page)
	return nil
}

// findTable reads the schema and finds a table in it.
func (p *Pages) findTable(r *http.Request, s shell, name string) (daemonapi.Schema, table.Table, error) {
	if !s.MayQuery() {
		return daemonapi.Schema{}, table.Table{}, errs.E(errs.Forbidden, "You do not have access to query this database")
	}
	schema, err := p.site.API(r).Schema(r.Context(), s.Entity, s.Database)
	if err != nil {
		return schema, table.Table{}, err
	}
	if !r.URL.Query().Has("table") && name == "" {
		switch {
		case len(schema.Tables) > 0:
			name = schema.Tables[0].Name
		case len(schema.Views) > 0:
			name = schema.Views[0].Name
		default:
			return schema, table.Table{}, nil
		}
	}
	found, ok := table.Find(schema, name)
	if !ok {
		return schema, found, errs.E(errs.NotFound, "There is no table %q in this database", name)
	}
	if found.Info.Error != "" {
		return schema, found, errs.E(errs.Invalid, "This cannot be read: %s", found.Info.Error)
	}
	return schema, found, nil
}

func (p *Pages) readPage(r *http.Request, s shell, t table.Table, v table.View) (table.Page, error) {
	request, err := t.Request(v)
	if err != nil {
		return table.Page{}, err
	}
	lines, err := p.site.API(r).QueryLines(r.Context(), s.Entity, s.Database, request)
	if err != nil {
		return table.Page{}, err
	}
	defer lines.Close()
	return t.ReadPage(v, lines)
}

// parseView reads the address of a page. The filters are three lists of the same
// length; one without a column is empty.
func parseView(q url.Values) (v table.View, err error) {
	v = table.View{Sort: q.Get("sort"), Descending: q.Get("order") == "desc"}
	columns, operators, values := q["column[]"], q["operator[]"], q["value[]"]
	for i, column := range columns {
		if column == "" || i >= len(operators) || i >= len(values) {
			continue
		}
		v.Filters = append(v.Filters, table.Filter{Column: column, Operator: operators[i], Value: values[i]})
	}
	switch {
	case q.Has("after"):
		v.Where = table.After
		v.Position, err = table.ParsePosition(q.Get("after"))
	case q.Has("before"):
		v.Where = table.Before
		v.Position, err = table.ParsePosition(q.Get("before"))
	case q.Has("last"):
		v.Where = table.Last
	case q.Has("offset"):
		if v.Offset, err = strconv.ParseInt(q.Get("offset"), 10, 64); err != nil {
			err = errs.Wrap(errs.Invalid, err, "The offset of the page is not a number")
		}
	}
	return v, err
}

// viewQuery is the inverse of parseView, without the place of the page.
func viewQuery(t table.Table, v table.View) url.Values {
	q := url.Values{"table": {t.Info.Name}}
	if v.Sort != "" {
		q.Set("sort", v.Sort)
	}
	if v.Descending {
		q.Set("order", "desc")
	}
	for _, f := range v.Filters {
		q.Add("column[]", f.Column)
		q.Add("operator[]", f.Operator)
		q.Add("value[]", f.Value)
	}
	return q
}

func pagerOf(s shell, t table.Table, v table.View, page table.Page) pager {
	address := func(name, value string) string {
		q := viewQuery(t, v)
		if name != "" {
			q.Set(name, value)
		}
		return s.Base() + "/data?" + q.Encode()
	}
	var p pager
	n := len(page.Rows)
	if !t.Editable() {
		if v.Offset > 0 {
			p.First, p.Previous = address("", ""), address("offset", strconv.FormatInt(max(0, v.Offset-int64(t.PageSize())), 10))
		}
		if page.More {
			p.Next = address("offset", strconv.FormatInt(v.Offset+int64(n), 10))
		}
		return p
	}
	backward := v.Where == table.Before || v.Where == table.Last
	earlier := v.Where == table.After || backward && page.More
	later := v.Where == table.Before || !backward && page.More
	if earlier {
		p.First = address("", "")
	}
	if later {
		p.Last = address("last", "1")
	}
	if n > 0 && earlier {
		p.Previous = address("before", page.Rows[0].Position.String())
	}
	if n > 0 && later {
		p.Next = address("after", page.Rows[n-1].Position.String())
	}
	return p
}

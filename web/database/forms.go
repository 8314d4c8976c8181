package database

import (
	"net/http"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// openForm reads a form and the details of the database in the path. It reports
// whether the page can go on; if not, the answer is written.
func (p *Pages) openForm(w http.ResponseWriter, r *http.Request, tab string) (shell, map[string]string, bool) {
	form, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, "", err)
		return shell{}, nil, false
	}
	s, ok := p.open(w, r, tab)
	return s, form, ok
}

// finish ends a form that was carried out: it leads to a page, which shows the
// sentence.
func (p *Pages) finish(w http.ResponseWriter, path, sentence string) {
	p.site.Notify(w, sentence)
	page.Redirect(w, http.StatusSeeOther, path)
}

// problem returns what a form shows of an error, and sets the headers of the answer.
func (p *Pages) problem(w http.ResponseWriter, r *http.Request, err error) *page.Problem {
	httpapi.SetRetryAfter(w.Header(), err)
	problem := p.site.Problem(r, err)
	return &problem
}

// status returns the status of a page with these problems, of which nil stands for
// none.
func status(problems ...*page.Problem) int {
	for _, problem := range problems {
		if problem != nil {
			return problem.Status
		}
	}
	return http.StatusOK
}

// openManaged is open for a page that only makes sense for managers of the database.
// The API decides what a form may do; this hides forms that cannot succeed.
func (p *Pages) openManaged(w http.ResponseWriter, r *http.Request, tab string) (shell, bool) {
	s, ok := p.open(w, r, tab)
	if ok && !s.Details.CanManageDatabase {
		p.site.Error(w, r, "", errs.E(errs.Forbidden, "Only the owner and the managers of %s/%s can use this page", s.Entity, s.Database))
		return s, false
	}
	return s, ok
}

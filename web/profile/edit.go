package profile

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// profileForm is what is in the form for a profile.
type profileForm struct {
	DisplayName, Description, Organization, Location string
	Links                                            []string
	// Problem is why the last attempt failed, or nil.
	Problem *page.Problem
}

func formOf(p httpapi.Profile) profileForm {
	form := profileForm{
		DisplayName: text(p.DisplayName), Description: text(p.Description), Organization: text(p.Organization), Location: text(p.Location),
	}
	for _, l := range p.Links {
		form.Links = append(form.Links, l.URL)
	}
	return form
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// updateProfile saves the form for the viewer's own profile. An empty field is
// unset. A failure shows the form again.
func (p *Pages) updateProfile(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	view, ok := p.open(w, r)
	if !ok {
		return
	}
	if !view.Own {
		p.site.Error(w, r, "", errs.E(errs.Forbidden, "You can only edit your own profile"))
		return
	}
	view.Edit = true
	view.Form = profileForm{
		DisplayName: fields["display_name"], Description: fields["description"], Organization: fields["organization"], Location: fields["location"],
	}
	for _, link := range r.PostForm["links[]"] {
		if link = strings.TrimSpace(link); link != "" {
			view.Form.Links = append(view.Form.Links, link)
		}
	}
	update, err := view.Form.update()
	if err == nil {
		err = p.site.API(r).UpdateProfile(r.Context(), view.Entity.Slug, update)
	}
	if err != nil {
		problem := p.site.Problem(r, err)
		view.Form.Problem = &problem
		p.templates.Render(w, r, problem.Status, "profile", view)
		return
	}
	p.site.Notify(w, "Your profile is saved.")
	page.Redirect(w, http.StatusSeeOther, "/"+view.Entity.Slug)
}

// update returns the change of the profile that the form stands for.
func (f profileForm) update() (httpapi.ProfileUpdate, error) {
	update := httpapi.ProfileUpdate{}
	for key, value := range map[string]string{
		httpapi.ProfileDisplayName: f.DisplayName, httpapi.ProfileDescription: f.Description,
		httpapi.ProfileOrganization: f.Organization, httpapi.ProfileLocation: f.Location,
	} {
		update[key] = nil
		if value = strings.TrimSpace(value); value != "" {
			update[key] = &value
		}
	}
	return update, update.SetLinks(f.Links...)
}

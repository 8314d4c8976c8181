package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Profiles is the service for the profile of an account, and for its deletion. It
// checks permissions, and its errors carry codes.
type Profiles interface {
	Update(ctx context.Context, actor authz.Actor, entity string, u meta.ProfileUpdate) error
	Delete(ctx context.Context, actor authz.Actor, entity string) error
}

func (a *API) entity(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	slug, err := pathParam(r, "entity")
	if err != nil {
		return err
	}
	d, err := a.deps.Databases.Entity(r.Context(), actor, slug)
	if err != nil {
		return err
	}
	profile := d.Entity.Profile
	body := httpapi.Entity{
		Slug: string(d.Entity.Slug),
		Profile: httpapi.Profile{
			DisplayName: profile.DisplayName, Description: profile.Description,
			Organization: profile.Organization, Location: profile.Location,
		},
		Permissions: httpapi.EntityPermissions{CanCreateDatabase: d.CanCreate},
	}
	for _, l := range profile.Links {
		body.Profile.Links = append(body.Profile.Links, httpapi.Link{URL: l.URL, Verified: l.Verified})
	}
	for _, db := range d.Databases {
		body.Databases = append(body.Databases, httpapi.EntityDatabase{Slug: string(db.Path.Database), DatabaseType: string(db.Type)})
	}
	for _, deleted := range d.Deleted {
		body.Deleted = append(body.Deleted, httpapi.DeletedDatabase{Slug: string(deleted.Name), DeletedAt: httpapi.TimeText(deleted.At), PurgedAt: httpapi.TimeText(deleted.Until)})
	}
	for _, shared := range d.Shared {
		body.Shared = append(body.Shared, httpapi.SharedDatabase{
			Entity: string(shared.Database.Path.Entity), Slug: string(shared.Database.Path.Database),
			DatabaseType: string(shared.Database.Type), SharingLevel: string(shared.Grant),
		})
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

func (a *API) updateProfile(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, err := pathParam(r, "entity")
	if err != nil {
		return err
	}
	raw, release, err := a.bodyOf(w, r, actor, min(a.deps.Bodies.RequestBytes(), maxParamBytes))
	if err != nil {
		return err
	}
	defer release()
	update, err := profileUpdate(raw)
	if err != nil {
		return err
	}
	if err := a.deps.Profiles.Update(r.Context(), actor, entity, update); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

func (a *API) deleteAccount(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, err := pathParam(r, "entity")
	if err != nil {
		return err
	}
	if err := a.deps.Profiles.Delete(r.Context(), actor, entity); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

// profileUpdate parses the body of an update: an object whose values are texts or
// null. The content type does not matter, and unknown keys are ignored.
func profileUpdate(raw []byte) (meta.ProfileUpdate, error) {
	var (
		u    meta.ProfileUpdate
		body map[string]json.RawMessage
	)
	if len(bytes.TrimSpace(raw)) == 0 {
		return u, nil
	}
	if err := json.Unmarshal(raw, &body); err != nil || body == nil {
		return u, errs.Wrap(errs.Invalid, err, "The body must be a JSON object")
	}
	for name, field := range map[string]*meta.Change[*string]{
		httpapi.ProfileDisplayName: &u.DisplayName, httpapi.ProfileDescription: &u.Description,
		httpapi.ProfileOrganization: &u.Organization, httpapi.ProfileLocation: &u.Location,
	} {
		value, ok := body[name]
		if field.Set = ok; !ok {
			continue
		}
		if err := json.Unmarshal(value, &field.To); err != nil {
			return u, errs.Wrap(errs.Invalid, err, "`%s` must be a text or null", name)
		}
	}
	if value, ok := body[httpapi.ProfileLinks]; ok {
		links, err := profileLinks(value)
		if err != nil {
			return u, err
		}
		u.Links = meta.Change[[]meta.Link]{Set: true, To: links}
	}
	return u, nil
}

// profileLinks parses the list of links: JSON inside a text, as the first clients
// send it, or the JSON itself. Null is an empty list. A client cannot set whether
// a link is verified.
func profileLinks(value json.RawMessage) ([]meta.Link, error) {
	var text *string
	if json.Unmarshal(value, &text) == nil && text != nil {
		value = json.RawMessage(*text)
	}
	var list []struct {
		URL *string `json:"url"`
	}
	err := json.Unmarshal(value, &list)
	out := make([]meta.Link, 0, len(list))
	for _, l := range list {
		if l.URL == nil {
			err = errs.E(errs.Invalid, "a link has no url")
			break
		}
		out = append(out, meta.Link{URL: *l.URL})
	}
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "`%s` must be null or a list such as [{\"url\": \"https://a.example/\"}], as JSON or as a text that holds it", httpapi.ProfileLinks)
	}
	return out, nil
}

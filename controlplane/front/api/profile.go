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

// Profiles is the service behind changes of an account itself. It checks
// rights and its errors carry codes.
type Profiles interface {
	Update(ctx context.Context, actor authz.Actor, entity string, u meta.ProfileUpdate) error
	Delete(ctx context.Context, actor authz.Actor, entity string) error
}

func (s *Server) updateProfile(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, err := pathParam(r, "entity")
	if err != nil {
		return err
	}
	raw, release, err := s.bodyOf(w, r, actor, min(s.cfg.RequestBytes, maxParamBytes))
	if err != nil {
		return err
	}
	defer release()
	update, err := profileUpdate(raw)
	if err != nil {
		return err
	}
	if err := s.deps.Profiles.Update(r.Context(), actor, entity, update); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

func (s *Server) deleteAccount(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, err := pathParam(r, "entity")
	if err != nil {
		return err
	}
	if err := s.deps.Profiles.Delete(r.Context(), actor, entity); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

// profileUpdate reads the body of an update: an object whose values are texts
// or null, whatever its content type says. Unknown keys are ignored.
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

// profileLinks reads the list of links: a text that holds JSON, as the
// contract has it, or the JSON itself (A11). Null is an empty list. Whether a
// link is verified is not for the caller to say.
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
		return nil, errs.Wrap(errs.Invalid, err, "`%s` must be null or a list such as [{\"url\": \"https://a.example/\"}], given as it is or inside a text", httpapi.ProfileLinks)
	}
	return out, nil
}

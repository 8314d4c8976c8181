package api

import (
	"net/http"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (s *Server) health(w http.ResponseWriter, r *http.Request, _ authz.Actor) error {
	if err := s.deps.Health(r.Context()); err != nil {
		return err
	}
	health := httpapi.Health{Status: "ok"}
	if s.deps.DiskFull != nil && s.deps.DiskFull() {
		health.Disk = "full"
	}
	writeJSON(w, http.StatusOK, health)
	return nil
}

func (s *Server) register(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := s.readParams(w, r, actor)
	if err != nil {
		return err
	}
	entity, err := p.required(httpapi.HeaderEntity)
	if err != nil {
		return err
	}
	address, err := p.required(httpapi.HeaderEmailAddress)
	if err != nil {
		return err
	}
	kind, err := p.required(httpapi.HeaderEntityType)
	if err != nil {
		return err
	}
	delivery, err := s.deps.Accounts.Register(r.Context(), entity, address, kind)
	if err != nil {
		return err
	}
	writeMailSent(w, delivery)
	return nil
}

func (s *Server) logIn(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := s.readParams(w, r, actor)
	if err != nil {
		return err
	}
	entity, err := p.required(httpapi.HeaderEntity)
	if err != nil {
		return err
	}
	delivery, err := s.deps.Accounts.LogIn(r.Context(), entity)
	if err != nil {
		return err
	}
	writeMailSent(w, delivery)
	return nil
}

func writeMailSent(w http.ResponseWriter, d mailapi.Delivery) {
	var body httpapi.MailSent
	if d == mailapi.Queued {
		body.Delivery = httpapi.DeliveryQueued
	}
	writeJSON(w, http.StatusOK, body)
}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := s.readParams(w, r, actor)
	if err != nil {
		return err
	}
	mailed, err := p.required(httpapi.HeaderAuthenticationToken)
	if err != nil {
		return err
	}
	slug, text, err := s.deps.Accounts.Confirm(r.Context(), mailed)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Confirmed{Entity: string(slug), Token: text})
	return nil
}

func (s *Server) create(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	p, err := s.readParams(w, r, actor)
	if err != nil {
		return err
	}
	req := databases.NewDatabase{Entity: entity, Database: database}
	if req.Type, err = p.required(httpapi.HeaderDBType); err != nil {
		return err
	}
	public, ok, err := p.get(httpapi.HeaderPublicSharingLevel)
	if err != nil {
		return err
	}
	if req.Public = string(ayb.PublicNone); ok {
		req.Public = public
	}
	made, err := s.deps.Databases.Create(r.Context(), actor, req)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, created(made))
	return nil
}

func (s *Server) details(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	d, err := s.deps.Databases.Details(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	from, forks := lineage(d)
	writeJSON(w, http.StatusOK, httpapi.DatabaseDetails{
		EntitySlug:              string(d.Database.Path.Entity),
		DatabaseSlug:            string(d.Database.Path.Database),
		DatabaseType:            string(d.Database.Type),
		HighestQueryAccessLevel: accessLevel(d.Rights.Query),
		CanManageDatabase:       d.Rights.Manage,
		PublicSharingLevel:      string(d.Database.Public),
		QueryPermissionLevel:    queryLevel(d.Rights.Query),
		ForkedFrom:              from,
		Forks:                   forks,
	})
	return nil
}

// queryLevel is the level in the spelling everything else has (A7).
func queryLevel(l ayb.QueryLevel) *string {
	if l == ayb.QueryNone {
		return nil
	}
	return new(string(l))
}

// accessLevel is the one place with capitalised words.
func accessLevel(l ayb.QueryLevel) *string {
	switch l {
	case ayb.QueryReadOnly:
		return new(httpapi.AccessReadOnly)
	case ayb.QueryReadWrite:
		return new(httpapi.AccessReadWrite)
	default:
		return nil
	}
}

func (s *Server) entity(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	slug, err := pathParam(r, "entity")
	if err != nil {
		return err
	}
	d, err := s.deps.Databases.Entity(r.Context(), actor, slug)
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
	for _, gone := range d.Deleted {
		body.Deleted = append(body.Deleted, httpapi.DeletedDatabase{Slug: string(gone.Name), DeletedAt: httpapi.TimeText(gone.At), PurgedAt: httpapi.TimeText(gone.Until)})
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

// maxPage is how many records a page has at most, and has where nobody says how
// many.
const maxPage = 1000

// listTokens lists all tokens, as the first clients want it, or a page of them.
func (s *Server) listTokens(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := urlParams(r, "limit", "after")
	if err != nil {
		return err
	}
	n, paged, err := p.number("limit", maxPage)
	if err != nil {
		return err
	}
	after := p.or("after", "")
	var list []meta.APIToken
	more := false
	if paged || after != "" {
		list, more, err = s.deps.Accounts.ListTokensPage(r.Context(), actor, after, n)
	} else {
		list, err = s.deps.Accounts.ListTokens(r.Context(), actor)
	}
	if err != nil {
		return err
	}
	var body httpapi.Tokens
	if more {
		body.Next = list[len(list)-1].Short
	}
	for _, t := range list {
		body.Tokens = append(body.Tokens, tokenBody(t))
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

func tokenBody(t meta.APIToken) httpapi.Token {
	b := httpapi.Token{
		ShortToken: t.Short, CreatedAt: timeText(t.CreatedAt), ExpiresAt: timeText(t.ExpiresAt), RevokedAt: timeText(t.RevokedAt),
		LastUsedAt: timeText(t.LastUsedAt),
	}
	if t.Name != "" {
		b.Name = new(t.Name)
	}
	if t.Scope != nil {
		b.ScopedDatabase = new(t.Scope.Path.String())
		b.PermissionLevel = new(string(t.Scope.Level))
	}
	if t.AppName != "" {
		b.AppName = new(t.AppName)
	}
	return b
}

// timeText is UTC without a zone mark, with a fraction of three or six digits
// only when there is one; nil for no time.
func timeText(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	layout := "2006-01-02 15:04:05.000000"
	switch us := t.Nanosecond() / 1000; {
	case us == 0:
		layout = "2006-01-02 15:04:05"
	case us%1000 == 0:
		layout = "2006-01-02 15:04:05.000"
	}
	return new(t.UTC().Format(layout))
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	short, err := pathParam(r, "short_token")
	if err != nil {
		return err
	}
	if err := s.deps.Accounts.RevokeToken(r.Context(), actor, short); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

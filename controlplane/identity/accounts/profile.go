package accounts

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// ProfileStore is the part of the metadata store with profiles. The error is
// NotFound for a missing entity.
type ProfileStore interface {
	UpdateProfile(ctx context.Context, id meta.EntityID, u meta.ProfileUpdate) error
	// DeleteEntity deletes an account and everything that belongs to it, in
	// one transaction.
	DeleteEntity(ctx context.Context, id meta.EntityID, now time.Time) (meta.DeletedEntity, error)
}

// LinkChecker checks in the background whether the linked pages link back to
// the profile.
type LinkChecker interface {
	// Submit does not block.
	Submit(id meta.EntityID, slug ayb.EntitySlug, links []meta.Link)
}

// ProfileDeps are the services that Profiles uses. All are required.
type ProfileDeps struct {
	Store  ProfileStore
	Links  LinkChecker
	Limits Limiter
	// NotifyPurge is called when there are files to remove. It does not block.
	NotifyPurge func()
	Now         func() time.Time
}

// Profiles changes profiles and deletes accounts. It may be used concurrently.
type Profiles struct{ deps ProfileDeps }

// NewProfiles makes the service.
func NewProfiles(deps ProfileDeps) (*Profiles, error) {
	if deps.Store == nil || deps.Links == nil || deps.Limits == nil || deps.NotifyPurge == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "accounts: a dependency of profiles is missing")
	}
	return &Profiles{deps}, nil
}

// Update changes the caller's own profile. New links are unverified until the
// background check has fetched their pages.
//
// Errors, in the order of the checks: Hidden for a limited token; Forbidden
// for the profile of another account, whether or not that exists; EmptyUpdate;
// Invalid for a value that a profile may not have; RateLimited.
func (p *Profiles) Update(ctx context.Context, actor authz.Actor, entity string, u meta.ProfileUpdate) error {
	if err := authz.CheckScope(actor, authz.UpdateProfile); err != nil {
		return err
	}
	if slug := ayb.FoldEntity(entity); !actor.ActsAs(slug) {
		return errs.E(errs.Forbidden, "Authenticated entity %s can't update the profile of %s", actor.Slug, slug)
	}
	if !u.DisplayName.Set && !u.Description.Set && !u.Organization.Set && !u.Location.Set && !u.Links.Set {
		return errs.E(errs.EmptyUpdate, "No fields provided to update. Please specify at least one field to update.")
	}
	if err := checkProfile(u); err != nil {
		return err
	}
	if u.Links.Set { // each update of links makes this server fetch pages
		if err := p.deps.Limits.Take("links:" + string(actor.Slug)); err != nil {
			return err
		}
	}
	if err := p.deps.Store.UpdateProfile(ctx, actor.Entity, u); err != nil {
		return err
	}
	if u.Links.Set {
		p.deps.Links.Submit(actor.Entity, actor.Slug, u.Links.To)
	}
	return nil
}

// deleteTimeout limits a deletion. The deletion continues when the client closes
// the connection.
const deleteTimeout = 15 * time.Second

// Delete deletes the caller's own account with its tokens, grants, address and
// databases. On return they are gone for all callers. The files of the databases
// are removed soon after; until then a database of the same path cannot be
// created.
//
// Errors: Hidden for a limited token; Forbidden for another account, whether or
// not that exists.
func (p *Profiles) Delete(ctx context.Context, actor authz.Actor, entity string) error {
	if err := authz.CheckScope(actor, authz.DeleteAccount); err != nil {
		return err
	}
	if slug := ayb.FoldEntity(entity); !actor.ActsAs(slug) {
		return errs.E(errs.Forbidden, "Authenticated entity %s can't delete the account %s", actor.Slug, slug)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
	defer cancel()
	gone, err := p.deps.Store.DeleteEntity(ctx, actor.Entity, p.deps.Now())
	if err == nil && len(gone.Databases) > 0 {
		p.deps.NotifyPurge()
	}
	return err
}

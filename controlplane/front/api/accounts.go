package api

import (
	"context"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Accounts is the service for registration and log-in. Its errors carry codes.
type Accounts interface {
	Register(ctx context.Context, entity, address, entityType string) (accounts.Delivery, error)
	LogIn(ctx context.Context, entity string) (accounts.Delivery, error)
	Confirm(ctx context.Context, loginToken string) (slug ayb.EntitySlug, apiToken string, err error)
}

func (a *API) register(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := a.readParams(w, r, actor)
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
	delivery, err := a.deps.Accounts.Register(r.Context(), entity, address, kind)
	if err != nil {
		return err
	}
	writeMailSent(w, delivery)
	return nil
}

func (a *API) logIn(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := a.readParams(w, r, actor)
	if err != nil {
		return err
	}
	entity, err := p.required(httpapi.HeaderEntity)
	if err != nil {
		return err
	}
	delivery, err := a.deps.Accounts.LogIn(r.Context(), entity)
	if err != nil {
		return err
	}
	writeMailSent(w, delivery)
	return nil
}

func writeMailSent(w http.ResponseWriter, d accounts.Delivery) {
	var body httpapi.MailSent
	if d == accounts.Queued {
		body.Delivery = httpapi.DeliveryQueued
	}
	writeJSON(w, http.StatusOK, body)
}

func (a *API) confirm(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := a.readParams(w, r, actor)
	if err != nil {
		return err
	}
	mailed, err := p.required(httpapi.HeaderAuthenticationToken)
	if err != nil {
		return err
	}
	slug, text, err := a.deps.Accounts.Confirm(r.Context(), mailed)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Confirmed{Entity: string(slug), Token: text})
	return nil
}

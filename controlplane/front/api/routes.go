package api

import (
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/front/body"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// authMode is how a route treats the Authorization header.
type authMode uint8

const (
	// bearer requires a valid token. It is the zero value, so that a route
	// without a mode is closed.
	bearer authMode = iota
	// optional treats a request without the header as anonymous.
	optional
	// open ignores the header.
	open
)

// route is one route of the API. op is its operation: the token must allow it
// before the handler runs.
type route struct {
	method  string
	pattern string
	auth    authMode
	op      authz.Operation
	handle  func(s *API, w http.ResponseWriter, r *http.Request, actor authz.Actor) error
}

func routes() []route {
	return []route{
		{http.MethodGet, httpapi.RouteHealth, open, "", (*API).health},
		{http.MethodGet, httpapi.RouteOpenAPI, open, "", (*API).openAPI},
		{http.MethodPost, httpapi.RouteRegister, open, "", (*API).register},
		{http.MethodPost, httpapi.RouteLogIn, open, "", (*API).logIn},
		{http.MethodPost, httpapi.RouteConfirm, open, "", (*API).confirm},
		{http.MethodPost, httpapi.RouteOAuthToken, open, "", (*API).oauthToken},
		{http.MethodPost, httpapi.RouteOAuthRevoke, open, "", (*API).oauthRevoke},
		{http.MethodGet, httpapi.RouteOAuthMetadata, open, "", (*API).oauthMetadata},
		{http.MethodPost, httpapi.RouteCreate, bearer, authz.CreateDatabase, (*API).create},
		{http.MethodGet, httpapi.RouteDetails, optional, authz.ShowDatabase, (*API).details},
		{http.MethodPost, httpapi.RouteQuery, bearer, authz.QueryDatabase, (*API).query},
		{http.MethodGet, httpapi.RouteSchema, bearer, authz.ShowSchema, (*API).schema},
		{http.MethodGet, httpapi.RouteQueries, bearer, authz.ListQueries, (*API).queries},
		{http.MethodDelete, httpapi.RouteRunning, bearer, authz.CancelQuery, (*API).cancelQuery},
		{http.MethodGet, httpapi.RouteUsage, bearer, authz.ShowUsage, (*API).usage},
		{http.MethodGet, httpapi.RouteExport, bearer, authz.ExportData, (*API).export},
		{http.MethodPost, httpapi.RouteImport, bearer, authz.ImportData, (*API).importData},
		{http.MethodPost, httpapi.RouteFork, bearer, authz.ForkDatabase, (*API).fork},
		{http.MethodPost, httpapi.RouteRename, bearer, authz.RenameDatabase, (*API).rename},
		{http.MethodDelete, httpapi.RouteDatabase, bearer, authz.DeleteDatabase, (*API).deleteDatabase},
		{http.MethodPost, httpapi.RouteUndelete, bearer, authz.UndeleteDatabase, (*API).undelete},
		{http.MethodGet, httpapi.RouteListSnapshots, bearer, authz.ListSnapshots, (*API).listSnapshots},
		{http.MethodPost, httpapi.RouteSnapshots, bearer, authz.TakeSnapshot, (*API).takeSnapshot},
		{http.MethodPost, httpapi.RouteRestoreSnapshot, bearer, authz.RestoreSnapshot, (*API).restoreSnapshot},
		{http.MethodPatch, httpapi.RouteUpdate, bearer, authz.UpdateDatabase, (*API).updateDatabase},
		{http.MethodPost, httpapi.RouteShare, bearer, authz.ShareDatabase, (*API).share},
		{http.MethodGet, httpapi.RoutePermissions, bearer, authz.ListPermissions, (*API).permissions},
		{http.MethodGet, httpapi.RouteEntity, optional, authz.ShowEntity, (*API).entity},
		{http.MethodPatch, httpapi.RouteEntity, bearer, authz.UpdateProfile, (*API).updateProfile},
		{http.MethodDelete, httpapi.RouteEntity, bearer, authz.DeleteAccount, (*API).deleteAccount},
		{http.MethodGet, httpapi.RouteTokens, bearer, authz.ListTokens, (*API).listTokens},
		{http.MethodPost, httpapi.RouteTokens, bearer, authz.CreateToken, (*API).createToken},
		{http.MethodDelete, httpapi.RouteToken, bearer, authz.RevokeToken, (*API).revokeToken},
	}
}

// handler returns the http.HandlerFunc of a route: it authenticates the caller,
// checks that the token allows the operation, and writes the handler's error.
func (a *API) handler(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		actor, err := a.authenticate(r, rt.auth)
		if err != nil {
			body.Refuse(w, r)
		}
		if err == nil && rt.auth != open {
			err = authz.CheckScope(actor, rt.op)
		}
		if err == nil {
			err = rt.handle(a, w, r, actor)
		}
		if err != nil {
			a.writeError(w, r, err)
		}
	}
}

// pathParam returns a percent-decoded path parameter. If the raw path differs from
// the decoded one, the router splits the raw path, so that an encoded slash stays
// inside its parameter. Only then is there anything to decode.
func pathParam(r *http.Request, name string) (string, error) {
	v := r.PathValue(name)
	if r.URL.RawPath == "" {
		return v, nil
	}
	decoded, err := url.PathUnescape(v)
	if err != nil {
		return "", errs.E(errs.Invalid, "The path has a broken percent escape")
	}
	return decoded, nil
}

// databaseParams returns the two parameters of a database route.
func databaseParams(r *http.Request) (entity, database string, err error) {
	if entity, err = pathParam(r, "entity"); err != nil {
		return "", "", err
	}
	database, err = pathParam(r, "database")
	return entity, database, err
}

func (a *API) notFound(w http.ResponseWriter, r *http.Request) {
	a.writeError(w, r, errs.E(errs.NotFound, "There is nothing at this path"))
}

// methodNotAllowed answers 405 with the methods of the path, or 404 when it has
// none: the router also calls it for unknown methods.
func (a *API) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	allowed := ""
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		// Any two names are the path of a database, where only DELETE exists.
		// For every other method it counts as unknown.
		if at := a.mux.Find(chi.NewRouteContext(), m, path); at != "" && at != httpapi.RouteDatabase {
			if allowed != "" {
				allowed += ", "
			}
			allowed += m
		}
	}
	if allowed == "" {
		a.notFound(w, r)
		return
	}
	w.Header().Set("Allow", allowed)
	a.writeError(w, r, httpapi.WithStatus(http.StatusMethodNotAllowed,
		errs.E(errs.Invalid, "Method %s is not allowed here; allowed: %s", httpapi.Printable(r.Method), allowed)))
}

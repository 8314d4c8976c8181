package api

import (
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// posture is how a route looks at the Authorization header.
type posture uint8

const (
	// bearer needs valid credentials. It is the zero value: a route that
	// forgets to say is closed.
	bearer posture = iota
	// optional takes a request without the header as anonymous.
	optional
	// open does not look at the header.
	open
)

// route is one row of the API. op is what the route lets its caller do; it is
// checked against the kind of credentials before the handler runs.
type route struct {
	method  string
	pattern string
	auth    posture
	op      authz.Operation
	handle  func(s *Server, w http.ResponseWriter, r *http.Request, actor authz.Actor) error
}

func routes() []route {
	return []route{
		{http.MethodGet, httpapi.RouteHealth, open, "", (*Server).health},
		{http.MethodGet, httpapi.RouteOpenAPI, open, "", (*Server).openAPI},
		{http.MethodPost, httpapi.RouteRegister, open, "", (*Server).register},
		{http.MethodPost, httpapi.RouteLogIn, open, "", (*Server).logIn},
		{http.MethodPost, httpapi.RouteConfirm, open, "", (*Server).confirm},
		{http.MethodPost, httpapi.RouteOAuthToken, open, "", (*Server).oauthToken},
		{http.MethodPost, httpapi.RouteOAuthRevoke, open, "", (*Server).oauthRevoke},
		{http.MethodGet, httpapi.RouteOAuthMetadata, open, "", (*Server).oauthMetadata},
		{http.MethodPost, httpapi.RouteCreate, bearer, authz.CreateDatabase, (*Server).create},
		{http.MethodGet, httpapi.RouteDetails, optional, authz.ShowDatabase, (*Server).details},
		{http.MethodPost, httpapi.RouteQuery, bearer, authz.QueryDatabase, (*Server).query},
		{http.MethodGet, httpapi.RouteSchema, bearer, authz.ShowSchema, (*Server).schema},
		{http.MethodGet, httpapi.RouteQueries, bearer, authz.ListQueries, (*Server).queries},
		{http.MethodDelete, httpapi.RouteRunning, bearer, authz.CancelQuery, (*Server).cancelQuery},
		{http.MethodGet, httpapi.RouteUsage, bearer, authz.ShowUsage, (*Server).usage},
		{http.MethodGet, httpapi.RouteExport, bearer, authz.ExportData, (*Server).export},
		{http.MethodPost, httpapi.RouteImport, bearer, authz.ImportData, (*Server).importData},
		{http.MethodPost, httpapi.RouteFork, bearer, authz.ForkDatabase, (*Server).fork},
		{http.MethodPost, httpapi.RouteRename, bearer, authz.RenameDatabase, (*Server).rename},
		{http.MethodDelete, httpapi.RouteDatabase, bearer, authz.DeleteDatabase, (*Server).deleteDatabase},
		{http.MethodPost, httpapi.RouteUndelete, bearer, authz.UndeleteDatabase, (*Server).undelete},
		{http.MethodGet, httpapi.RouteListSnapshots, bearer, authz.ListSnapshots, (*Server).listSnapshots},
		{http.MethodPost, httpapi.RouteSnapshots, bearer, authz.TakeSnapshot, (*Server).takeSnapshot},
		{http.MethodPost, httpapi.RouteRestoreSnapshot, bearer, authz.RestoreSnapshot, (*Server).restoreSnapshot},
		{http.MethodPatch, httpapi.RouteUpdate, bearer, authz.UpdateDatabase, (*Server).updateDatabase},
		{http.MethodPost, httpapi.RouteShare, bearer, authz.ShareDatabase, (*Server).share},
		{http.MethodGet, httpapi.RoutePermissions, bearer, authz.ListPermissions, (*Server).permissions},
		{http.MethodGet, httpapi.RouteEntity, optional, authz.ShowEntity, (*Server).entity},
		{http.MethodPatch, httpapi.RouteEntity, bearer, authz.UpdateProfile, (*Server).updateProfile},
		{http.MethodDelete, httpapi.RouteEntity, bearer, authz.DeleteAccount, (*Server).deleteAccount},
		{http.MethodGet, httpapi.RouteTokens, bearer, authz.ListTokens, (*Server).listTokens},
		{http.MethodPost, httpapi.RouteTokens, bearer, authz.CreateToken, (*Server).createToken},
		{http.MethodDelete, httpapi.RouteToken, bearer, authz.RevokeToken, (*Server).revokeToken},
	}
}

// handler turns a route into what the router calls: credentials, the check
// that they may be used here at all (S2), the handler, the error.
func (s *Server) handler(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		actor, err := s.authenticate(r, rt.auth)
		if err != nil {
			refuseBody(w, r)
		}
		if err == nil && rt.auth != open {
			err = authz.CheckScope(actor, rt.op)
		}
		if err == nil {
			err = rt.handle(s, w, r, actor)
		}
		if err != nil {
			s.writeError(w, r, err)
		}
	}
}

// pathParam gives a percent-decoded path parameter. The router cuts the raw
// path when it differs from the decoded one, so that an encoded slash stays
// inside its parameter, and only then is there anything left to decode.
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

// databaseParams gives the two parameters of a database route.
func databaseParams(r *http.Request) (entity, database string, err error) {
	if entity, err = pathParam(r, "entity"); err != nil {
		return "", "", err
	}
	database, err = pathParam(r, "database")
	return entity, database, err
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.writeError(w, r, errs.E(errs.NotFound, "There is nothing at this path"))
}

// methodNotAllowed answers 405 with the methods the path has, and 404 when it
// has none: the router also comes here for methods it does not know.
func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	allowed := ""
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		// Any two names are the path of a database, which can only be deleted
		// there: for every other method it is a path like any unknown one.
		if at := s.mux.Find(chi.NewRouteContext(), m, path); at != "" && at != httpapi.RouteDatabase {
			if allowed != "" {
				allowed += ", "
			}
			allowed += m
		}
	}
	if allowed == "" {
		s.notFound(w, r)
		return
	}
	w.Header().Set("Allow", allowed)
	s.writeError(w, r, withStatus(http.StatusMethodNotAllowed,
		errs.E(errs.Invalid, "Method %s is not allowed here; allowed: %s", printable(r.Method), allowed)))
}

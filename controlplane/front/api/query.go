package api

import (
	"context"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/front/body"
	"github.com/ayb-go/ayb/controlplane/front/stream"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Queries is the service that asks the daemon of a database. It checks
// permissions, and its errors carry codes. The caller closes the answers.
type Queries interface {
	// Admit reserves a place for a query whose body has not arrived. leave
	// releases it, and may be called several times.
	Admit(ctx context.Context, actor authz.Actor, entity, database string) (leave func(), err error)
	Query(ctx context.Context, actor authz.Actor, q databases.Query) (databases.Answer, error)
	Schema(ctx context.Context, actor authz.Actor, entity, database string) (databases.Answer, error)
	RunningQueries(ctx context.Context, actor authz.Actor, entity, database string) (databases.Answer, error)
	CancelQuery(ctx context.Context, actor authz.Actor, entity, database, id string) error
	Usage(ctx context.Context, actor authz.Actor, entity, database string) (databases.Usage, error)
}

// query runs the statements of the body and streams the answer.
func (a *API) query(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	w.Header()["Vary"] = varyAnswer
	q := databases.Query{Form: daemonapi.FormSQL}
	var err error
	if q.Entity, q.Database, err = databaseParams(r); err != nil {
		return err
	}
	if q.Most, err = queryMode(r); err != nil {
		return err
	}
	if isJSON(r) {
		q.Form = daemonapi.FormJSON
	}
	if q.Format, err = stream.Format(r, q.Form); err != nil {
		return err
	}
	admitted := func() {}
	if !body.Small(r) { // permissions come before a large body
		if admitted, err = a.deps.Queries.Admit(r.Context(), actor, q.Entity, q.Database); err != nil {
			w.Header().Set("Connection", "close")
			return err
		}
		defer func() { admitted() }()
	}
	text, release, err := a.bodyOf(w, r, actor, a.deps.Bodies.RequestBytes())
	if errs.Is(err, errs.TooLarge) {
		err = errs.Wrap(errs.TooLarge, err, "The request body is larger than the %d bytes that are allowed %s; a script of any length can be imported (ayb client import, or POST …/import?format=sql)", a.deps.Bodies.RequestBytes(), limits.RequestBytes.Hint()).
			With(httpapi.AttrLimit, httpapi.LimitRequestBytes)
	}
	if err != nil {
		return err
	}
	defer release()
	if q.Form == daemonapi.FormSQL && startsObject(text) { // no statement starts so
		q.Form = daemonapi.FormJSON
		if q.Format, err = stream.Format(r, q.Form); err != nil {
			return err
		}
	}
	if q.Body, err = queryText(r.Header.Get("Content-Type"), q.Form, text); err != nil {
		return err
	}
	admitted() // Query reserves a place of its own
	answer, err := a.deps.Queries.Query(r.Context(), actor, q)
	if err != nil {
		return err
	}
	o := a.options(r, stream.ContentType(q.Format))
	if q.Format == daemonapi.FormatNDJSON {
		o.LastLine = func(err error) []byte { return a.errorLine(r, err) }
	}
	return stream.Copy(w, r, answer, o)
}

// queryMode reads the mode that a query asks for. Without one it is that of the
// caller's rights.
func queryMode(r *http.Request) (ayb.QueryLevel, error) {
	p, err := urlParams(r, "mode")
	if err != nil {
		return "", err
	}
	return ayb.ParseQueryLevel(p.or("mode", string(ayb.QueryReadWrite)))
}

// schema streams the description of tables and views.
func (a *API) schema(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	w.Header()["Vary"] = varyAnswer
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	answer, err := a.deps.Queries.Schema(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	return stream.Copy(w, r, answer, a.options(r, stream.JSON))
}

// queries streams the list of running queries.
func (a *API) queries(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	w.Header()["Vary"] = varyAnswer
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	answer, err := a.deps.Queries.RunningQueries(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	return stream.Copy(w, r, answer, a.options(r, stream.JSON))
}

func (a *API) cancelQuery(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	id, err := pathParam(r, "id")
	if err != nil {
		return err
	}
	if err := a.deps.Queries.CancelQuery(r.Context(), actor, entity, database, id); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

// errorLine returns the last line of an NDJSON answer that fails after its first
// byte was sent.
func (a *API) errorLine(r *http.Request, err error) []byte {
	_, body := a.failure(r, err)
	line, merr := httpapi.Marshal(httpapi.ErrorLine{Error: body})
	if merr != nil { // bodies consist of texts, which always encode
		panic(merr)
	}
	return append(line, '\n')
}

// options returns how an answer with this content type is sent to the client of a
// request.
func (a *API) options(r *http.Request, contentType []string) stream.Options {
	return stream.Options{ContentType: contentType, Coding: stream.Coding(r), Pool: &a.compressors}
}

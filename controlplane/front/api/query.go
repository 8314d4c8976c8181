package api

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Queries is the service behind everything that is asked of the daemon of a
// database. It checks rights and its errors carry codes. The caller closes
// the answers.
type Queries interface {
	// Admit takes a place for a query whose body is still to come; leave gives
	// it back, once or several times.
	Admit(ctx context.Context, actor authz.Actor, entity, database string) (leave func(), err error)
	Query(ctx context.Context, actor authz.Actor, q databases.Query) (nodeapi.Answer, error)
	Schema(ctx context.Context, actor authz.Actor, entity, database string) (nodeapi.Answer, error)
	RunningQueries(ctx context.Context, actor authz.Actor, entity, database string) (nodeapi.Answer, error)
	CancelQuery(ctx context.Context, actor authz.Actor, entity, database, id string) error
}

// query runs the statements of the body and passes the answer on as it comes.
func (s *Server) query(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	w.Header()["Vary"] = varyAnswer
	q := databases.Query{Form: daemonapi.FormSQL}
	var err error
	if q.Entity, q.Database, err = databaseParams(r); err != nil {
		return err
	}
	if isJSON(r) {
		q.Form = daemonapi.FormJSON
	}
	if q.Format, err = answerFormat(r, q.Form); err != nil {
		return err
	}
	admitted := func() {}
	if !small(r) { // who may ask for nothing shall send nothing
		if admitted, err = s.deps.Queries.Admit(r.Context(), actor, q.Entity, q.Database); err != nil {
			w.Header().Set("Connection", "close")
			return err
		}
		defer func() { admitted() }()
	}
	body, release, err := s.bodyOf(w, r, actor, s.cfg.RequestBytes)
	if errs.Is(err, errs.TooLarge) {
		err = errs.Wrap(errs.TooLarge, err, "The request body is larger than the %d bytes that are allowed %s; a script of any length can be imported (ayb client import, or POST …/import?format=sql)", s.cfg.RequestBytes, limits.RequestBytes.Hint()).
			With(httpapi.AttrLimit, httpapi.LimitRequestBytes)
	}
	if err != nil {
		return err
	}
	defer release()
	if q.Form == daemonapi.FormSQL && startsObject(body) { // no statement does
		q.Form = daemonapi.FormJSON
		if q.Format, err = answerFormat(r, q.Form); err != nil {
			return err
		}
	}
	if q.Body, err = queryText(r.Header.Get("Content-Type"), q.Form, body); err != nil {
		return err
	}
	admitted() // the query takes the place
	answer, err := s.deps.Queries.Query(r.Context(), actor, q)
	if err != nil {
		return err
	}
	d := delivery{contentType: contentType(q.Format), coding: answerCoding(r)}
	if q.Format == daemonapi.FormatNDJSON {
		d.lastLine = func(err error) []byte { return s.errorLine(r, err) }
	}
	return s.pass(w, r, answer, d)
}

// schema passes on what a database holds.
func (s *Server) schema(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	w.Header()["Vary"] = varyAnswer
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	answer, err := s.deps.Queries.Schema(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	return s.pass(w, r, answer, delivery{contentType: jsonType, coding: answerCoding(r)})
}

// queries passes on which queries run.
func (s *Server) queries(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	w.Header()["Vary"] = varyAnswer
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	answer, err := s.deps.Queries.RunningQueries(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	return s.pass(w, r, answer, delivery{contentType: jsonType, coding: answerCoding(r)})
}

func (s *Server) cancelQuery(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	id, err := pathParam(r, "id")
	if err != nil {
		return err
	}
	if err := s.deps.Queries.CancelQuery(r.Context(), actor, entity, database, id); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

// errorLine is the last line of an answer of lines that fails after its first
// byte went out.
func (s *Server) errorLine(r *http.Request, err error) []byte {
	_, body := s.failure(r, err)
	line, merr := httpapi.Marshal(httpapi.ErrorLine{Error: body})
	if merr != nil { // bodies are structs of texts: they always encode
		panic(merr)
	}
	return append(line, '\n')
}

// pass sends an answer to the client and closes it: however this ends, a
// statement that still runs is stopped.
func (s *Server) pass(w http.ResponseWriter, r *http.Request, answer nodeapi.Answer, d delivery) error {
	defer answer.Close()
	d.pool = &s.compressors
	return stream(w, r, answer, d, holdTime)
}

// stream copies an answer to the client. An error before the first byte was
// sent is returned; afterwards it is told in the answer's last line, if it is
// one of lines, and else the connection is cut, which is how a client learns
// that a chunked body is not whole.
//
// What comes within hold, or within holdBytes, waits for an error.
//
// The request's context ends when the client goes away, and with it Next.
func stream(w http.ResponseWriter, r *http.Request, answer nodeapi.Answer, d delivery, hold time.Duration) error {
	chunk, last, err := answer.Next(r.Context())
	if err != nil {
		return err
	}
	out := &output{w: w, rc: http.NewResponseController(w), delivery: d}
	chunk = out.remark(chunk, last)
	if last {
		out.whole(chunk)
		return nil
	}
	out.held = bytes.Clone(chunk)
	timer := time.AfterFunc(hold, out.release)
	defer timer.Stop()
	defer out.finish()
	for !last {
		if chunk, last, err = answer.Next(r.Context()); err != nil {
			return out.fail(r.Context(), err)
		}
		if out.add(chunk, last) != nil {
			panic(http.ErrAbortHandler) // the client does not take it
		}
	}
	return nil
}

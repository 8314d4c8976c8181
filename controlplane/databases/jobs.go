package databases

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// jobs are the imports of database files, restores and forks that run at this
// moment. They are listed, and can be canceled, with the queries of the database
// that they build or replace. Each control plane knows its own.
type jobs struct {
	mu   sync.Mutex
	byID map[string]*job // by id
}

// job is one of them; its fields do not change.
type job struct {
	database meta.DatabaseID // zero for a database that is being created
	path     ayb.DatabasePath
	account  meta.EntityID // of the caller
	caller   ayb.EntitySlug
	agent    string
	title    string
	started  time.Time
	stop     context.CancelCauseFunc
}

func newJobs() *jobs { return &jobs{byID: map[string]*job{}} }

// beginJob adds a job; end removes it. The context during ends when the job is
// canceled, with the reason as its cause.
func (d *Databases) beginJob(ctx context.Context, actor authz.Actor, db meta.Database, what string) (during context.Context, end func()) {
	during, stop := context.WithCancelCause(ctx)
	raw := make([]byte, 8)
	_, _ = rand.Read(raw) // never fails
	id := hex.EncodeToString(raw)
	d.jobs.mu.Lock()
	defer d.jobs.mu.Unlock()
	d.jobs.byID[id] = &job{
		database: db.ID, path: db.Path, account: actor.Entity, caller: actor.Slug, agent: agent(actor), title: what,
		started: d.deps.Now(), stop: stop,
	}
	return during, func() {
		stop(nil)
		d.jobs.mu.Lock()
		defer d.jobs.mu.Unlock()
		delete(d.jobs.byID, id)
	}
}

// visibleTo reports whether an actor may list and cancel a job at a path: the
// account that began it, a program with a scoped token only its own jobs, and
// every manager of the database.
func (w *job) visibleTo(actor authz.Actor, path ayb.DatabasePath, db meta.Database, rights authz.Rights) bool {
	switch {
	case w.database != db.ID || w.database == 0 && w.path != path || actor.Anonymous():
		return false
	case w.account == actor.Entity:
		return actor.Scope == nil || w.agent == agent(actor)
	default:
		return w.database != 0 && rights.Manage
	}
}

// list returns the jobs that are visible to an actor.
func (w *jobs) list(actor authz.Actor, path ayb.DatabasePath, db meta.Database, rights authz.Rights) (out []daemonapi.RunningQuery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, one := range w.byID {
		if one.visibleTo(actor, path, db, rights) {
			out = append(out, daemonapi.RunningQuery{
				ID: id, Caller: one.caller, Agent: one.agent, Mode: ayb.QueryReadWrite, State: "running",
				Started: one.started.UTC().Truncate(time.Millisecond), SQL: "-- " + one.title,
			})
		}
	}
	return out
}

// cancel cancels a job; it returns false when the actor sees no job of this id.
func (w *jobs) cancel(actor authz.Actor, path ayb.DatabasePath, db meta.Database, rights authz.Rights, id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := w.byID[id]
	if one == nil || !one.visibleTo(actor, path, db, rights) {
		return false
	}
	one.stop(errs.E(errs.Canceled, "The %s was canceled by %s", one.title, actor.Slug))
	return true
}

// cancelCause replaces the error of a job that was canceled by the reason.
func cancelCause(ctx context.Context, err error) error {
	if cause, ok := context.Cause(ctx).(*errs.Error); ok && err != nil { //nolint:errorlint // ours, as it is
		return cause
	}
	return err
}

// withJobs adds jobs to a daemon's list of queries, which may be nil.
func withJobs(ctx context.Context, answer nodeapi.Answer, more []daemonapi.RunningQuery) (nodeapi.Answer, error) {
	if len(more) == 0 {
		return answer, nil
	}
	running := daemonapi.Running{}
	if answer != nil {
		defer answer.Close()
		text, err := readDocument(ctx, answer)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &running); err != nil {
			return nil, errs.Wrap(errs.Engine, err, "The list of running queries could not be read")
		}
	}
	running.Queries = append(running.Queries, more...)
	slices.SortStableFunc(running.Queries, func(a, b daemonapi.RunningQuery) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	text, err := json.Marshal(running)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The list of running queries could not be written")
	}
	return &jsonAnswer{text}, nil
}

// jsonAnswer is an answer of one piece.
type jsonAnswer struct{ text []byte }

// Next implements nodeapi.Answer.
func (d *jsonAnswer) Next(context.Context) ([]byte, bool, error) { return d.text, true, nil }

// Close implements nodeapi.Answer.
func (d *jsonAnswer) Close() {}

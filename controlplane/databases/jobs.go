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

// jobs are the databases that are put together at this moment: imports of whole
// databases, restores and forks. They are listed, and can be stopped, as the
// queries of the database that they are for. Each control plane knows its own.
type jobs struct {
	mu   sync.Mutex
	byID map[string]*job // by id
}

// job is one of them. What it holds does not change.
type job struct {
	database meta.DatabaseID // zero for a database that is being made
	path     ayb.DatabasePath
	account  meta.EntityID // whose it is
	caller   ayb.EntitySlug
	agent    string
	title    string
	started  time.Time
	stop     context.CancelCauseFunc
}

func newJobs() *jobs { return &jobs{byID: map[string]*job{}} }

// beginJob takes a work in. The context ends, with the reason as its cause, when
// somebody stops the work; end takes it out.
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

// visibleTo tells whether somebody may know of a work at a path, and stop it: an
// account what it asked for, a program what that program did, and all who
// manage the database.
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

// list gives the works that somebody may know of.
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

// cancel stops a work; false when there is none that the actor may stop.
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

// cancelCause gives the reason why a work was stopped, where that is why it failed.
func cancelCause(ctx context.Context, err error) error {
	if cause, ok := context.Cause(ctx).(*errs.Error); ok && err != nil { //nolint:errorlint // ours, as it is
		return cause
	}
	return err
}

// withJobs adds works to what a daemon lists.
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
			return nil, errs.Wrap(errs.Engine, err, "What runs on the database could not be read")
		}
	}
	running.Queries = append(running.Queries, more...)
	slices.SortStableFunc(running.Queries, func(a, b daemonapi.RunningQuery) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	text, err := json.Marshal(running)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The list could not be written")
	}
	return &jsonAnswer{text}, nil
}

// jsonAnswer is an answer that is known.
type jsonAnswer struct{ text []byte }

// Next implements nodeapi.Answer.
func (d *jsonAnswer) Next(context.Context) ([]byte, bool, error) { return d.text, true, nil }

// Close implements nodeapi.Answer.
func (d *jsonAnswer) Close() {}

package daemon

import (
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// shownSQL is how many bytes of a statement are listed.
const shownSQL = 500

// identity is who asks for something, and what that reaches.
type identity struct {
	caller ayb.EntitySlug
	agent  string
	all    bool
}

func asker(req daemonapi.Request) identity { return identity{req.Caller, req.Agent, req.All} }

// reaches tells whether it may know of and stop what another asked for: a
// program what it asked for itself, an account what all its programs did.
func (i identity) reaches(other identity) bool {
	if i.all {
		return true
	}
	return i.caller != "" && i.caller == other.caller && (i.agent == "" || i.agent == other.agent)
}

// String says who it is to others.
func (i identity) String() string {
	switch {
	case i.caller == "":
		return "somebody else"
	case i.agent != "":
		return "an app of " + string(i.caller)
	}
	return string(i.caller)
}

// request is one that runs or waits, and the sink of its answer.
type request struct {
	asker   identity
	mode    ayb.QueryLevel
	batch   daemonapi.Batch
	job     *engine.Job
	call    *mux.Call
	list    *requests
	number  uint64
	started time.Time

	mu      sync.Mutex
	sending bool  // it waits for its client, to take rows or to send data
	stopped error // somebody has canceled it
}

var _ engine.Sink = (*request)(nil)

// describe is what is told of it. What it holds does not change any more.
func (r *request) describe(id string) daemonapi.RunningQuery {
	state := "waiting"
	if r.job.Running() {
		state = "running"
	}
	return daemonapi.RunningQuery{
		ID: id, Caller: r.asker.caller, Agent: r.asker.agent, Mode: r.mode, State: state,
		Started: r.started.UTC().Truncate(time.Millisecond), SQL: beginning(r.batch),
	}
}

// beginning is the first part of the text of a batch, as UTF-8.
func beginning(b daemonapi.Batch) string {
	var text []byte
	for i, s := range b.Statements {
		if i > 0 {
			text = append(text, '\n')
		}
		text = append(text, s.SQL[:min(len(s.SQL), shownSQL+1)]...)
		if len(text) > shownSQL {
			break
		}
	}
	if len(text) > shownSQL {
		end := shownSQL
		for end > shownSQL-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return strings.ToValidUTF8(string(text), "?") // not longer than before
}

// cancel stops it for somebody. One that has come to its end meanwhile stays
// as it is: what it has changed is not told to have failed.
func (r *request) cancel(who identity) {
	r.mu.Lock()
	if r.stopped == nil {
		r.stopped = errs.E(errs.Canceled, "The statement was canceled by %s", who)
	}
	err, sending := r.stopped, r.sending
	r.mu.Unlock()
	r.job.Cancel()
	if sending {
		r.call.Stop(err)
	}
}

// Write implements engine.Sink.
func (r *request) Write(p []byte, last bool) error {
	if last { // the engine is done with it
		r.list.remove(r)
		return r.call.Write(p, true)
	}
	if !r.job.Running() { // what it did is committed
		return r.call.Write(p, false)
	}
	if err := r.send(true); err != nil {
		return err
	}
	err := r.call.Write(p, false)
	if stopped := r.send(false); stopped != nil {
		return stopped
	}
	return err
}

// send notes whether the request waits for its client. The error is why it
// need not.
func (r *request) send(on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sending = on
	return r.stopped
}

// reason is the error of the request for its client.
func (r *request) reason(err error) error {
	if !errs.Is(err, errs.Canceled) {
		return err
	}
	if stopped := r.send(false); stopped != nil {
		return stopped
	}
	return err
}

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

// shownSQLBytes is how many bytes of a statement the list of statements shows.
const shownSQLBytes = 500

// caller is the sender of a request, and what it may see: agent is empty for
// requests of the account itself, all is set for managers of the database.
type caller struct {
	entity ayb.EntitySlug
	agent  string
	all    bool
}

func callerOf(req daemonapi.Request) caller { return caller{req.Caller, req.Agent, req.All} }

// maySee reports whether a caller may list and stop the statements of another. A
// program sees its own statements; an account sees those of all its programs.
func (i caller) maySee(other caller) bool {
	if i.all {
		return true
	}
	return i.entity != "" && i.entity == other.entity && (i.agent == "" || i.agent == other.agent)
}

// String is the caller in messages to others.
func (i caller) String() string {
	switch {
	case i.entity == "":
		return "another caller"
	case i.agent != "":
		return "an app of " + string(i.entity)
	}
	return string(i.entity)
}

// request is a statement that runs or waits, and the sink of its answer.
type request struct {
	caller  caller
	mode    ayb.QueryLevel
	batch   daemonapi.Batch
	job     *engine.Job
	call    *mux.Call
	list    *requests
	number  uint64
	started time.Time

	mu             sync.Mutex
	waitsForClient bool  // for it to take rows or to send data
	stopped        error // why it was canceled
}

var _ engine.Sink = (*request)(nil)

// description is the request as it is listed. Its fields do not change any more.
func (r *request) description(id string) daemonapi.RunningQuery {
	state := "waiting"
	if r.job.Running() {
		state = "running"
	}
	return daemonapi.RunningQuery{
		ID: id, Caller: r.caller.entity, Agent: r.caller.agent, Mode: r.mode, State: state,
		Started: r.started.UTC().Truncate(time.Millisecond), SQL: shownText(r.batch),
	}
}

// shownText returns the beginning of the text of a batch, as UTF-8.
func shownText(b daemonapi.Batch) string {
	var text []byte
	for i, s := range b.Statements {
		if i > 0 {
			text = append(text, '\n')
		}
		text = append(text, s.SQL[:min(len(s.SQL), shownSQLBytes+1)]...)
		if len(text) > shownSQLBytes {
			break
		}
	}
	if len(text) > shownSQLBytes {
		end := shownSQLBytes
		for end > shownSQLBytes-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return strings.ToValidUTF8(string(text), "?") // not longer than before
}

// cancel stops the request for a caller. A request whose changes are committed
// keeps its answer.
func (r *request) cancel(by caller) {
	r.mu.Lock()
	if r.stopped == nil {
		r.stopped = errs.E(errs.Canceled, "The statement was canceled by %s", by)
	}
	err, sending := r.stopped, r.waitsForClient
	r.mu.Unlock()
	r.job.Cancel()
	if sending {
		r.call.Stop(err)
	}
}

// Write implements engine.Sink.
func (r *request) Write(p []byte, last bool) error {
	if last { // the engine has finished it
		r.list.remove(r)
		return r.call.Write(p, true)
	}
	if !r.job.Running() { // its changes are committed
		return r.call.Write(p, false)
	}
	if err := r.setWaiting(true); err != nil {
		return err
	}
	err := r.call.Write(p, false)
	if stopped := r.setWaiting(false); stopped != nil {
		return stopped
	}
	return err
}

// setWaiting records whether the request waits for its client. It returns the
// error of a request that was canceled.
func (r *request) setWaiting(on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waitsForClient = on
	return r.stopped
}

// stopReason returns the error for the client: if the request was canceled, it
// names the caller who did.
func (r *request) stopReason(err error) error {
	if !errs.Is(err, errs.Canceled) {
		return err
	}
	if stopped := r.setWaiting(false); stopped != nil {
		return stopped
	}
	return err
}

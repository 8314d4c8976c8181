package httpd

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

const (
	// holdBytes and holdTime bound the part of an answer that waits for an
	// error that would still get its status.
	holdBytes = 1 << 20
	holdTime  = 50 * time.Millisecond
	// stallTime is how long a client may read nothing: a stream pins a reader
	// on the node.
	stallTime = 60 * time.Second
	// pieceBytes is what a client has to take within stallTime.
	pieceBytes = 64 << 10
)

// query runs the SQL of the body and passes the answer on as it comes.
func (s *Server) query(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	body, err := s.bodyOf(w, r, actor, s.cfg.RequestBytes)
	if err != nil {
		return err
	}
	sql, err := sqlText(r.Header.Get("Content-Type"), body)
	if err != nil {
		return err
	}
	answer, err := s.deps.Databases.Query(r.Context(), actor, entity, database, sql)
	if err != nil {
		return err
	}
	// However this ends, a statement that still runs is stopped.
	defer answer.Close()
	return stream(w, r, answer, holdTime)
}

// stream copies an answer to the client. An error before the first byte was
// sent is returned; afterwards the connection is cut, which is how a client
// learns that a chunked body is not whole.
//
// What comes within hold, or within holdBytes, waits for an error.
//
// The request's context ends when the client goes away, and with it Next.
func stream(w http.ResponseWriter, r *http.Request, answer nodeapi.Answer, hold time.Duration) error {
	chunk, last, err := answer.Next(r.Context())
	if err != nil {
		return err
	}
	if last {
		(&output{w: w, rc: http.NewResponseController(w)}).whole(chunk)
		return nil
	}
	out := &output{w: w, rc: http.NewResponseController(w), held: bytes.Clone(chunk)}
	timer := time.AfterFunc(hold, out.release)
	defer timer.Stop()
	defer out.finish()
	for !last {
		if chunk, last, err = answer.Next(r.Context()); err != nil {
			return out.fail(err)
		}
		if err = out.add(chunk, last); err != nil {
			return out.fail(err)
		}
	}
	return nil
}

// output is an answer on its way to the client: held back at first, passed
// on chunk by chunk once it has been released, by its size or by the timer.
type output struct {
	w  http.ResponseWriter
	rc *http.ResponseController

	mu       sync.Mutex
	held     []byte
	started  bool
	finished bool
	err      error // of a write the timer made
}

// whole sends an answer of known length. A client that does not take it is
// given up.
func (o *output) whole(body []byte) {
	h := o.w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if err := o.write(body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// add takes the next chunk. The error is one of writing to the client.
func (o *output) add(chunk []byte, last bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
		return o.err
	case o.started && last:
		// The rest, and the end of the body that net/http writes.
		o.extend()
		return o.write(chunk)
	case o.started:
		return o.send(chunk)
	}
	o.held = append(o.held, chunk...)
	if last {
		o.whole(o.held)
		return nil
	}
	if len(o.held) >= holdBytes {
		return o.start()
	}
	return nil
}

// release is the timer's: what is held has waited long enough.
func (o *output) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.started && !o.finished {
		o.err = o.start()
	}
}

// finish keeps a late timer from writing.
func (o *output) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = true
}

// fail returns the error while it can still be told, and cuts the connection
// otherwise.
func (o *output) fail(err error) error {
	o.mu.Lock()
	started := o.started
	o.finished = true
	o.mu.Unlock()
	if started {
		panic(http.ErrAbortHandler)
	}
	return err
}

func (o *output) start() error {
	o.started = true
	o.w.Header()["Content-Type"] = jsonType
	held := o.held
	o.held = nil
	return o.send(held)
}

func (o *output) send(b []byte) error {
	if err := o.write(b); err != nil {
		return err
	}
	return o.rc.Flush()
}

// write writes in pieces, so that a slow client has time for each and one
// that has stopped reading is noticed.
func (o *output) write(b []byte) error {
	for len(b) > 0 {
		o.extend()
		n, err := o.w.Write(b[:min(len(b), pieceBytes)])
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// extend gives the client the time for one more write. Recorders of tests
// have no deadlines; real connections do.
func (o *output) extend() { _ = o.rc.SetWriteDeadline(time.Now().Add(stallTime)) }

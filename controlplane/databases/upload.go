package databases

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// pieceBytes is how much of the data is held here, and sent at once.
	pieceBytes = 64 << 10
	// maxResult bounds what a daemon says about an import.
	maxResult = 8 << 20
)

// importRequest is the request that fills a version of a database which has no
// record yet with data.
func importRequest(made meta.Database, e limits.Effective) nodeapi.QueryRequest {
	return nodeapi.QueryRequest{Path: made.Path, Type: made.Type, Mode: ayb.QueryReadWrite, Kind: daemonapi.KindImport,
		Caller: made.Path.Entity, Limits: daemonLimits(e)}
}

// admitAccount takes a place of an account for something that is about no
// database that is recorded.
func (d *Databases) admitAccount(owner meta.EntityID, e limits.Effective) (leave func(), err error) {
	if err := d.quota.acquire(owner, owner, int(e.Value(limits.QueriesPerAccount))); err != nil {
		return nil, err
	}
	return func() { d.quota.release(owner, owner) }, nil
}

// interruptible is data whose Read waits for somebody. Interrupt ends it, and
// every later one, with an error.
type interruptible interface{ Interrupt(err error) }

func interrupt(body io.Reader, err error) {
	if b, ok := body.(interruptible); ok {
		b.Interrupt(err)
	}
}

// errAnswered ends the reading of data that nobody wants any more.
var errAnswered = errors.New("the daemon has answered")

// upload sends data to a daemon, however much it is, and gives what it says. The
// end of the data is sent only if allowed, which is asked then, gives no error.
// Who waits for more of the data is interrupted when the daemon answers before,
// and when ctx ends.
func (d *Databases) upload(ctx context.Context, node nodeapi.NodeID, req nodeapi.QueryRequest, body io.Reader, allowed func(context.Context) error) (out daemonapi.ImportResult, err error) {
	up, err := d.deps.Imports.Import(ctx, node, req)
	if err != nil {
		return out, err
	}
	waiting, giveUp := context.WithCancel(ctx)
	var text []byte
	var refused error
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		text, refused = readDocument(waiting, up)
		interrupt(body, errAnswered)
	}()
	stop := context.AfterFunc(ctx, func() { interrupt(body, context.Cause(ctx)) })
	err = sendData(ctx, up, body, allowed)
	stop()
	if err != nil && !errors.Is(err, errAnswered) {
		giveUp()
	}
	<-answered
	giveUp()
	up.Close()
	switch {
	case err != nil && !errors.Is(err, errAnswered):
		return out, err
	case refused != nil:
		return out, refused
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return daemonapi.ImportResult{}, errs.Wrap(errs.Engine, err, "What the database said about the import could not be read")
	}
	return out, nil
}

// sendData sends all of the data. Once the daemon wants no more that is the end
// too: its answer says why.
func sendData(ctx context.Context, up nodeapi.Upload, body io.Reader, allowed func(context.Context) error) error {
	piece := make([]byte, pieceBytes)
	for {
		n, last, err := readFull(piece, body)
		if err == nil && last {
			err = allowed(ctx)
		}
		if err != nil {
			return err
		}
		if up.Send(ctx, piece[:n], last) != nil || last {
			return nil
		}
	}
}

// readFull reads until p is full or the data ends. Only a plain end is one: data
// that was cut off must not be taken for whole.
func readFull(p []byte, from io.Reader) (n int, last bool, err error) {
	for n < len(p) {
		k, err := from.Read(p[n:])
		n += k
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// readDocument reads an answer that is one small document.
func readDocument(ctx context.Context, a nodeapi.Answer) ([]byte, error) {
	var out []byte
	for {
		chunk, last, err := a.Next(ctx)
		if err != nil {
			return nil, err
		}
		if out = append(out, chunk...); len(out) > maxResult {
			return nil, errs.E(errs.Engine, "What the database said about the import is too long")
		}
		if last {
			return out, nil
		}
	}
}

// answerReader reads an answer like a file.
type answerReader struct {
	ctx    context.Context
	answer nodeapi.Answer
	chunk  []byte
	last   bool
}

// Read implements io.Reader.
func (r *answerReader) Read(p []byte) (int, error) {
	for len(r.chunk) == 0 {
		if r.last {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.chunk)
	r.chunk = r.chunk[n:]
	return n, nil
}

func (r *answerReader) next() (err error) {
	r.chunk, r.last, err = r.answer.Next(r.ctx)
	return err
}

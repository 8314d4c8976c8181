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
	// pieceBytes is the size of the pieces that data is sent in.
	pieceBytes = 64 << 10
	// maxResult limits the answer of a daemon that is read as one document.
	maxResult = 8 << 20
)

// importRequest builds the request that imports data into a database that has no
// record yet.
func importRequest(made meta.Database, e limits.Effective) nodeapi.QueryRequest {
	return nodeapi.QueryRequest{Path: made.Path, Type: made.Type, Mode: ayb.QueryReadWrite, Kind: daemonapi.KindImport,
		Caller: made.Path.Entity, Limits: daemonLimits(e)}
}

// admitAccount holds a place in the query quota of an account, for the creation of
// a database.
func (d *Databases) admitAccount(owner meta.EntityID, e limits.Effective) (leave func(), err error) {
	if err := d.quota.acquire(owner, owner, int(e.Value(limits.QueriesPerAccount))); err != nil {
		return nil, err
	}
	return func() { d.quota.release(owner, owner) }, nil
}

// interruptible is a body whose Read waits for a client. Interrupt ends that Read,
// and every later one, with an error.
type interruptible interface{ Interrupt(err error) }

func interrupt(body io.Reader, err error) {
	if b, ok := body.(interruptible); ok {
		b.Interrupt(err)
	}
}

// errAnswered ends the reading of a body after the daemon's answer.
var errAnswered = errors.New("the daemon has answered")

// upload streams data of any size to a daemon and returns its result. allowed is
// called before the end of the data is sent; its error ends the import, so that
// rights lost during a long upload take effect. A Read that waits for data is
// interrupted when the daemon answers early, and when ctx ends.
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
		return daemonapi.ImportResult{}, errs.Wrap(errs.Engine, err, "The result of the import could not be read")
	}
	return out, nil
}

// sendData sends all of the data. It also returns nil when the daemon accepts no
// more: the daemon's answer has the reason.
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

// readFull reads until p is full or the data ends. An unexpected EOF is an error:
// a body that was cut off is incomplete.
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

// readDocument reads an answer that is one document of at most maxResult bytes.
func readDocument(ctx context.Context, a nodeapi.Answer) ([]byte, error) {
	var out []byte
	for {
		chunk, last, err := a.Next(ctx)
		if err != nil {
			return nil, err
		}
		if out = append(out, chunk...); len(out) > maxResult {
			return nil, errs.E(errs.Engine, "The answer of the database has more than %d bytes", maxResult)
		}
		if last {
			return out, nil
		}
	}
}

// answerReader reads an answer as an io.Reader.
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

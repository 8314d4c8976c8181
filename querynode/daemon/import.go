package daemon

import (
	"fmt"
	"io"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/importer"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// servedLive reports, by its first frame, whether a request is served before all
// of it has come.
func servedLive(first []byte) bool {
	req, err := daemonapi.Parse(first)
	return err == nil && req.Kind == daemonapi.KindImport
}

// importData imports rows or statements into the live database. It is listed and
// can be stopped like a query.
func (h *handler) importData(c *mux.Call, req daemonapi.Request) error {
	var o daemonapi.ImportOptions
	if err := readOptions(req, &o); err != nil {
		return err
	}
	if o.Format.CompleteFile() {
		return errs.E(errs.Invalid, "A database file can be imported only into a version that is not live")
	}
	if req.Mode != ayb.QueryReadWrite {
		return engine.ErrReadOnly()
	}
	select {
	case h.imports <- struct{}{}:
		defer func() { <-h.imports }()
	default:
		return errs.E(errs.Unavailable, "%d imports into this database are in progress, the most at once; try again", cap(h.imports))
	}
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: req.Mode})
	shown := daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: fmt.Sprintf("-- import of %s %s", o.Format, o.Table)}}}
	r, err := h.requests.add(&request{caller: callerOf(req), mode: req.Mode, batch: shown, job: job, call: c})
	if err != nil {
		return err
	}
	c.OnCancel(job.Cancel)
	var result daemonapi.ImportResult
	err = keepAlive(c, nil, func() (err error) {
		result, err = h.runImport(stoppableBody{requestBody(c, req), r}, job, o)
		return err
	})
	h.requests.remove(r)
	if err != nil {
		return r.stopReason(err)
	}
	return writeJSON(c, result)
}

// stoppableBody is the data of a request. The request can be stopped while it waits
// for more data.
type stoppableBody struct {
	io.Reader
	request *request
}

// Read implements io.Reader.
func (c stoppableBody) Read(p []byte) (int, error) {
	if err := c.request.setWaiting(true); err != nil {
		return 0, err
	}
	n, err := c.Reader.Read(p)
	if stopped := c.request.setWaiting(false); stopped != nil {
		return n, stopped
	}
	return n, err
}

// runImport receives all data of an import into a temporary file, then changes the
// database.
func (h *handler) runImport(from io.Reader, job *engine.Job, o daemonapi.ImportOptions) (daemonapi.ImportResult, error) {
	most := h.db.LoadLimits()
	to := target{h.db, job}
	data, err := importer.Receive(stoppableReader{from, to}, h.temp, importer.Limits{
		Row: int(most.RowBytes), Data: most.DataBytes, Statement: int(most.SQLBytes), Room: h.db,
	})
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	defer func() { _ = data.Close() }() // the file has no name: closing frees it
	return data.Import(to, o)
}

// target is the database for the importer.
type target struct {
	db  engine.DB
	job *engine.Job
}

// Stopped implements importer.Target.
func (t target) Stopped() error { return t.job.Err() }

// Load implements importer.Target.
func (t target) Load(tx importer.Transaction, work func(importer.Loader) error) (remarks []string, err error) {
	o := engine.LoadOptions{Bytes: tx.Bytes, NoForeignKeys: tx.NoForeignKeys, Commit: tx.Commit}
	return t.db.Load(t.job, o, func(l engine.Loader) error { return work(l) })
}

// stoppableReader ends with an error once the job of the import has to stop.
type stoppableReader struct {
	io.Reader
	target
}

// Read implements io.Reader.
func (s stoppableReader) Read(p []byte) (int, error) {
	if err := s.Stopped(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

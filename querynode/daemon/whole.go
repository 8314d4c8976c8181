package daemon

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"sync/atomic"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/importer"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// live tells from its first frame whether a request is served while it comes.
func live(first []byte) bool {
	req, err := daemonapi.Parse(first)
	return err == nil && req.Kind == daemonapi.KindImport
}

// body is everything that a request brings after its head.
func body(c *mux.Call, req daemonapi.Request) io.Reader {
	if rest := c.Body(); rest != nil {
		return io.MultiReader(bytes.NewReader(req.Body), rest)
	}
	return bytes.NewReader(req.Body)
}

// sideJob is a job for work on the whole database, which the client can stop.
func sideJob(c *mux.Call) *engine.Job {
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: ayb.QueryReadOnly})
	c.OnCancel(job.Cancel)
	return job
}

// answerStaged answers what may be asked of a version that is not live: to take
// a whole database, once, and to check the one that is there.
func (h *handler) answerStaged(c *mux.Call, req daemonapi.Request) error {
	switch req.Kind {
	case daemonapi.KindImport:
		return h.receive(c, req)
	case daemonapi.KindCheck:
		return h.check(c)
	}
	return errs.E(errs.Invalid, "This version of the database is not live: a whole database can be brought into it, and nothing else be asked of it")
}

// receive takes a whole database.
func (h *handler) receive(c *mux.Call, req daemonapi.Request) error {
	var o daemonapi.ImportOptions
	if err := options(req, &o); err != nil {
		return err
	}
	if !o.Format.CompleteFile() {
		return errs.E(errs.Invalid, "Only a whole database can be brought into a version that is not live")
	}
	result := daemonapi.ImportResult{Format: o.Format, DryRun: o.DryRun}
	err := alive(c, nil, func() (err error) {
		result.Bytes, result.Notes, err = h.db.Receive(sideJob(c), body(c, req))
		return err
	})
	if err != nil {
		return err
	}
	return reply(c, result)
}

// check checks the database of the version.
func (h *handler) check(c *mux.Call) error {
	var result daemonapi.CheckResult
	err := alive(c, nil, func() (err error) {
		result.Bytes, err = h.db.Check(sideJob(c))
		return err
	})
	if err != nil {
		return err
	}
	return reply(c, result)
}

// copyName is what a copy may be called: nothing that leads out of its
// directory.
var copyName = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)

// copy makes a copy for the node to take.
func (h *handler) copy(c *mux.Call, req daemonapi.Request) error {
	var o daemonapi.CopyOptions
	if err := options(req, &o); err != nil {
		return err
	}
	if !copyName.MatchString(o.Name) {
		return errs.E(errs.Invalid, "This is no name for a copy")
	}
	var result daemonapi.CopyResult
	err := alive(c, nil, func() (err error) {
		result.Bytes, err = h.db.Copy(sideJob(c), filepath.Join(h.temp, o.Name))
		return err
	})
	if err != nil {
		return err
	}
	return reply(c, result)
}

// export sends data. It is listed, and can be stopped, as a query.
func (h *handler) export(c *mux.Call, req daemonapi.Request) error {
	var o daemonapi.ExportOptions
	if err := options(req, &o); err != nil {
		return err
	}
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: ayb.QueryReadOnly, Timeout: h.timeout(req, daemonapi.Batch{})})
	r, err := h.requests.add(&request{
		asker: asker(req), mode: ayb.QueryReadOnly, batch: shownAs(o, req.Body), job: job, call: c,
	})
	if err != nil {
		return err
	}
	c.OnCancel(job.Cancel)
	sink := &sending{sink: r}
	err = alive(c, &sink.writing, func() error { return h.db.Export(job, o, string(req.Body), sink) })
	h.requests.remove(r)
	return r.reason(err)
}

// shownAs is how an export looks in the list of what runs.
func shownAs(o daemonapi.ExportOptions, sql []byte) daemonapi.Batch {
	text := string(sql)
	switch {
	case text != "":
	case o.Table != "":
		text = fmt.Sprintf("-- export of %s as %s", o.Table, o.Format)
	default:
		text = fmt.Sprintf("-- export as %s", o.Format)
	}
	return daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: text}}}
}

// sending knows whether it waits for the client.
type sending struct {
	sink    engine.Sink
	writing atomic.Bool
}

// Write implements engine.Sink.
func (s *sending) Write(p []byte, last bool) error {
	s.writing.Store(true)
	defer s.writing.Store(false)
	return s.sink.Write(p, last)
}

// load brings rows or statements into the live database. It is listed, and can
// be stopped, as a query.
func (h *handler) load(c *mux.Call, req daemonapi.Request) error {
	var o daemonapi.ImportOptions
	if err := options(req, &o); err != nil {
		return err
	}
	if o.Format.CompleteFile() {
		return errs.E(errs.Invalid, "A whole database can be imported only into a version that is not live")
	}
	if req.Mode != ayb.QueryReadWrite {
		return errs.E(errs.ReadOnly, "Attempted to write to database while in read-only mode")
	}
	select {
	case h.imports <- struct{}{}:
		defer func() { <-h.imports }()
	default:
		return errs.E(errs.Unavailable, "%d imports into this database are in progress, and no more can be; try again", cap(h.imports))
	}
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: req.Mode})
	shown := daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: fmt.Sprintf("-- import of %s %s", o.Format, o.Table)}}}
	r, err := h.requests.add(&request{asker: asker(req), mode: req.Mode, batch: shown, job: job, call: c})
	if err != nil {
		return err
	}
	c.OnCancel(job.Cancel)
	var result daemonapi.ImportResult
	err = alive(c, nil, func() (err error) {
		result, err = h.bring(coming{body(c, req), r}, job, o)
		return err
	})
	h.requests.remove(r)
	if err != nil {
		return r.reason(err)
	}
	return reply(c, result)
}

// coming is the data of a request that can be stopped while it waits for its
// client to send more.
type coming struct {
	io.Reader
	request *request
}

// Read implements io.Reader.
func (c coming) Read(p []byte) (int, error) {
	if err := c.request.send(true); err != nil {
		return 0, err
	}
	n, err := c.Reader.Read(p)
	if stopped := c.request.send(false); stopped != nil {
		return n, stopped
	}
	return n, err
}

// bring does an import: first everything comes, then the database is changed.
func (h *handler) bring(from io.Reader, job *engine.Job, o daemonapi.ImportOptions) (daemonapi.ImportResult, error) {
	most := h.db.LoadLimits()
	to := target{h.db, job}
	data, err := importer.Receive(stoppable{from, to}, h.temp, importer.Limits{
		Row: int(most.RowBytes), Data: most.DataBytes, Statement: int(most.SQLBytes), Room: h.db,
	})
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	defer func() { _ = data.Close() }() // the file has no name: closing frees it
	return data.Import(to, o)
}

// target is the database as an import sees it.
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

// stoppable is the body of an import that somebody may have stopped.
type stoppable struct {
	io.Reader
	target
}

// Read implements io.Reader.
func (s stoppable) Read(p []byte) (int, error) {
	if err := s.Stopped(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

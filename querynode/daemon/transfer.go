package daemon

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"sync/atomic"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// requestBody returns everything that follows the head of a request.
func requestBody(c *mux.Call, req daemonapi.Request) io.Reader {
	if rest := c.Body(); rest != nil {
		return io.MultiReader(bytes.NewReader(req.Body), rest)
	}
	return bytes.NewReader(req.Body)
}

// maintenanceJob makes a job for work on the complete database. The client can
// stop it.
func maintenanceJob(c *mux.Call) *engine.Job {
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: ayb.QueryReadOnly})
	c.OnCancel(job.Cancel)
	return job
}

// copyName matches the names of copies: they stay in their directory.
var copyName = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)

// copy makes a copy of the database that the node takes over.
func (h *handler) copy(c *mux.Call, req daemonapi.Request) error {
	var o daemonapi.CopyOptions
	if err := readOptions(req, &o); err != nil {
		return err
	}
	if !copyName.MatchString(o.Name) {
		return errs.E(errs.Invalid, "The name of a copy must have 1 to 100 letters, digits or hyphens")
	}
	var result daemonapi.CopyResult
	err := keepAlive(c, nil, func() (err error) {
		result.Bytes, err = h.db.Copy(maintenanceJob(c), filepath.Join(h.temp, o.Name))
		return err
	})
	if err != nil {
		return err
	}
	return writeJSON(c, result)
}

// export sends data. It is listed and can be stopped like a query.
func (h *handler) export(c *mux.Call, req daemonapi.Request) error {
	var o daemonapi.ExportOptions
	if err := readOptions(req, &o); err != nil {
		return err
	}
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: ayb.QueryReadOnly, Timeout: h.timeout(req, daemonapi.Batch{})})
	r, err := h.requests.add(&request{
		caller: callerOf(req), mode: ayb.QueryReadOnly, batch: exportStatement(o, req.Body), job: job, call: c,
	})
	if err != nil {
		return err
	}
	c.OnCancel(job.Cancel)
	sink := &trackedSink{sink: r}
	err = keepAlive(c, &sink.writing, func() error { return h.db.Export(job, o, string(req.Body), sink) })
	h.requests.remove(r)
	return r.stopReason(err)
}

// exportStatement is the text of an export in the list of running statements.
func exportStatement(o daemonapi.ExportOptions, sql []byte) daemonapi.Batch {
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

// trackedSink knows whether it waits for its client.
type trackedSink struct {
	sink    engine.Sink
	writing atomic.Bool
}

// Write implements engine.Sink.
func (s *trackedSink) Write(p []byte, last bool) error {
	s.writing.Store(true)
	defer s.writing.Store(false)
	return s.sink.Write(p, last)
}

package daemon

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// handler answers requests. It is safe for concurrent use.
type handler struct {
	db       engine.DB
	limit    time.Duration // of requests without a limit of their own
	temp     string        // the directory for copies
	staged   bool          // the version is not live
	requests *requests
	imports  chan struct{} // one entry for each import in progress
}

func newHandler(db engine.DB, cfg daemonargs.Config) *handler {
	return &handler{
		db: db, limit: cfg.StatementTimeout, temp: cfg.Temp, staged: cfg.Staged,
		requests: newRequests(tooMany(cfg)), imports: make(chan struct{}, maxImports),
	}
}

// serveCall answers one request.
func (h *handler) serveCall(c *mux.Call) {
	req, err := daemonapi.Parse(c.Request())
	if err == nil {
		err = h.answer(c, req)
	}
	if err != nil {
		c.Fail(err)
	}
}

func (h *handler) answer(c *mux.Call, req daemonapi.Request) error {
	if h.staged {
		return h.answerStaged(c, req)
	}
	switch req.Kind {
	case daemonapi.KindQuery:
		return h.query(c, req)
	case daemonapi.KindSchema:
		return h.schema(c, req)
	case daemonapi.KindRunning:
		return h.running(c, req)
	case daemonapi.KindCancel:
		if !h.requests.cancel(callerOf(req), string(req.Body)) {
			return errs.RecordNotFound("query", string(req.Body[:min(len(req.Body), longestShownID)]))
		}
		return c.Write(nil, true)
	case daemonapi.KindExport:
		return h.export(c, req)
	case daemonapi.KindImport:
		return h.importData(c, req)
	case daemonapi.KindCopy:
		return h.copy(c, req)
	}
	return errs.E(errs.Unsupported, "This query daemon does not know this kind of request (%d); run the same version of ayb in all parts", req.Kind)
}

// query runs the statements of a request.
func (h *handler) query(c *mux.Call, req daemonapi.Request) error {
	batch, err := decodeBatch(req)
	if err != nil {
		return err
	}
	job := engine.NewJob(batch, engine.JobOptions{
		Mode: req.Mode, Format: req.Format, ResultBytes: req.ResultBytes, Timeout: h.timeout(req, batch),
	})
	r, err := h.requests.add(&request{caller: callerOf(req), mode: req.Mode, batch: batch, job: job, call: c})
	if err != nil {
		return err
	}
	c.OnCancel(job.Cancel)
	err = h.db.Run(job, r)
	h.requests.remove(r)
	return r.stopReason(err)
}

// schema describes the database.
func (h *handler) schema(c *mux.Call, req daemonapi.Request) error {
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: req.Mode, Timeout: h.timeout(req, daemonapi.Batch{})})
	c.OnCancel(job.Cancel)
	return h.db.Schema(job, c)
}

// running lists the statements that the caller may see.
func (h *handler) running(c *mux.Call, req daemonapi.Request) error {
	return writeJSON(c, h.requests.descriptions(callerOf(req)))
}

// writeJSON sends a JSON document as the complete answer.
func writeJSON(c *mux.Call, document any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "The answer could not be written")
	}
	return c.Write(text, true)
}

// readOptions reads the options of a request.
func readOptions(req daemonapi.Request, to any) error {
	if err := json.Unmarshal(req.Options, to); err != nil {
		return errs.Wrap(errs.Invalid, err, "The options of the request could not be read")
	}
	return nil
}

// timeout returns the engine time that a request may take. The request brings the
// limit of the database, which may be longer than that of the node.
func (h *handler) timeout(req daemonapi.Request, batch daemonapi.Batch) time.Duration {
	limit := cmp.Or(req.Timeout, h.limit)
	if batch.Timeout > 0 && (limit == 0 || batch.Timeout < limit) {
		return batch.Timeout
	}
	return limit
}

// decodeBatch reads the statements of a request. No part of the server reads the
// body earlier, that is, outside of the sandbox.
func decodeBatch(req daemonapi.Request) (daemonapi.Batch, error) {
	switch req.Form {
	case daemonapi.FormSQL:
		return daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: string(req.Body)}}, Script: true, Atomic: true}, nil
	case daemonapi.FormJSON:
		return daemonapi.DecodeBatch(req.Body)
	}
	return daemonapi.Batch{}, errs.E(errs.Unsupported, "This query daemon does not know this form of a request (%d); run the same version of ayb in all parts", req.Form)
}

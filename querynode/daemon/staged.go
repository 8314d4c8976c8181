package daemon

import (
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// answerStaged answers a request to a version that is not live. Such a version can
// receive a database file, once, and be checked.
func (h *handler) answerStaged(c *mux.Call, req daemonapi.Request) error {
	switch req.Kind {
	case daemonapi.KindImport:
		return h.receive(c, req)
	case daemonapi.KindCheck:
		return h.check(c)
	}
	return errs.E(errs.Invalid, "This version of the database is not live: it can only receive a database file or be checked")
}

// receive makes the database out of the file that the client sends.
func (h *handler) receive(c *mux.Call, req daemonapi.Request) error {
	var o daemonapi.ImportOptions
	if err := readOptions(req, &o); err != nil {
		return err
	}
	if !o.Format.CompleteFile() {
		return errs.E(errs.Invalid, "A version that is not live can only receive a database file; import rows and statements into the live version")
	}
	result := daemonapi.ImportResult{Format: o.Format, DryRun: o.DryRun}
	err := keepAlive(c, nil, func() (err error) {
		result.Bytes, result.Notes, err = h.db.Receive(maintenanceJob(c), requestBody(c, req))
		return err
	})
	if err != nil {
		return err
	}
	return writeJSON(c, result)
}

// check checks the database file of the version.
func (h *handler) check(c *mux.Call) error {
	var result daemonapi.CheckResult
	err := keepAlive(c, nil, func() (err error) {
		result.Bytes, err = h.db.Check(maintenanceJob(c))
		return err
	})
	if err != nil {
		return err
	}
	return writeJSON(c, result)
}

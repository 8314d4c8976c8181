package relay

import (
	"slices"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// maxErrorBytes bounds an encoded error of a daemon.
const maxErrorBytes = 16 << 10

// engineCodes are the errors that every daemon may report. A hostile daemon
// must not speak for other parts of the server, for example about identities.
var engineCodes = []errs.Code{
	errs.SQL, errs.ReadOnly, errs.Timeout, errs.Canceled, errs.Unavailable, errs.TooLarge,
	errs.Full, errs.DiskFull, errs.Engine, errs.Invalid, errs.InvalidSlug, errs.Unsupported, errs.Internal,
}

// filterDaemonError returns the encoded error of a daemon, or a general one
// when a daemon cannot have that error.
func filterDaemonError(asked daemonapi.Kind, payload []byte) []byte {
	if len(payload) <= maxErrorBytes && isPlausible(asked, errs.Unmarshal(payload)) {
		return payload
	}
	return errs.Marshal(errs.E(errs.Engine, "The query daemon reported an error that is not valid"))
}

// moreCodes are the further errors for some kinds of requests.
var moreCodes = map[daemonapi.Kind][]errs.Code{
	daemonapi.KindQuery:  {errs.Conflict},
	daemonapi.KindCancel: {errs.NotFound},
	daemonapi.KindExport: {errs.NotFound, errs.Snapshot},
	daemonapi.KindImport: {errs.NotFound, errs.Conflict, errs.Snapshot},
	daemonapi.KindCopy:   {errs.NotFound, errs.Conflict, errs.Snapshot},
	daemonapi.KindCheck:  {errs.NotFound, errs.Snapshot},
}

// attributes are the permitted attributes of a daemon's error. Clients would
// take others as the server's own, and some change the kind of the error.
var attributes = []string{"statement", "sqlite_code", "offset", "id", "record_type", errs.AttrReason}

// reasons are the permitted values of errs.AttrReason.
var reasons = []string{errs.ReasonDatabase, errs.ReasonDisk, errs.ReasonTemp}

// missingTypes are the types of records that a daemon can report as missing.
var missingTypes = []string{"", "table"}

// isPlausible reports whether a daemon can know what its error says. The only
// missing records that it knows are in its database, except for a statement to
// cancel.
func isPlausible(asked daemonapi.Kind, err *errs.Error) bool {
	for name := range err.Attrs {
		if !slices.Contains(attributes, name) {
			return false
		}
	}
	if reason, ok := err.Attrs[errs.AttrReason]; ok && !slices.Contains(reasons, reason) {
		return false
	}
	if err.Code == errs.NotFound {
		record := err.Attrs["record_type"]
		if asked == daemonapi.KindCancel && record != "query" || asked != daemonapi.KindCancel && !slices.Contains(missingTypes, record) {
			return false
		}
	}
	return slices.Contains(engineCodes, err.Code) || slices.Contains(moreCodes[asked], err.Code)
}

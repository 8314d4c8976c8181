package relay

import (
	"slices"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// maxErrorBytes is how long an encoded error of a daemon may be.
const maxErrorBytes = 16 << 10

// engineCodes are what a daemon may say. One that was taken over must not
// speak for other parts of the server, about who somebody is, for example.
var engineCodes = []errs.Code{
	errs.SQL, errs.ReadOnly, errs.Timeout, errs.Canceled, errs.Unavailable, errs.TooLarge,
	errs.Full, errs.DiskFull, errs.Engine, errs.Invalid, errs.InvalidSlug, errs.Unsupported, errs.Internal,
}

// filterDaemonError passes an error of a daemon on if it is one that a daemon can
// have.
func filterDaemonError(asked daemonapi.Kind, payload []byte) []byte {
	if len(payload) <= maxErrorBytes && isPlausible(asked, errs.Unmarshal(payload)) {
		return payload
	}
	return errs.Marshal(errs.E(errs.Engine, "The query daemon gave an answer that could not be used"))
}

// moreCodes are what a daemon may say besides when it was asked for this.
var moreCodes = map[daemonapi.Kind][]errs.Code{
	daemonapi.KindCancel: {errs.NotFound},
	daemonapi.KindExport: {errs.NotFound, errs.Snapshot},
	daemonapi.KindImport: {errs.NotFound, errs.Conflict, errs.Snapshot},
	daemonapi.KindCopy:   {errs.NotFound, errs.Conflict, errs.Snapshot},
	daemonapi.KindCheck:  {errs.NotFound, errs.Snapshot},
}

// attributes are what an error of a daemon may have besides its text. Others
// would be told as the server's own, or change what kind of error it is told as.
var attributes = []string{"statement", "sqlite_code", "offset", "id", "record_type", errs.AttrReason}

// reasons are what a daemon may say of a limit.
var reasons = []string{errs.ReasonDatabase, errs.ReasonDisk, errs.ReasonTemp}

// missingTypes are the records that a daemon can know to be missing.
var missingTypes = []string{"", "table"}

// isPlausible tells whether a daemon can know what it says. Nothing that it was
// asked for can be missing but what is in its database.
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

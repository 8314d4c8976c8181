package relay

import (
	"slices"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/query"
)

// largestError is how long an encoded error of a daemon may be.
const largestError = 16 << 10

// engineCodes are what a daemon may say. One that was taken over must not
// speak for other parts of the server, about who somebody is, for example.
var engineCodes = []errs.Code{
	errs.SQL, errs.ReadOnly, errs.Timeout, errs.Canceled, errs.Unavailable, errs.TooLarge,
	errs.Full, errs.Engine, errs.Invalid, errs.InvalidSlug, errs.Unsupported, errs.Internal,
}

// engineError passes an error of a daemon on if it is one that a daemon can
// have.
func engineError(asked query.Kind, payload []byte) []byte {
	if len(payload) <= largestError && credible(asked, errs.Unmarshal(payload)) {
		return payload
	}
	return errs.Marshal(errs.E(errs.Engine, "The query daemon gave an answer that could not be used"))
}

// credible tells whether a daemon can know what it says. Nothing that it was
// asked for can be missing but a statement to be canceled.
func credible(asked query.Kind, err *errs.Error) bool {
	if err.Code == errs.NotFound {
		return asked == query.KindCancel && err.Attrs["record_type"] == "query"
	}
	return slices.Contains(engineCodes, err.Code)
}

package mailer

import (
	"context"
	"errors"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// backend is one way for mail to leave. It is safe for concurrent use.
type backend interface {
	// name is what messages and the ledger call it.
	name() string
	// deliver hands one mail over. nil means that it has been taken for good.
	// A Mail error is final, its message without details for strangers; after
	// any other error another try may succeed.
	deliver(ctx context.Context, m message) error
	close()
}

// failure is what one backend says of one mail.
type failure struct {
	backend string
	err     error
}

// combineFailures joins what the backends say. It is final, with the code Mail, only
// when no backend can be tried again: pitfall A16, a backend that fails for
// now does not make the mail fail, and what the others took they keep.
func combineFailures(failed []failure) error {
	if len(failed) == 0 {
		return nil
	}
	final := true
	var public, full []string
	var causes []error
	for _, f := range failed {
		final = final && errs.Is(f.err, errs.Mail)
		head := f.backend + " backend failed: "
		public = append(public, head+errs.Public(f.err).Message)
		full = append(full, head+f.err.Error())
		causes = append(causes, errors.Unwrap(f.err))
	}
	if final {
		return errs.Wrap(errs.Mail, errors.Join(causes...), "%s", strings.Join(public, "; "))
	}
	// As text: a Mail error among them must not make the whole final.
	return errs.Wrap(errs.Unavailable, errors.New(strings.Join(full, "; ")), "The mail has not left yet")
}

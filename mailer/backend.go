package mailer

import (
	"context"
	"errors"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// backend delivers mails. It is safe for concurrent use.
type backend interface {
	// name names the backend in messages and in the ledger.
	name() string
	// deliver delivers one mail. nil means that the mail was accepted for good.
	// An error with the code Mail is final, and its message is public. After
	// any other error another try may succeed.
	deliver(ctx context.Context, m message) error
	close()
}

// failure is the error of one backend for one mail.
type failure struct {
	backend string
	err     error
}

// combineFailures joins the errors of the backends. The result is final, with the
// code Mail, only if all of them are final. As long as one backend can be tried
// again, the job stays in the queue; the other backends keep their deliveries.
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
	// As text, so that a Mail error among them does not make the result final.
	return errs.Wrap(errs.Unavailable, errors.New(strings.Join(full, "; ")), "The mail has not left yet")
}

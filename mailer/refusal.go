package mailer

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"

	"github.com/ayb-go/ayb/shared/errs"
)

// notFinalCodes are permanent answers that the mail is not to blame for: commands the
// relay does not know or want in this order, a relay that takes no mail now,
// and a log-in that is missing or too weak. The operator can mend them, and
// until the mail expires it waits for that.
var notFinalCodes = []int{500, 502, 503, 504, 521, 530, 534, 535, 538}

// classify tells a refusal for good, which gets the code Mail, from what may
// pass. The receiver's address is taken out of what the relay says, because
// the text is for logs.
func classify(err error, receiver string) error {
	var at *stepError
	var reply *textproto.Error
	if !errors.As(err, &at) || !errors.As(err, &reply) {
		return fmt.Errorf("the relay did not take the mail: %w", err)
	}
	address := regexp.MustCompile(`(?i)` + regexp.QuoteMeta(receiver))
	cause := fmt.Errorf("the relay says %d %q", reply.Code, address.ReplaceAllLiteralString(reply.Msg, "(receiver)"))
	if reply.Code < 500 || reply.Code > 599 || slices.Contains(notFinalCodes, reply.Code) {
		return fmt.Errorf("the relay did not take the %s: %w", at.step, cause)
	}
	return errs.Wrap(errs.Mail, cause, "the mail server refused the %s (%d)", at.step, reply.Code)
}

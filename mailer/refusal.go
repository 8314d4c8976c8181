package mailer

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"

	"github.com/ayb-go/ayb/shared/errs"
)

// notFinalCodes are permanent SMTP answers that do not depend on the mail: unknown
// or unexpected commands, a relay that accepts no mail, and a missing or weak
// log-in. The operator can repair them. The mail waits for that until it expires.
var notFinalCodes = []int{500, 502, 503, 504, 521, 530, 534, 535, 538}

// classify returns an error with the code Mail for a final refusal, and another
// error for a temporary one. It removes the address of the recipient from the
// answer of the relay, because the text is for logs.
func classify(err error, recipient string) error {
	var at *stepError
	var reply *textproto.Error
	if !errors.As(err, &at) || !errors.As(err, &reply) {
		return fmt.Errorf("the relay did not take the mail: %w", err)
	}
	address := regexp.MustCompile(`(?i)` + regexp.QuoteMeta(recipient))
	cause := fmt.Errorf("the relay says %d %q", reply.Code, address.ReplaceAllLiteralString(reply.Msg, "(recipient)"))
	if reply.Code < 500 || reply.Code > 599 || slices.Contains(notFinalCodes, reply.Code) {
		return fmt.Errorf("the relay did not take the %s: %w", at.step, cause)
	}
	return errs.Wrap(errs.Mail, cause, "the mail server refused the %s (%d)", at.step, reply.Code)
}

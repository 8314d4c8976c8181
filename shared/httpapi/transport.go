package httpapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/ayb-go/ayb/shared/errs"
)

// transportError returns the error of a call without an answer. Texts of the libraries
// stay in its cause.
func (c *Client) transportError(ctx context.Context, err error) *errs.Error {
	if e, ok := errors.AsType[*errs.Error](err); ok { // of this package, about the answer
		return e
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return errs.Wrap(errs.Canceled, err, "The request was canceled")
	}
	code := errs.Unavailable
	if isTimeout(err) {
		code = errs.Timeout
	}
	if isClosed(err) {
		return errs.Wrap(code, err, "%s closed the connection before the answer was complete", c.base)
	}
	return errs.Wrap(code, err, "Could not reach %s: %s", c.base, reason(err))
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout() || errors.Is(err, os.ErrDeadlineExceeded)
}

// reason returns why there is no answer, in a few words.
func reason(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && !dns.IsTimeout {
		return "there is no host named " + dns.Name
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not trusted"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is for another name"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS; try http:// instead of https://"
	}
	switch {
	case isTimeout(err):
		return "it did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no route to that host"
	}
	return "the connection failed"
}

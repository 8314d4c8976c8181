package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// ticketLifetime is how long the form of a consent page is accepted.
const ticketLifetime = time.Hour

// newTicket makes the ticket of a consent page. The form of the page returns it
// with the answer. A ticket is its own end and a MAC over that end, the log-in to
// which the page was shown, and all fields of the request. So an answer from
// another log-in, with a changed field, or after the end is refused.
func (s *Service) newTicket(actor authz.Actor, r Request) string {
	return s.sealTicket(actor, r, s.deps.Now().Add(ticketLifetime).Unix())
}

func (s *Service) sealTicket(actor authz.Actor, r Request, ends int64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(ends))
	mac := hmac.New(sha256.New, s.cfg.Key[:])
	for _, part := range []string{
		string(b), actor.Token, string(actor.Slug),
		r.redirect.raw, string(r.level), r.state, r.challenge, r.app,
	} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		mac.Write(size[:]) // writing to a hash never fails
		mac.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(b))
}

// verifyTicket checks that a ticket was made for this actor and this request and
// has not ended. The error is Invalid.
func (s *Service) verifyTicket(actor authz.Actor, r Request, ticket string) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(ticket)
	if err == nil && len(raw) == 8+sha256.Size {
		ends := int64(binary.BigEndian.Uint64(raw))
		if hmac.Equal([]byte(s.sealTicket(actor, r, ends)), []byte(ticket)) && s.deps.Now().Unix() < ends {
			return nil
		}
	}
	return httpapi.OAuthError(httpapi.OAuthInvalidRequest,
		errs.E(errs.Invalid, "This page is too old or was changed; go back to the application and start again"))
}

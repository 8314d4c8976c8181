package accounts

import (
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// Limiter counts requests under a key. The error is RateLimited when there are
// too many. It is safe for concurrent use.
type Limiter interface {
	Take(key string) error
}

// countRequests counts a request for an account or a mail address. Callers count
// before they look up the account, so that a refusal does not reveal whether the
// account exists. The network address of the client plays no part: many machines
// together cannot fill an inbox either.
func (a *Accounts) countRequests(keys ...string) error {
	if a.deps.Limits == nil {
		return nil
	}
	for _, k := range keys {
		if err := a.deps.Limits.Take(k); err != nil {
			public := errs.Public(err)
			refused := errs.Wrap(public.Code, err, "Too many requests for this account or mail address; try again later")
			refused.Attrs = public.Attrs // with the time of the next try
			return refused
		}
	}
	return nil
}

// inbox returns the address without the tag after a plus sign:
// alice+one@example.org and alice+two@example.org are one inbox.
func inbox(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

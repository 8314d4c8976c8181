package accounts

import (
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// Limiter counts requests under a key; RateLimited when they are too many.
type Limiter interface {
	Take(key string) error
}

// countRequests counts a request for an account or a mail address. It is asked before
// anything is looked up, so that a refusal says nothing about who exists
// (S14), and whatever address the requests come from: nobody's inbox is filled
// from many machines (S13).
func (a *Accounts) countRequests(keys ...string) error {
	if a.deps.Limits == nil {
		return nil
	}
	for _, k := range keys {
		if err := a.deps.Limits.Take(k); err != nil {
			told := errs.Public(err)
			refused := errs.Wrap(told.Code, err, "Too many requests for this account or mail address; try again later")
			refused.Attrs = told.Attrs // when to try again
			return refused
		}
	}
	return nil
}

// inbox gives the address without what its owner may add to it freely:
// alice+one@example.org and alice+two@example.org are one inbox.
func inbox(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

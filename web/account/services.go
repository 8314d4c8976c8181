package account

import (
	"context"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// LogIns logs browsers in and out. Errors carry codes. It is safe for
// concurrent use.
type LogIns interface {
	// Register mails a link that confirms a new account to its address. After that
	// the link leads to next, as for LogIn.
	Register(ctx context.Context, entity, address, next string) (queued bool, err error)
	// LogIn mails a link to the address of the account. After the log-in the
	// link leads to next: a path of this server, or empty.
	LogIn(ctx context.Context, entity, next string) (queued bool, err error)
	// AccountSwitch returns the account that the browser is logged in to and
	// the account of the mailed token, when these are two different accounts.
	// Both are empty in all other cases, such as an invalid token.
	AccountSwitch(ctx context.Context, token, mailed string) (now, then string, err error)
	// Confirm exchanges the mailed token, once, for a log-in.
	Confirm(ctx context.Context, mailed string) (httpapi.WebLogin, error)
	// LogOut revokes the token of a log-in. A token that is not valid any
	// more is no error.
	LogOut(ctx context.Context, token string) error
}

// Applications answers requests of applications for access to a database. The
// token is that of the browser's log-in; the error is InvalidToken or Hidden
// when it is not valid. A request that can never be granted is Invalid with an
// OAuth code, whatever the token. It is safe for concurrent use.
type Applications interface {
	PrepareConsent(ctx context.Context, token string, r httpapi.AuthorizeRequest) (httpapi.Consent, error)
	// Grant and Deny return the address to which the browser is sent.
	Grant(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket, database string) (location string, err error)
	Deny(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket string) (location string, err error)
	// CreateDatabase creates an empty database of the account and returns its
	// path, entity/database.
	CreateDatabase(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket, name string) (path string, err error)
}

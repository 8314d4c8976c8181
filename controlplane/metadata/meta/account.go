package meta

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Entity is an account.
type Entity struct {
	ID      EntityID
	Slug    ayb.EntitySlug
	Type    ayb.EntityType
	Profile Profile
}

// Profile is the public description of an account. Nil texts are unset.
type Profile struct {
	DisplayName  *string
	Description  *string
	Organization *string
	Location     *string
	Links        []Link
}

// Link is a link of a profile.
type Link struct {
	URL string
	// Verified says that the page links back to the profile.
	Verified bool
}

// Change is one field of an update: To is the new value if Set, else the field
// stays as it is.
type Change[T any] struct {
	Set bool
	To  T
}

// ProfileUpdate changes fields of a profile. A nil text clears the field; Links
// replaces the complete list.
type ProfileUpdate struct {
	DisplayName  Change[*string]
	Description  Change[*string]
	Organization Change[*string]
	Location     Change[*string]
	Links        Change[[]Link]
}

// Confirmation holds all changes of a confirmed mail, which the store makes in
// one transaction.
type Confirmation struct {
	Slug    ayb.EntitySlug
	Type    ayb.EntityType
	Address string
	// MailDigest identifies the log-in token, which can be spent once.
	MailDigest string
	// MailExpires is when the log-in token expires. Its digest is stored until
	// then.
	MailExpires time.Time
	// MailIssued is when the log-in token was made. A token from before the last
	// deletion of the account is refused.
	MailIssued time.Time
	// Short and Hash are those of the new API token; see APIToken for ExpiresAt
	// and Idle.
	Short     string
	Hash      [32]byte
	ExpiresAt time.Time
	Idle      time.Duration
	// Now is the time of the confirmation.
	Now time.Time
}

// DeletedEntity lists records that were deleted with an account, for the caches
// that hold them and the node that has the files.
type DeletedEntity struct {
	// Databases are those that the account owned. Each is also a PurgeTask.
	Databases []Database
	// Tokens are the short halves of its tokens, and of tokens of other accounts
	// that were limited to one of its databases.
	Tokens []string
}

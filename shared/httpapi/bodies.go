package httpapi

// Empty is the answer {} of calls that have nothing to tell.
type Empty struct{}

// Health is the answer of GET /health.
type Health struct {
	Status string `json:"status"` // "ok"
	// Disk is "full" when a disk of the server has nothing free but its reserve:
	// requests are accepted, and what needs room is refused. Else it is left out.
	Disk string `json:"disk,omitempty"`
}

// RegisterRequest is the JSON twin of the headers of register.
type RegisterRequest struct {
	Entity       string `json:"entity,omitempty"`
	EmailAddress string `json:"email_address,omitempty"`
	EntityType   string `json:"entity_type,omitempty"` // ayb.EntityType
}

// LogInRequest is the JSON twin of the headers of log_in.
type LogInRequest struct {
	Entity string `json:"entity,omitempty"`
}

// ConfirmRequest is the JSON twin of the headers of confirm.
type ConfirmRequest struct {
	AuthenticationToken string `json:"authentication_token,omitempty"`
}

// CreateDatabaseRequest is the JSON twin of the headers of create.
type CreateDatabaseRequest struct {
	DBType             string `json:"db_type,omitempty"`              // ayb.DatabaseType
	PublicSharingLevel string `json:"public_sharing_level,omitempty"` // ayb.PublicLevel, default no-access
}

// DeliveryQueued is the Delivery of a mail that is kept and sent later.
const DeliveryQueued = "queued"

// MailSent answers register and log_in: {} when the mail has been handed
// over, {"delivery":"queued"} when it is on its way.
type MailSent struct {
	Delivery string `json:"delivery,omitempty"`
}

// Confirmed answers confirm with a fresh API token.
type Confirmed struct {
	Entity string `json:"entity"`
	Token  string `json:"token"`
}

// Created answers create.
type Created struct {
	Entity       string `json:"entity"`
	Database     string `json:"database"`
	DatabaseType string `json:"database_type"`
}

// Spellings of DatabaseDetails.HighestQueryAccessLevel. This one key is
// capitalised; everything else uses the spellings of ayb.QueryLevel.
const (
	AccessReadOnly  = "ReadOnly"
	AccessReadWrite = "ReadWrite"
)

// DatabaseDetails answers details.
type DatabaseDetails struct {
	EntitySlug              string  `json:"entity_slug"`
	DatabaseSlug            string  `json:"database_slug"`
	DatabaseType            string  `json:"database_type"`
	HighestQueryAccessLevel *string `json:"highest_query_access_level"` // nil: the caller may not query
	CanManageDatabase       bool    `json:"can_manage_database"`
	PublicSharingLevel      string  `json:"public_sharing_level"`
	// QueryPermissionLevel is HighestQueryAccessLevel in the spelling of
	// ayb.QueryLevel, as everywhere else.
	QueryPermissionLevel *string `json:"query_permission_level"`
	// ForkedFrom is the database this one was copied from, ENTITY/DATABASE, and
	// Forks are its copies: as far as the caller may know of them.
	ForkedFrom *string      `json:"forked_from"`
	Forks      List[string] `json:"forks"`
}

// QueryResult is the answer of query, decoded as a whole. A nil cell is NULL,
// every other value is text.
type QueryResult struct {
	Fields List[string]        `json:"fields"`
	Rows   List[List[*string]] `json:"rows"`
}

// Entity answers GET entity.
type Entity struct {
	Slug        string               `json:"slug"`
	Profile     Profile              `json:"profile"`
	Databases   List[EntityDatabase] `json:"databases"`
	Permissions EntityPermissions    `json:"permissions"`
	// Deleted are the databases that can still be had back, the newest
	// deletion first. Only the account itself is told, and only if there are
	// some.
	Deleted List[DeletedDatabase] `json:"deleted_databases,omitempty"`
}

// Profile is what an entity says about itself; nil is unset.
type Profile struct {
	DisplayName  *string    `json:"display_name"`
	Description  *string    `json:"description"`
	Organization *string    `json:"organization"`
	Location     *string    `json:"location"`
	Links        List[Link] `json:"links"`
}

// Link is one link of a profile.
type Link struct {
	URL      string `json:"url"`
	Verified bool   `json:"verified"`
}

// EntityDatabase is a database in an entity's listing.
type EntityDatabase struct {
	Slug         string `json:"slug"`
	DatabaseType string `json:"database_type"`
}

// EntityPermissions says what the caller may do in an entity's name.
type EntityPermissions struct {
	CanCreateDatabase bool `json:"can_create_database"`
}

// Tokens answers GET tokens.
type Tokens struct {
	Tokens List[Token] `json:"tokens"`
	// Next is what `after` has to be for the next page; absent on the last one
	// and where no page was asked for.
	Next string `json:"next,omitempty"`
}

// Token describes an API token, never its secret. The times are UTC in the
// form "2006-01-02 15:04:05[.fraction]". Plain log-in tokens have nil for
// scope, level and app.
type Token struct {
	ShortToken      string  `json:"short_token"`
	ScopedDatabase  *string `json:"scoped_database"`
	PermissionLevel *string `json:"permission_level"` // ayb.QueryLevel
	AppName         *string `json:"app_name"`
	CreatedAt       *string `json:"created_at"`
	ExpiresAt       *string `json:"expires_at"`
	RevokedAt       *string `json:"revoked_at"`
	// Name is what its owner calls it; LastUsedAt may be a minute late.
	Name       *string `json:"name"`
	LastUsedAt *string `json:"last_used_at"`
}

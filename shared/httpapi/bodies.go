package httpapi

// Empty is the answer {} of calls without a result.
type Empty struct{}

// Health is the answer of GET /health.
type Health struct {
	Status string `json:"status"` // "ok"
	// Disk is "full" when a disk of the server has no free space except its
	// reserve. The server then refuses requests that need space. Otherwise the
	// key is absent.
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

// DeliveryQueued is the Delivery of a mail that will be sent later.
const DeliveryQueued = "queued"

// MailSent answers register and log_in: {} for a mail that was sent, or
// {"delivery":"queued"} for one that will be sent later.
type MailSent struct {
	Delivery string `json:"delivery,omitempty"`
}

// Confirmed answers confirm with a new API token.
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
	HighestQueryAccessLevel *string `json:"highest_query_access_level"` // nil if the caller may not query
	CanManageDatabase       bool    `json:"can_manage_database"`
	PublicSharingLevel      string  `json:"public_sharing_level"`
	// QueryPermissionLevel is HighestQueryAccessLevel in the spelling of
	// ayb.QueryLevel, as everywhere else.
	QueryPermissionLevel *string `json:"query_permission_level"`
	// ForkedFrom is the origin of this copy, ENTITY/DATABASE, and Forks are its
	// copies, as far as the caller may see them.
	ForkedFrom *string      `json:"forked_from"`
	Forks      List[string] `json:"forks"`
}

// QueryResult is the complete answer of query. A nil cell is NULL; every other
// value is text.
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
	// Deleted are the databases that can be undeleted, the newest deletion first.
	// Only the account itself gets the key, and only if the list is not empty.
	Deleted List[DeletedDatabase] `json:"deleted_databases,omitempty"`
	// Shared are the databases of other accounts that were shared with the account,
	// newest first; databases that are only public are left out. Only the account
	// itself gets the key, and only if the list is not empty.
	Shared List[SharedDatabase] `json:"shared_databases,omitempty"`
}

// Profile is the profile of an entity; nil means unset.
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

// EntityPermissions are the caller's permissions on an entity.
type EntityPermissions struct {
	CanCreateDatabase bool `json:"can_create_database"`
}

// Tokens answers GET tokens.
type Tokens struct {
	Tokens List[Token] `json:"tokens"`
	// Next is the value of `after` for the next page. It is absent on the last
	// page, and without `limit` and `after`.
	Next string `json:"next,omitempty"`
}

// Token describes an API token without its secret. The times are in UTC and in the
// form "2006-01-02 15:04:05[.fraction]". Tokens of a log-in have no scope, level and
// app.
type Token struct {
	ShortToken      string  `json:"short_token"`
	ScopedDatabase  *string `json:"scoped_database"`
	PermissionLevel *string `json:"permission_level"` // ayb.QueryLevel
	AppName         *string `json:"app_name"`
	CreatedAt       *string `json:"created_at"`
	ExpiresAt       *string `json:"expires_at"`
	RevokedAt       *string `json:"revoked_at"`
	// Name was chosen by the owner. LastUsedAt may be a minute late.
	Name       *string `json:"name"`
	LastUsedAt *string `json:"last_used_at"`
}

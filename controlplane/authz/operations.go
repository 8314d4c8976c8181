package authz

import "github.com/ayb-go/ayb/shared/errs"

// Operation is what a route lets a caller do. Routes without a caller have none.
type Operation string

// Operations on one database.
const (
	CreateDatabase   Operation = "create database"
	ShowDatabase     Operation = "show database"
	QueryDatabase    Operation = "query database"
	ShowSchema       Operation = "show schema"
	ListQueries      Operation = "list queries"
	CancelQuery      Operation = "cancel query"
	UpdateDatabase   Operation = "update database"
	ShareDatabase    Operation = "share database"
	ListPermissions  Operation = "list permissions"
	ShowUsage        Operation = "show usage" // of space and limits
	ExportData       Operation = "export data"
	ImportData       Operation = "import data"
	ForkDatabase     Operation = "fork database"
	DeleteDatabase   Operation = "delete database"
	UndeleteDatabase Operation = "undelete database"
	RenameDatabase   Operation = "rename database"
	ListSnapshots    Operation = "list snapshots"
	TakeSnapshot     Operation = "take snapshot"
	RestoreSnapshot  Operation = "restore snapshot"
)

// Operations on an account, its tokens, applications and browsers.
const (
	ShowEntity     Operation = "show entity"
	UpdateProfile  Operation = "update profile"
	DeleteAccount  Operation = "delete account"
	ListTokens     Operation = "list tokens"
	RevokeToken    Operation = "revoke token"
	CreateToken    Operation = "create token"
	AuthorizeApp   Operation = "authorize application"
	OpenWebSession Operation = "open web session"
)

// CheckScope returns nil if the token of the caller may be used for an operation
// at all. A token without scope may be used for every operation, and so may a
// request without a token. A scoped token may be used only for the operations
// that are named here; RightsOn and MayRevoke limit it further. It cannot create
// tokens, so that it cannot widen itself. The error is Hidden. No record has to
// be loaded for the check.
func CheckScope(a Actor, op Operation) error {
	if a.Scope == nil && op != "" {
		return nil
	}
	switch op {
	case QueryDatabase, ShowSchema, ExportData, ListQueries, CancelQuery, ShowDatabase, ShowEntity, RevokeToken:
		return nil
	default:
		return errs.E(errs.Hidden, "A token that is limited to one database can't be used for this")
	}
}

// MayRevoke returns nil if the caller may revoke the token with this short half,
// which belongs to the account of the caller. A scoped token may revoke only
// itself. The error is Hidden.
func MayRevoke(a Actor, short string) error {
	if a.Scope == nil || a.Token == short {
		return nil
	}
	return errs.E(errs.Hidden, "A token that is limited to one database can only revoke itself")
}

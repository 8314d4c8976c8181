package httpapi

import "net/url"

// Route patterns, with {name} for a percent-decoded path parameter.
const (
	RouteHealth   = "/health"
	RouteOpenAPI  = "/v1/openapi.json"
	RouteRegister = "/v1/register"
	RouteLogIn    = "/v1/log_in"
	RouteConfirm  = "/v1/confirm"
	RouteEntity   = "/v1/entity/{entity}"
	RouteTokens   = "/v1/tokens"
	RouteToken    = "/v1/tokens/{short_token}"
	RouteCreate   = "/v1/{entity}/{database}/create"
	RouteDetails  = "/v1/{entity}/{database}/details"
	RouteQuery    = "/v1/{entity}/{database}/query"
	RouteSchema   = "/v1/{entity}/{database}/schema"
	RouteQueries  = "/v1/{entity}/{database}/queries"
	RouteRunning  = "/v1/{entity}/{database}/queries/{id}"
	RouteUsage    = "/v1/{entity}/{database}/usage"

	RouteUpdate      = "/v1/{entity}/{database}/update"
	RouteShare       = "/v1/{entity}/{database}/share"
	RoutePermissions = "/v1/{entity}/{database}/permissions"

	RouteExport   = "/v1/{entity}/{database}/export"
	RouteImport   = "/v1/{entity}/{database}/import"
	RouteFork     = "/v1/{entity}/{database}/fork"
	RouteRename   = "/v1/{entity}/{database}/rename"
	RouteDatabase = "/v1/{entity}/{database}"
	RouteUndelete = "/v1/{entity}/{database}/undelete"

	RouteListSnapshots   = "/v1/{entity}/{database}/list_snapshots"
	RouteRestoreSnapshot = "/v1/{entity}/{database}/restore_snapshot"
	RouteSnapshots       = "/v1/{entity}/{database}/snapshots"
)

// Headers that are parameters. Each may also be a key of a JSON body, with underscores
// in place of hyphens.
const (
	HeaderEntity              = "entity"
	HeaderEmailAddress        = "email-address"
	HeaderEntityType          = "entity-type"
	HeaderAuthenticationToken = "authentication-token"
	HeaderDBType              = "db-type"
	HeaderPublicSharingLevel  = "public-sharing-level"
	HeaderSharingLevel        = "sharing-level"
	HeaderEntityForPermission = "entity-for-permission"
)

// EntityPath is the path of an entity's details.
func EntityPath(entity string) string { return "/v1/entity/" + url.PathEscape(entity) }

// TokenPath is the path of one API token, given by its short part.
func TokenPath(short string) string { return "/v1/tokens/" + url.PathEscape(short) }

// RunningPath is the path of a running query of a database.
func RunningPath(entity, database, id string) string {
	return DatabasePath(entity, database, "queries") + "/" + url.PathEscape(id)
}

// DatabasePath is the path of an action (create, details, query, …) on a database. It
// escapes the names, so that each stays one segment.
func DatabasePath(entity, database, action string) string {
	return "/v1/" + url.PathEscape(entity) + "/" + url.PathEscape(database) + "/" + action
}

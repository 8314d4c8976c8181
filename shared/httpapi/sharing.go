package httpapi

import (
	"context"
	"net/http"
)

// UpdateDatabaseRequest is the JSON twin of the headers of update. An empty
// field is not changed.
type UpdateDatabaseRequest struct {
	PublicSharingLevel string `json:"public_sharing_level,omitempty"` // ayb.PublicLevel
}

// ShareRequest is the JSON twin of the headers of share.
type ShareRequest struct {
	EntityForPermission string `json:"entity_for_permission,omitempty"`
	SharingLevel        string `json:"sharing_level,omitempty"` // ayb.SharingLevel
}

// Permissions answers permissions; the oldest grant comes first.
type Permissions struct {
	Permissions List[Permission] `json:"permissions"`
}

// Permission is the grant of one entity. The owner has no grant.
type Permission struct {
	EntitySlug   string `json:"entity_slug"`
	SharingLevel string `json:"sharing_level"` // ayb.SharingLevel
}

// SharedDatabase is a database of another account and the caller's grant on it.
type SharedDatabase struct {
	Entity       string `json:"entity"` // the owner
	Slug         string `json:"slug"`
	DatabaseType string `json:"database_type"`
	SharingLevel string `json:"sharing_level"` // ayb.SharingLevel
}

// UpdateDatabase changes the public sharing level of a database.
func (c *Client) UpdateDatabase(ctx context.Context, entity, database string, r UpdateDatabaseRequest) error {
	return c.do(ctx, call{method: http.MethodPatch, path: DatabasePath(entity, database, "update"),
		auth: bearer, success: http.StatusOK, params: params{{HeaderPublicSharingLevel, r.PublicSharingLevel}}}, nil)
}

// Share grants an entity access to a database, or changes its level. The level
// no-access removes the grant.
func (c *Client) Share(ctx context.Context, entity, database string, r ShareRequest) error {
	return c.do(ctx, call{method: http.MethodPost, path: DatabasePath(entity, database, "share"),
		auth: bearer, success: http.StatusNoContent, params: params{
			{HeaderEntityForPermission, r.EntityForPermission}, {HeaderSharingLevel, r.SharingLevel},
		}}, nil)
}

// Permissions lists the grants on a database, oldest first.
func (c *Client) Permissions(ctx context.Context, entity, database string) ([]Permission, error) {
	var out Permissions
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "permissions"),
		auth: bearer, success: http.StatusOK}, &out)
	return out.Permissions, err
}

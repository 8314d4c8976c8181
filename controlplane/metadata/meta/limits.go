package meta

import (
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/shared/ayb"
)

// LimitsRecord is an account or a database for which the operator has set limits.
type LimitsRecord struct {
	Entity ayb.EntitySlug
	// Database is empty for limits of the account.
	Database ayb.DatabaseSlug
	Values   limits.Values
}

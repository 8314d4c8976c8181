package store

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Numbers in the schema. They are fixed, because stores of the reference
// implementation hold them.
const (
	methodEmail    = 0
	statusVerified = 0
)

var (
	entityTypes   = []ayb.EntityType{ayb.User, ayb.Organization}
	databaseTypes = []ayb.DatabaseType{ayb.SQLite, ayb.DuckDB}
	publicLevels  = []ayb.PublicLevel{ayb.PublicNone, ayb.PublicFork, ayb.PublicReadOnly}
	sharingLevels = []ayb.SharingLevel{ayb.ShareNone, ayb.ShareReadOnly, ayb.ShareReadWrite, ayb.ShareManager}
	queryLevels   = []ayb.QueryLevel{ayb.QueryReadOnly, ayb.QueryReadWrite}
)

// encode returns the stored number of a value.
func encode[T comparable](known []T, v T) (int, error) {
	for i, k := range known {
		if k == v {
			return i, nil
		}
	}
	return 0, fmt.Errorf("there is no stored number for %v", v)
}

// decode is the inverse of encode.
func decode[T any](known []T, n int64) (T, error) {
	if n < 0 || n >= int64(len(known)) {
		var zero T
		return zero, fmt.Errorf("there is no %T with the stored number %d", zero, n)
	}
	return known[n], nil
}

// timeLayout is the form of stored times: UTC with six digits, so that the order of
// the texts is the order of the times.
const timeLayout = "2006-01-02 15:04:05.000000"

func formatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// readTime decodes a nullable time. The driver reads the texts of TIMESTAMP columns
// in every form that older stores hold.
func readTime(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// nullTime encodes a time; zero is NULL.
func nullTime(t time.Time) sql.NullString {
	if t.IsZero() {
		return sql.NullString{}
	}
	return sql.NullString{String: formatTime(t), Valid: true}
}

// nullText encodes a text; the empty text is NULL.
func nullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// nullSeconds encodes a duration; zero is NULL.
func nullSeconds(d time.Duration) sql.NullInt64 {
	return sql.NullInt64{Int64: int64(d / time.Second), Valid: d != 0}
}

func optionalText(s sql.NullString) *string {
	if !s.Valid {
		return nil
	}
	return &s.String
}

// parseHash reads the hexadecimal hash of a token.
func parseHash(s string) (h [32]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("the stored hash of a token is not 32 bytes of hexadecimal")
	}
	return [32]byte(b), nil
}

// storedLink is a profile link in the schema.
type storedLink struct {
	URL      string `json:"url"`
	Verified bool   `json:"verified"`
}

// readLinks decodes the JSON list of profile links.
func readLinks(s sql.NullString) ([]meta.Link, error) {
	if !s.Valid || s.String == "" {
		return nil, nil
	}
	var stored []storedLink
	if err := json.Unmarshal([]byte(s.String), &stored); err != nil {
		return nil, fmt.Errorf("could not read the stored links of a profile: %w", err)
	}
	out := make([]meta.Link, len(stored))
	for i, l := range stored {
		out[i] = meta.Link(l)
	}
	return out, nil
}

// writeLinks is the inverse of readLinks.
func writeLinks(list []meta.Link) (sql.NullString, error) {
	if len(list) == 0 {
		return sql.NullString{}, nil
	}
	stored := make([]storedLink, len(list))
	for i, l := range list {
		stored[i] = storedLink(l)
	}
	b, err := json.Marshal(stored)
	return sql.NullString{String: string(b), Valid: true}, err
}

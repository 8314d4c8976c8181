package httpapi

// Usage answers GET usage: the usage and the limits of a database.
type Usage struct {
	// DatabaseBytes and WALBytes are the sizes of its file and of its write-ahead
	// log.
	DatabaseBytes int64 `json:"database_bytes"`
	WALBytes      int64 `json:"wal_bytes"`
	// Running is the number of running and waiting requests.
	Running int `json:"running"`
	// Limits are the limits of the database, by the names in the server's
	// configuration. Limits and Account are for the owner only; for other callers
	// the keys are absent.
	Limits  map[string]Limit `json:"limits,omitempty"`
	Account AccountUsage     `json:"account,omitzero"`
}

// AccountUsage is the usage of the account that owns a database.
type AccountUsage struct {
	Entity    string `json:"entity"`
	Databases int    `json:"databases"`
	// Limits are the limits of the account.
	Limits map[string]Limit `json:"limits"`
}

// Limit is one limit: sizes are in bytes, times in milliseconds. Where 0 is no sensible
// limit, it means unlimited.
type Limit struct {
	Value int64 `json:"value"`
	// Source is where the operator has set it: "server", "account" or "database".
	Source string `json:"source"`
}

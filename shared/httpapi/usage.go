package httpapi

// Usage answers GET usage: what a database uses and what limits it.
type Usage struct {
	// DatabaseBytes and WALBytes are the sizes of its file and of the log of
	// what is not in the file yet.
	DatabaseBytes int64 `json:"database_bytes"`
	WALBytes      int64 `json:"wal_bytes"`
	// Running is how many requests run or wait.
	Running int `json:"running"`
	// Limits are what holds for the database, by the names of the server's
	// configuration. They and Account are told to the owner only; for others
	// the keys are left out.
	Limits  map[string]Limit `json:"limits,omitempty"`
	Account AccountUsage     `json:"account,omitzero"`
}

// AccountUsage is what the account that owns a database uses.
type AccountUsage struct {
	Entity    string `json:"entity"`
	Databases int    `json:"databases"`
	// Limits are those of the account as a whole.
	Limits map[string]Limit `json:"limits"`
}

// Limit is one limit: sizes are in bytes, times in milliseconds. Where 0 makes
// no sense as a limit it means that there is none.
type Limit struct {
	Value int64 `json:"value"`
	// Source is "server", "account" or "database": for what the operator has
	// set it.
	Source string `json:"source"`
}

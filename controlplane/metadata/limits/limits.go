// Package limits defines the limits that an operator can set: their names, their
// valid values, and which value is effective when the server, an account and a
// database each have one. It does no I/O and stores nothing.
package limits

import (
	"math"
	"time"
)

// Limit is one limit. Its text is the key in the section [limits] of a server's
// configuration, and its name in commands and messages.
type Limit uint8

// The limits. Sizes are in bytes, StatementTimeout is in milliseconds.
const (
	DatabaseBytes Limit = iota
	HeapBytes
	StatementTimeout
	ResultBytes
	RequestBytes
	QueriesPerDatabase
	QueriesPerAccount
	DatabasesPerAccount
	TokensPerAccount
	count
)

// Unit is the unit of a limit.
type Unit uint8

// The units.
const (
	Number Unit = iota
	Bytes
	Milliseconds
)

// rule holds the name, the unit and the bounds of a limit. If the least value is 0,
// that value means no limit.
type rule struct {
	key         string
	unit        Unit
	least, most int64
}

// rules returns the rule of each limit. The bounds are those that a query node can
// work with.
func rules() [count]rule {
	return [count]rule{
		DatabaseBytes:       {"database_bytes", Bytes, 64 << 10, 16 << 40},
		HeapBytes:           {"heap_bytes", Bytes, 1 << 20, 64 << 30},
		StatementTimeout:    {"statement_timeout", Milliseconds, 1, int64(24 * time.Hour / time.Millisecond)},
		ResultBytes:         {"result_bytes", Bytes, 0, math.MaxInt64},
		RequestBytes:        {"request_bytes", Bytes, 1 << 10, math.MaxInt64},
		QueriesPerDatabase:  {"queries_per_database", Number, 1, 64},
		QueriesPerAccount:   {"queries_per_account", Number, 0, 1_000_000},
		DatabasesPerAccount: {"databases_per_account", Number, 0, 1_000_000_000},
		TokensPerAccount:    {"tokens_per_account", Number, 0, 1_000_000_000},
	}
}

// All returns the limits in the order of the configuration.
func All() []Limit {
	all := make([]Limit, count)
	for i := range all {
		all[i] = Limit(i)
	}
	return all
}

// ByName returns the limit with a name.
func ByName(name string) (l Limit, ok bool) {
	for i, r := range rules() {
		if r.key == name {
			return Limit(i), true
		}
	}
	return 0, false
}

// String is the name.
func (l Limit) String() string { return rules()[l].key }

// Unit is the unit of the limit.
func (l Limit) Unit() Unit { return rules()[l].unit }

// Bounds are the least and the largest value that may be set for an account or
// a database of a server with these limits. For RequestBytes the largest value is
// that of the server, which reads no larger request.
func (l Limit) Bounds(server Values) (least, most int64) {
	r := rules()[l]
	if top, ok := server.Get(l); l == RequestBytes && ok {
		return r.least, top
	}
	return r.least, r.most
}

// ZeroIsUnlimited reports whether the limit may be 0, which means no limit.
func (l Limit) ZeroIsUnlimited() bool { return rules()[l].least == 0 }

// AccountOnly reports whether only accounts have the limit, and not databases.
func (l Limit) AccountOnly() bool {
	return l == QueriesPerAccount || l == DatabasesPerAccount || l == TokensPerAccount
}

// Hint is the end of a message about a reached limit: the name of the limit, and
// that the operator can raise it.
func (l Limit) Hint() string {
	return "(limits." + l.String() + ", which the operator of the server can raise)"
}

// Values are limits of a server, an account or a database, each set or unset. The
// zero Values have none set. Values can be compared with ==.
type Values struct {
	set    [count]bool
	values [count]int64
}

// Get returns a limit; 0 and false when it is not set.
func (v Values) Get(l Limit) (value int64, ok bool) { return v.values[l], v.set[l] }

// Set sets a limit.
func (v *Values) Set(l Limit, value int64) { v.set[l], v.values[l] = true, value }

// Unset removes a limit.
func (v *Values) Unset(l Limit) { v.set[l], v.values[l] = false, 0 }

// Overrides are the limits that the operator has set for a database and for the
// account that owns it.
type Overrides struct {
	Account  Values
	Database Values
}

// Source is the place from which the effective limit comes.
type Source string

// The sources.
const (
	FromServer   Source = "server"
	FromAccount  Source = "account"
	FromDatabase Source = "database"
)

// Effective holds the effective limits of a database or an account.
type Effective struct {
	values [count]int64
	source [count]Source
}

// Value returns the effective limit.
func (e Effective) Value(l Limit) int64 { return e.values[l] }

// Source returns the place from which the effective limit comes.
func (e Effective) Source(l Limit) Source { return e.source[l] }

// Timeout is StatementTimeout as a duration.
func (e Effective) Timeout() time.Duration {
	return time.Duration(e.values[StatementTimeout]) * time.Millisecond
}

// Resolve returns the effective limits: those of the database, else those of its
// account, else those of the server. own is nil when the operator has set no limit
// for either. RequestBytes is never above the limit of the server.
func Resolve(server Values, own *Overrides) Effective {
	e := Effective{values: server.values}
	for l := range e.source {
		e.source[l] = FromServer
	}
	if own == nil {
		return e
	}
	e.apply(own.Account, FromAccount, server)
	e.apply(own.Database, FromDatabase, server)
	return e
}

func (e *Effective) apply(v Values, from Source, server Values) {
	for i, set := range v.set {
		l := Limit(i)
		if !set || from == FromDatabase && l.AccountOnly() {
			continue
		}
		if top, ok := server.Get(l); l == RequestBytes && ok && v.values[l] > top {
			e.values[l], e.source[l] = top, FromServer // the server's limit was lowered later
			continue
		}
		e.values[l], e.source[l] = v.values[l], from
	}
}

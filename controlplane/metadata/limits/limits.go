// Package limits is what an operator can bound: the names of the limits, the
// values that make sense, and which one counts when a server, an account and a
// database each have one. It is pure; who keeps the values, obeys them or tells
// of them is elsewhere.
package limits

import (
	"math"
	"time"
)

// Limit is one limit. Its text is the key in the section [limits] of a server's
// configuration, and the name everywhere else.
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

// Unit is what a limit counts.
type Unit uint8

// The units.
const (
	Number Unit = iota
	Bytes
	Milliseconds
)

// rule is what is fixed about a limit. Where the least value is 0, it means no
// limit.
type rule struct {
	key         string
	unit        Unit
	least, most int64
}

// rules are bounded by what a query node can work with: see its pool.
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

// All lists the limits in the order of the configuration.
func All() []Limit {
	all := make([]Limit, count)
	for i := range all {
		all[i] = Limit(i)
	}
	return all
}

// ByName gives the limit with a name.
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

// Unit is what the limit counts.
func (l Limit) Unit() Unit { return rules()[l].unit }

// Bounds are the least and the largest value that may be set for an account or
// a database of a server with these limits: it reads no larger requests than its
// own, whosever they are.
func (l Limit) Bounds(server Values) (least, most int64) {
	r := rules()[l]
	if top, ok := server.Get(l); l == RequestBytes && ok {
		return r.least, top
	}
	return r.least, r.most
}

// ZeroIsUnlimited tells whether 0 is a value of the limit, and means that there is
// none.
func (l Limit) ZeroIsUnlimited() bool { return rules()[l].least == 0 }

// AccountOnly tells whether the limit is about an account as a whole, so that a
// database cannot have one of its own.
func (l Limit) AccountOnly() bool {
	return l == QueriesPerAccount || l == DatabasesPerAccount || l == TokensPerAccount
}

// Hint is the part of a message about a limit that was hit which says what it
// is called and who can change it.
func (l Limit) Hint() string {
	return "(limits." + l.String() + ", which the operator of the server can raise)"
}

// Values are the limits that somebody has set; the zero Values are none. They
// can be compared.
type Values struct {
	set    [count]bool
	values [count]int64
}

// Get gives a limit; 0 and false when it is not set.
func (v Values) Get(l Limit) (value int64, ok bool) { return v.values[l], v.set[l] }

// Set sets a limit.
func (v *Values) Set(l Limit, value int64) { v.set[l], v.values[l] = true, value }

// Unset makes a limit one that is not set.
func (v *Values) Unset(l Limit) { v.set[l], v.values[l] = false, 0 }

// Overrides are the limits that the operator has set for a database and for the
// account that owns it.
type Overrides struct {
	Account  Values
	Database Values
}

// Source says who set the limit that counts.
type Source string

// The sources.
const (
	FromServer   Source = "server"
	FromAccount  Source = "account"
	FromDatabase Source = "database"
)

// Effective is what counts for one database or account.
type Effective struct {
	values [count]int64
	source [count]Source
}

// Value is the limit that counts.
func (e Effective) Value(l Limit) int64 { return e.values[l] }

// Source tells where it comes from.
func (e Effective) Source(l Limit) Source { return e.source[l] }

// Timeout is StatementTimeout as a duration.
func (e Effective) Timeout() time.Duration {
	return time.Duration(e.values[StatementTimeout]) * time.Millisecond
}

// Resolve gives the limits that count: the database's own, else those of its
// account, else the server's. own is nil when the operator has set none. No
// request is larger than the server's limit.
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
			e.values[l], e.source[l] = top, FromServer // the server's was lowered later
			continue
		}
		e.values[l], e.source[l] = v.values[l], from
	}
}

package limits

import "testing"

func values(of map[Limit]int64) (v Values) {
	for l, n := range of {
		v.Set(l, n)
	}
	return v
}

// The limit of the database is effective before that of its account, and that
// before the limit of the server. So is a value that means no limit.
func TestResolve(t *testing.T) {
	server := values(map[Limit]int64{DatabaseBytes: 1000, StatementTimeout: 30, RequestBytes: 500, QueriesPerAccount: 9, ResultBytes: 7})
	tests := map[string]struct {
		account, database map[Limit]int64
		limit             Limit
		value             int64
		source            Source
	}{
		"nothing set":                       {nil, nil, DatabaseBytes, 1000, FromServer},
		"the account's":                     {map[Limit]int64{DatabaseBytes: 1}, nil, DatabaseBytes, 1, FromAccount},
		"the database's":                    {nil, map[Limit]int64{DatabaseBytes: 2}, DatabaseBytes, 2, FromDatabase},
		"both":                              {map[Limit]int64{DatabaseBytes: 3}, map[Limit]int64{DatabaseBytes: 2}, DatabaseBytes, 2, FromDatabase},
		"another one":                       {map[Limit]int64{HeapBytes: 3}, map[Limit]int64{ResultBytes: 2}, StatementTimeout, 30, FromServer},
		"more than the server's":            {nil, map[Limit]int64{StatementTimeout: 120}, StatementTimeout, 120, FromDatabase},
		"no limit for an account":           {map[Limit]int64{QueriesPerAccount: 0}, nil, QueriesPerAccount, 0, FromAccount},
		"no limit for a database":           {map[Limit]int64{ResultBytes: 3}, map[Limit]int64{ResultBytes: 0}, ResultBytes, 0, FromDatabase},
		"an account's limit at a database":  {nil, map[Limit]int64{QueriesPerAccount: 1}, QueriesPerAccount, 9, FromServer},
		"smaller requests":                  {nil, map[Limit]int64{RequestBytes: 100}, RequestBytes, 100, FromDatabase},
		"requests the server does not read": {map[Limit]int64{RequestBytes: 900}, nil, RequestBytes, 500, FromServer},
		"a larger one than its account's":   {map[Limit]int64{RequestBytes: 100}, map[Limit]int64{RequestBytes: 900}, RequestBytes, 500, FromServer},
	}
	for name, tt := range tests {
		e := Resolve(server, &Overrides{Account: values(tt.account), Database: values(tt.database)})
		if e.Value(tt.limit) != tt.value || e.Source(tt.limit) != tt.source {
			t.Errorf("%s: %d of the %s, want %d of the %s", name, e.Value(tt.limit), e.Source(tt.limit), tt.value, tt.source)
		}
	}
	for _, l := range All() {
		n, _ := server.Get(l)
		if e := Resolve(server, nil); e.Value(l) != n || e.Source(l) != FromServer {
			t.Errorf("%s without anything set: %d of the %s", l, e.Value(l), e.Source(l))
		}
	}
}

func TestNames(t *testing.T) {
	for _, l := range All() {
		if got, ok := ByName(l.String()); !ok || got != l {
			t.Errorf("%s is not found by its name", l)
		}
		if least, most := l.Bounds(Values{}); least < 0 || least > most || l.ZeroIsUnlimited() != (least == 0) {
			t.Errorf("%s: bounds %d and %d", l, least, most)
		}
	}
	if _, ok := ByName("rate_per_minute"); ok {
		t.Error("rate_per_minute is found, and no account can have it")
	}
}

// A server reads no body above its own limit, so that a database may not have a
// larger one.
func TestRequestBytesAreTheServersAtMost(t *testing.T) {
	server := values(map[Limit]int64{RequestBytes: 2000, HeapBytes: 5 << 20})
	if _, most := RequestBytes.Bounds(server); most != 2000 {
		t.Errorf("requests may have %d bytes", most)
	}
	if _, most := HeapBytes.Bounds(server); most <= 5<<20 {
		t.Errorf("the heap may have %d bytes", most)
	}
}

func TestUnset(t *testing.T) {
	v := values(map[Limit]int64{HeapBytes: 5})
	v.Unset(HeapBytes)
	if v != (Values{}) {
		t.Errorf("left over: %+v", v)
	}
}

package admin

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/errs"
)

// serverLimits are those of a server's configuration.
func serverLimits(c config.Limits) (v limits.Values) {
	v.Set(limits.DatabaseBytes, int64(c.DatabaseBytes))
	v.Set(limits.HeapBytes, int64(c.HeapBytes))
	v.Set(limits.StatementTimeout, c.StatementTimeout.Milliseconds())
	v.Set(limits.ResultBytes, int64(c.ResultBytes))
	v.Set(limits.RequestBytes, int64(c.RequestBytes))
	v.Set(limits.QueriesPerDatabase, int64(c.QueriesPerDatabase))
	v.Set(limits.QueriesPerAccount, int64(c.QueriesPerAccount))
	v.Set(limits.DatabasesPerAccount, int64(c.DatabasesPerAccount))
	v.Set(limits.TokensPerAccount, int64(c.TokensPerAccount))
	return v
}

// parse reads a value as the configuration writes it. The error is a sentence
// that names the limit.
func parse(l limits.Limit, text string, server limits.Values) (int64, error) {
	n, err := number(l.Unit(), text)
	if err == nil {
		err = check(l, n, server)
	}
	if err != nil {
		return 0, errs.Wrap(errs.Invalid, err, "%s %s", l, err)
	}
	return n, nil
}

func number(u limits.Unit, text string) (int64, error) {
	switch u {
	case limits.Bytes:
		b, err := config.ParseBytes(text)
		return int64(b), err
	case limits.Milliseconds:
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || d%time.Millisecond != 0 {
			return 0, fmt.Errorf("must be a duration of whole milliseconds, such as \"30s\", \"5m\" or \"1h30m\"")
		}
		return d.Milliseconds(), nil
	default:
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("must be a whole number")
		}
		return n, nil
	}
}

// check tells in the words of the configuration whether a value may be set.
func check(l limits.Limit, n int64, server limits.Values) error {
	least, most := l.Bounds(server)
	switch {
	case n < least:
		return fmt.Errorf("must be at least %s", written(l, least))
	case n > most && l == limits.RequestBytes:
		return fmt.Errorf("must be at most limits.request_bytes of the server, which is %s; raise that first", written(l, most))
	case n > most:
		return fmt.Errorf("must be at most %s", written(l, most))
	}
	return nil
}

// written is a value as people write it.
func written(l limits.Limit, n int64) string {
	switch l.Unit() {
	case limits.Bytes:
		return config.Bytes(n).String()
	case limits.Milliseconds:
		return short(time.Duration(n) * time.Millisecond)
	default:
		return strconv.FormatInt(n, 10)
	}
}

// shown is a value in a listing, where 0 may mean that there is no limit.
func shown(l limits.Limit, n int64) string {
	if n == 0 && l.ZeroIsUnlimited() {
		return "unlimited"
	}
	return written(l, n)
}

// short is a duration without the parts that are zero: 2m and not 2m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

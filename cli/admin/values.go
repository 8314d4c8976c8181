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

// serverLimits returns the limits of a server's configuration.
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

// parseValue reads a value in the notation of the configuration file. The error
// is a sentence that names the limit.
func parseValue(l limits.Limit, text string, server limits.Values) (int64, error) {
	n, err := parseNumber(l.Unit(), text)
	if err == nil {
		err = checkBounds(l, n, server)
	}
	if err != nil {
		return 0, errs.Wrap(errs.Invalid, err, "%s %s", l, err)
	}
	return n, nil
}

func parseNumber(u limits.Unit, text string) (int64, error) {
	switch u {
	case limits.Bytes:
		b, err := config.ParseBytes(text)
		return int64(b), err
	case limits.Milliseconds:
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || d%time.Millisecond != 0 {
			return 0, fmt.Errorf("must be a duration of full milliseconds, such as \"30s\", \"5m\" or \"1h30m\"")
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

// checkBounds refuses a value outside the bounds of a limit. The error reads
// like those of the configuration.
func checkBounds(l limits.Limit, n int64, server limits.Values) error {
	least, most := l.Bounds(server)
	switch {
	case n < least:
		return fmt.Errorf("must be at least %s", formatValue(l, least))
	case n > most && l == limits.RequestBytes:
		return fmt.Errorf("must be at most limits.request_bytes of the server, which is %s; raise that first", formatValue(l, most))
	case n > most:
		return fmt.Errorf("must be at most %s", formatValue(l, most))
	}
	return nil
}

// formatValue returns a value in the notation of the configuration file.
func formatValue(l limits.Limit, n int64) string {
	switch l.Unit() {
	case limits.Bytes:
		return config.Bytes(n).String()
	case limits.Milliseconds:
		return shortDuration(time.Duration(n) * time.Millisecond)
	default:
		return strconv.FormatInt(n, 10)
	}
}

// displayValue returns a value for a listing: like formatValue, or "unlimited"
// for 0 where it means that.
func displayValue(l limits.Limit, n int64) string {
	if n == 0 && l.ZeroIsUnlimited() {
		return "unlimited"
	}
	return formatValue(l, n)
}

// shortDuration formats a duration without zero parts: 2m and not 2m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

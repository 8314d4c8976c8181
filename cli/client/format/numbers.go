package format

import (
	"fmt"
	"strings"
	"time"
)

// Bytes formats a size: "512 B", "1.0 GiB".
func Bytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/1024, 0
	const units = "KMGTPE"
	for size >= 1023.95 && unit < len(units)-1 { // it would be shown as 1024.0
		size, unit = size/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", size, units[unit])
}

// Duration formats a duration with at most two units: "0.3 s", "45 s", "2 min 5
// s", "3 h". A negative one becomes "0 ms".
func Duration(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Second && d%(100*time.Millisecond) != 0:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second && d%time.Second != 0:
		return fmt.Sprintf("%.1f s", d.Truncate(100*time.Millisecond).Seconds())
	}
	var parts []string
	for _, unit := range []struct {
		span time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		n := d / unit.span
		d -= n * unit.span
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
		} else if len(parts) > 0 {
			break // "1 d 3 s" would suggest a precision that is not shown
		}
		if len(parts) == 2 {
			break
		}
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}

package database

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// usageView is what the page of settings shows of the usage.
type usageView struct{ httpapi.Usage }

// bar is a quantity with its limit. Most is 0 without a known limit.
type bar struct {
	Name, Text string
	Used, Most int64
	// High is the value from which the bar warns.
	High int64
}

// Bars are the quantities that can grow to a limit.
func (u usageView) Bars() []bar {
	file := u.DatabaseBytes + u.WALBytes
	bars := []bar{
		u.bar("Size of the database", "database_bytes", file, bytesText),
		u.bar("Running and waiting queries", "queries_per_database", int64(u.Running), countText),
	}
	if u.Account.Limits != nil {
		bars = append(bars, u.bar("Databases of "+u.Account.Entity, "databases_per_account", int64(u.Account.Databases), countText))
	}
	return bars
}

func (u usageView) bar(name, limit string, used int64, text func(int64) string) bar {
	b := bar{Name: name, Used: used, Text: text(used)}
	l, known := u.Limits[limit]
	if !known {
		l, known = u.Account.Limits[limit]
	}
	if known && l.Value > 0 {
		b.Most, b.High, b.Text = l.Value, l.Value/10*8, b.Text+" of "+text(l.Value)
	}
	return b
}

// limitRow is one limit.
type limitRow struct{ Name, Value, Source string }

// LimitRows are all limits by name; none for a viewer who may not see them.
func (u usageView) LimitRows() []limitRow {
	var rows []limitRow
	for _, limits := range []map[string]httpapi.Limit{u.Limits, u.Account.Limits} {
		for name, l := range limits {
			rows = append(rows, limitRow{strings.ReplaceAll(name, "_", " "), limitText(name, l.Value), l.Source})
		}
	}
	slices.SortFunc(rows, func(a, b limitRow) int { return cmp.Compare(a.Name, b.Name) })
	return rows
}

// limitText formats a limit. The end of its name shows its unit.
func limitText(name string, value int64) string {
	switch {
	case value == 0:
		return "unlimited"
	case strings.HasSuffix(name, "_bytes"):
		return bytesText(value)
	case strings.HasSuffix(name, "_timeout"):
		return (time.Duration(value) * time.Millisecond).String()
	}
	return countText(value)
}

func countText(n int64) string { return strconv.FormatInt(n, 10) }

// bytesText formats a number of bytes with a binary unit.
func bytesText(n int64) string {
	if n < 1<<10 {
		return countText(n) + " bytes"
	}
	value, unit := float64(n)/(1<<10), 0
	for ; value >= 1<<10 && unit < 3; unit++ {
		value /= 1 << 10
	}
	text := strings.TrimSuffix(fmt.Sprintf("%.1f", value), ".0")
	return text + " " + []string{"KiB", "MiB", "GiB", "TiB"}[unit]
}

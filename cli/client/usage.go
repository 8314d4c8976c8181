package client

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) usage() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "usage ENTITY/DATABASE",
		Short: "Show the usage and the limits of a database",
		Long: `Show the usage of a database, and to its owner also its limits. You must own the
database or be a manager of it. The source of a limit is the server, the account or
the database. Only the operator of the server can change limits.`,
		Example:           "  ayb client usage alice/shop.sqlite\n  ayb client usage alice/shop.sqlite --format json",
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
	}
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, db, err := a.connectTo(cmd, args)
		if err != nil {
			return err
		}
		u, err := c.Usage(cmd.Context(), db.entity, db.name)
		if err != nil {
			return err
		}
		return a.printListing(format.Kind(as.value), u, usageRows(u), []string{"Limit", "Used", "Most", "Source"}, "")
	}
	return cmd
}

// usageRows returns a row for each limit or used quantity. Only the owner gets
// limits and numbers of the account.
func usageRows(u httpapi.Usage) [][]string {
	limits := map[string]httpapi.Limit{}
	maps.Copy(limits, u.Limits)
	maps.Copy(limits, u.Account.Limits)
	file := format.Bytes(u.DatabaseBytes)
	if u.WALBytes > 0 {
		file += " + " + format.Bytes(u.WALBytes) + " log"
	}
	used := map[string]string{"database_bytes": file, "queries_per_database": strconv.Itoa(u.Running)}
	if u.Account.Limits != nil {
		used["databases_per_account"] = strconv.Itoa(u.Account.Databases)
	}
	names := maps.Clone(used)
	for name := range limits {
		names[name] = ""
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		most := ""
		l, known := limits[name]
		if known {
			most = limitValue(name, l.Value)
		}
		rows = append(rows, []string{name, used[name], most, l.Source})
	}
	return rows
}

// limitValue formats a limit. The end of its name shows its unit.
func limitValue(name string, value int64) string {
	switch {
	case value == 0:
		return "unlimited"
	case strings.HasSuffix(name, "_bytes"):
		return format.Bytes(value)
	case strings.HasSuffix(name, "_timeout"):
		return format.Duration(time.Duration(value) * time.Millisecond)
	}
	return strconv.FormatInt(value, 10)
}

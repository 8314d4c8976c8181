package tests

import (
	"slices"
	"strings"
)

// The map of packages. For each package of this module it lists the packages of
// the module that it may import directly, and those that it must never reach,
// even through others. A package without a line here fails the test: decide
// first where it belongs.
//
// "x" is the package x, "x/..." also all packages below. Other names in never are
// the beginning of the import path of another module.

// The layers that many packages share.
var (
	nouns   = []string{"shared/ayb", "shared/errs"}
	plumb   = list(nouns, "shared/mux", "shared/daemonapi", "shared/logging", "shared/version")
	nodeBus = list(plumb, "shared/bus", "shared/bus/nodeapi")
	mailBus = list(plumb, "shared/bus", "shared/bus/mailapi")
	// composition is for launch packages and programs only.
	composition = []string{"shared/bus/natsbus", "shared/config", "shared/supervisor", "shared/process"}
)

// Packages that many others must never reach.
var (
	roles    = []string{"controlplane/...", "querynode/...", "mailer/...", "snapshotter/...", "web/...", "cli/..."}
	bus      = []string{"shared/bus/...", "github.com/nats-io"}
	sql      = []string{"database/sql", "github.com/mattn/go-sqlite3", "github.com/jackc/pgx"}
	programs = []string{"os/exec"}
	nats     = []string{"github.com/nats-io"}
)

type rule struct {
	pkg   string
	may   []string
	never []string
}

var importRules = []rule{
	// Nouns, and the packages that all others use.
	{pkg: "shared/errs", never: list(roles, "net", "database/sql")},
	{pkg: "shared/ayb", may: []string{"shared/errs"}, never: list(roles, "net", "database/sql")},
	{pkg: "shared/mux", may: nouns, never: join(roles, bus, sql)},
	{pkg: "shared/mux/muxtest", may: list(nouns, "shared/mux")},
	{pkg: "shared/daemonapi", may: nouns, never: join(roles, bus, sql)},
	{pkg: "shared/logging", may: nouns, never: join(roles, bus, sql)},
	{pkg: "shared/logging/loggingtest", may: []string{"shared/logging"}},
	{pkg: "shared/version", never: join(roles, bus, sql)},
	{pkg: "shared/debugsrv", may: list(nouns, "shared/logging"), never: join(roles, bus, sql)},
	{pkg: "shared/supervisor", may: list(nouns, "shared/logging"), never: join(roles, bus, sql)},
	{pkg: "shared/keyedmutex", never: join(roles, bus, sql)},
	{pkg: "shared/filelock", never: join(roles, bus, sql)},
	{pkg: "shared/disktest", never: join(roles, bus, sql)},
	{pkg: "shared/porttest", never: join(roles, bus, sql)},
	{pkg: "shared/config", may: []string{"shared/errs"}, never: join(roles, bus, sql)},
	{pkg: "shared/sqlsplit", never: join(roles, bus, sql)},
	{pkg: "shared/httpapi", may: list(nouns, "shared/daemonapi"), never: list(join(roles, bus, sql), "github.com/go-chi")},

	// The bus and the contracts on it.
	{pkg: "shared/bus", may: list(nouns, "shared/mux"), never: join(roles, nats, sql)},
	{pkg: "shared/bus/natsbus", may: list(nouns, "shared/filelock", "shared/bus", "shared/mux", "shared/logging"), never: join(roles, sql)},
	{pkg: "shared/bus/natsbus/bustest", may: list(nouns, "shared/bus", "shared/bus/mailapi", "shared/bus/natsbus", "shared/logging/loggingtest"), never: join(roles, sql)},
	{pkg: "shared/bus/nodeapi", may: list(nouns, "shared/bus", "shared/mux", "shared/daemonapi"), never: join(roles, nats, sql)},
	{pkg: "shared/bus/snapshotapi", may: list(nouns, "shared/bus", "shared/bus/nodeapi", "shared/mux", "shared/daemonapi"), never: join(roles, nats, sql)},
	{pkg: "shared/bus/directoryapi", may: list(nouns, "shared/bus", "shared/bus/nodeapi", "shared/mux", "shared/daemonapi"), never: join(roles, nats, sql)},
	{pkg: "shared/bus/invalidateapi", may: list(nouns, "shared/bus"), never: join(roles, nats, sql)},
	{pkg: "shared/bus/mailapi", may: list(nouns, "shared/bus"), never: join(roles, nats, sql)},

	// The control plane: who may do what.
	{pkg: "controlplane", may: list(nodeBus, "shared/bus/snapshotapi", "shared/bus/directoryapi", "shared/bus/mailapi", "shared/bus/invalidateapi", "shared/httpapi", "controlplane/..."), never: join(otherRoles("controlplane"), nats)},
	{pkg: "controlplane/metadata/limits", may: nouns, never: list(join(bus, sql), "net")},
	{pkg: "controlplane/metadata/meta", may: list(nouns, "controlplane/metadata/limits"), never: list(join(bus, sql), "net")},
	{pkg: "controlplane/authz", may: list(nouns, "controlplane/metadata/meta"), never: list(join(bus, sql), "net", "os/exec")},
	{pkg: "controlplane/identity/token", may: nouns, never: list(join(bus, sql), "net/http")},
	{pkg: "controlplane/metadata/cache", may: list(nouns, "controlplane/metadata/meta", "controlplane/metadata/limits"), never: list(join(bus, sql), "net/http")},
	{pkg: "controlplane/front/ratelimit", may: nouns, never: join(bus, sql)},
	{pkg: "controlplane/identity/linkcheck", may: list(nouns, "controlplane/metadata/meta"), never: join(bus, sql)},
	{pkg: "controlplane/databases/placement", may: list(nodeBus, "controlplane/metadata/meta"), never: list(join(otherRoles("controlplane"), nats, sql), "net/http")},
	{pkg: "controlplane/databases/reconcile", may: list(nodeBus, "shared/bus/snapshotapi", "controlplane/metadata/meta", "controlplane/databases/placement"), never: list(join(otherRoles("controlplane"), nats, sql), "net/http")},
	{pkg: "controlplane/metadata/sqldb", may: nouns, never: list(join(bus, roles), "net/http")},
	{pkg: "controlplane/metadata/store", may: list(nouns, "controlplane/metadata/meta", "controlplane/metadata/limits", "controlplane/metadata/sqldb"), never: list(join(bus, otherRoles("controlplane")), "net/http")},
	{pkg: "controlplane/metadata/store/storetest", may: list(nouns, "controlplane/metadata/meta", "controlplane/metadata/limits", "controlplane/metadata/store")},
	{pkg: "controlplane/metadata/store/pgtest", may: []string{"shared/porttest"}, never: join(bus, roles)},
	{pkg: "controlplane/identity/accounts", may: list(mailBus, "controlplane/metadata/meta", "controlplane/authz", "controlplane/identity/token", "controlplane/metadata/cache"),
		never: list(join(otherRoles("controlplane"), nats, sql), "controlplane/metadata/store", "controlplane/front/api", "net/http")},
	{pkg: "controlplane/databases", may: list(nodeBus, "shared/bus/snapshotapi", "shared/keyedmutex", "controlplane/metadata/limits", "controlplane/metadata/meta", "controlplane/authz", "controlplane/databases/placement", "controlplane/databases/reconcile"),
		never: list(join(otherRoles("controlplane"), nats, sql), "controlplane/metadata/store", "controlplane/front/api", "net/http")},
	{pkg: "controlplane/identity/lastuse", may: list(nouns, "controlplane/metadata/meta"), never: list(join(otherRoles("controlplane"), bus, sql), "net/http")},
	{pkg: "controlplane/identity/oauth", may: list(nouns, "shared/httpapi", "controlplane/metadata/meta", "controlplane/authz", "controlplane/identity/token"),
		never: list(join(otherRoles("controlplane"), bus, sql), "controlplane/metadata/store", "controlplane/front/api")},
	{pkg: "controlplane/identity/weblogin", may: list(mailBus, "shared/httpapi", "controlplane/metadata/meta", "controlplane/authz", "controlplane/identity/accounts", "controlplane/databases", "controlplane/identity/oauth"),
		never: list(join(otherRoles("controlplane"), nats, sql), "controlplane/metadata/store", "controlplane/front/api")},
	{pkg: "web", may: list(nouns, "shared/httpapi", "web/..."), never: list(join(otherRoles("web"), bus, sql), "os/exec")},
	{pkg: "web/assets", never: list(join(otherRoles("web"), bus, sql, programs), "shared/...")},
	{pkg: "web/page", may: list(nouns, "shared/httpapi", "web/assets"), never: list(join(otherRoles("web"), bus, sql), "os/exec")},
	{pkg: "web/account", may: list(nouns, "shared/httpapi", "web/page"), never: list(join(otherRoles("web"), bus, sql), "os/exec")},
	{pkg: "web/profile", may: list(nouns, "shared/httpapi", "web/page"), never: list(join(otherRoles("web"), bus, sql), "os/exec")},
	{pkg: "web/table", may: list(nouns, "shared/daemonapi", "shared/httpapi"), never: list(join(otherRoles("web"), bus, sql), "os/exec")},
	{pkg: "web/database", may: list(nouns, "shared/daemonapi", "shared/httpapi", "shared/sqlsplit", "web/page", "web/table"), never: list(join(otherRoles("web"), bus, sql), "os/exec")},
	{pkg: "controlplane/front", may: list(nouns, "shared/httpapi", "controlplane/metadata/meta", "controlplane/front/body"), never: list(join(otherRoles("controlplane"), bus, sql), "controlplane/metadata/store", "controlplane/front/api")},
	{pkg: "controlplane/front/body", may: list(nouns, "shared/httpapi", "controlplane/metadata/meta"), never: list(join(otherRoles("controlplane"), bus, sql), "controlplane/metadata/store")},
	{pkg: "controlplane/front/stream", may: list(nouns, "shared/daemonapi", "shared/httpapi"), never: join(bus, sql)},
	{pkg: "controlplane/front/api", may: list(nouns, "shared/daemonapi", "shared/httpapi", "controlplane/metadata/meta", "controlplane/metadata/limits", "controlplane/authz", "controlplane/identity/accounts", "controlplane/databases", "controlplane/identity/oauth", "controlplane/front/body", "controlplane/front/stream", "controlplane/front/api/openapi"),
		never: list(join(otherRoles("controlplane"), nats, sql), "controlplane/metadata/store")},
	{pkg: "controlplane/front/api/openapi", never: list(join(roles, bus, sql), "net")},

	// The query node: files and daemons. It decides no permissions.
	{pkg: "querynode", may: list(nodeBus, "shared/keyedmutex", "querynode/cgroup", "querynode/dbfile", "querynode/engine/kind", "querynode/snapshotio", "querynode/pool", "querynode/relay", "querynode/sandbox", "querynode/space", "querynode/daemonargs", "querynode/thread"),
		never: list(join(otherRoles("querynode"), nats, sql), "querynode/daemon", "querynode/engine", "querynode/engine/encode", "querynode/engine/sqlite/...", "shared/config")},
	{pkg: "querynode/dbfile", may: list(nouns, "shared/filelock", "querynode/engine/kind"), never: join(bus, sql)},
	{pkg: "querynode/snapshotio", may: list(nouns, "querynode/thread"), never: list(join(bus, sql), "querynode/engine/...", "querynode/daemon")},
	{pkg: "querynode/socketpair", may: list(nouns, "shared/mux"), never: join(bus, sql)},
	{pkg: "querynode/cgroup", may: []string{"querynode/thread"}, never: list(join(bus, sql), "shared/...", "net/http")},
	{pkg: "querynode/thread", never: join(bus, sql)},
	{pkg: "querynode/space", may: nouns, never: join(bus, sql, programs)},
	{pkg: "querynode/daemonargs", may: list(nouns, "querynode/sandbox", "querynode/space"), never: join(bus, sql)},
	{pkg: "querynode/relay", may: list(nodeBus, "querynode/engine/kind", "querynode/pool"), never: list(join(nats, sql), "querynode/engine", "querynode/engine/encode", "querynode/engine/sqlite/...", "querynode/daemon")},
	{pkg: "querynode/pool", may: list(nouns, "shared/mux", "shared/daemonapi", "querynode/cgroup", "querynode/dbfile", "querynode/socketpair", "querynode/space", "querynode/daemonargs", "querynode/thread"),
		never: list(join(bus, sql), "querynode/engine", "querynode/engine/encode", "querynode/engine/sqlite/...", "querynode/daemon", "querynode/sandbox")},
	{pkg: "querynode/sandbox", never: list(sql, "shared/...", "net/http", "os/exec")},
	{pkg: "querynode/engine", may: list(nouns, "shared/daemonapi", "querynode/space"), never: list(join(bus, sql, programs), "net/http", "querynode/engine/sqlite", "querynode/engine/encode")},
	{pkg: "querynode/engine/kind", may: list(nouns), never: list(join(bus, sql, programs), "net")},
	{pkg: "querynode/engine/enginetest", may: list(nouns, "shared/daemonapi", "querynode/engine", "querynode/engine/encode"), never: list(join(bus, sql, programs), "net", "querynode/engine/sqlite")},
	{pkg: "querynode/engine/encode", may: list(nouns, "shared/daemonapi"), never: list(join(bus, sql, programs), "net", "querynode/...")},
	{pkg: "querynode/engine/sqlite/internal/sqlfunc", never: list(join(bus, programs), "shared/...", "net/http")},
	{pkg: "querynode/engine/sqlite", may: list(nouns, "shared/daemonapi", "querynode/engine", "querynode/engine/encode", "querynode/engine/kind", "querynode/engine/sqlite/internal/sqlfunc", "querynode/space", "querynode/thread"), never: list(join(bus, programs), "net/http")},
	{pkg: "querynode/importer", may: list(nouns, "shared/daemonapi", "shared/sqlsplit"), never: list(join(bus, sql, programs), "net", "querynode/engine/...")},
	{pkg: "querynode/daemon", may: list(nouns, "shared/mux", "shared/daemonapi", "querynode/importer", "querynode/socketpair", "querynode/daemonargs", "querynode/sandbox", "querynode/space", "querynode/engine"),
		never: list(join(otherRoles("querynode"), bus, programs), "net/http", "shared/config", "querynode/pool", "querynode/dbfile", "querynode/engine/sqlite")},

	// The mailer: delivers mails of any content.
	{pkg: "mailer", may: list(mailBus, "shared/filelock"), never: list(join(otherRoles("mailer"), nats, sql), "github.com/emersion")},
	{pkg: "mailer/smtptest", never: join(roles, bus, sql)},

	// The snapshotter: decides when to take snapshots. Their data does not pass it.
	{pkg: "snapshotter", may: list(nodeBus, "shared/bus/snapshotapi", "shared/bus/directoryapi", "snapshotter/bucket", "snapshotter/jobs", "snapshotter/schedule"),
		never: join(otherRoles("snapshotter"), nats, sql)},
	{pkg: "snapshotter/bucket", may: nouns, never: join(bus, sql)},
	{pkg: "snapshotter/bucket/s3test", may: []string{"shared/porttest", "snapshotter/bucket"}, never: join(bus, sql)},
	{pkg: "snapshotter/jobs", may: list(nodeBus, "shared/keyedmutex", "snapshotter/bucket"), never: join(otherRoles("snapshotter"), nats, sql)},
	{pkg: "snapshotter/schedule", may: list(nodeBus, "shared/bus/directoryapi", "snapshotter/bucket", "snapshotter/jobs"), never: join(otherRoles("snapshotter"), nats, sql)},

	// Composition: the common parts of all processes, one launch package and
	// one program for each role, and the command line, which starts all roles.
	{pkg: "shared/process", may: list(mailBus, "shared/bus/nodeapi", "shared/bus/natsbus", "shared/config", "shared/debugsrv", "shared/supervisor"),
		never: join(roles, sql)},
	{pkg: "controlplane/launch", may: list(nodeBus, list(composition, "shared/bus/snapshotapi", "shared/bus/directoryapi", "shared/bus/mailapi", "shared/bus/invalidateapi", "controlplane", "controlplane/metadata/cache", "controlplane/identity/weblogin", "web")...), never: otherRoles("controlplane", "web")},
	{pkg: "querynode/launch", may: list(nodeBus, list(composition, "querynode", "querynode/sandbox", "querynode/space")...), never: otherRoles("querynode")},
	{pkg: "mailer/launch", may: list(mailBus, list(composition, "mailer")...), never: otherRoles("mailer")},
	{pkg: "snapshotter/launch", may: list(nodeBus, list(composition, "shared/bus/snapshotapi", "shared/bus/directoryapi", "snapshotter", "snapshotter/bucket")...), never: otherRoles("snapshotter")},
	{pkg: "controlplane/cmd/ayb-controlplane", may: []string{"controlplane/launch", "shared/config", "shared/process"}},
	{pkg: "querynode/cmd/ayb-querynode", may: []string{"querynode/launch", "querynode/daemon", "querynode/daemonargs", "querynode/engine/sqlite", "shared/config", "shared/process"}},
	{pkg: "mailer/cmd/ayb-mailer", may: []string{"mailer/launch", "shared/config", "shared/process"}},
	{pkg: "snapshotter/cmd/ayb-snapshotter", may: []string{"snapshotter/launch", "shared/config", "shared/process"}},
	{pkg: "cli/serve", may: []string{"shared/config", "shared/process", "controlplane/launch", "querynode/launch", "mailer/launch", "snapshotter/launch"},
		never: []string{"cli/client/..."}},
	{pkg: "cli/admin", may: list(nouns, "cli/client", "cli/client/format", "shared/config", "shared/process", "shared/bus/natsbus", "shared/bus/invalidateapi", "controlplane/metadata/limits", "controlplane/metadata/meta", "controlplane/metadata/store"),
		never: []string{"controlplane/front/api", "querynode/...", "mailer/...", "snapshotter/...", "web/..."}},
	{pkg: "cli/client", may: list(nouns, "shared/httpapi", "shared/daemonapi", "shared/sqlsplit", "cli/client/..."),
		never: list(join(bus, sql), "controlplane/...", "querynode/...", "mailer/...", "snapshotter/...", "web/...")},
	{pkg: "cli/client/format", may: nouns, never: join(bus, sql)},
	{pkg: "cli/client/lineedit", may: list(nouns, "shared/httpapi"), never: join(bus, sql)},
	{pkg: "cli/client/sqlitefile", may: nouns, never: list(join(bus, sql), "net/http")},
	{pkg: "cli", may: []string{"cli/...", "querynode/daemon", "querynode/daemonargs", "querynode/engine/sqlite", "shared/version", "shared/process"}},
	{pkg: "", may: []string{"cli"}},

	{pkg: "tests/...", may: []string{"..."}},
}

// otherRoles returns what a role must not reach: the other roles, and the
// packages for users.
func otherRoles(own ...string) []string {
	var others []string
	for _, r := range roles {
		if !slices.Contains(own, strings.TrimSuffix(r, "/...")) {
			others = append(others, r)
		}
	}
	return others
}

func list(base []string, more ...string) []string { return join(base, more) }

func join(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

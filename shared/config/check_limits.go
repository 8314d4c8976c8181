package config

// The least sizes that can work: with less heap the engine refuses every query,
// and a new database has a few pages already.
const (
	minDatabaseBytes Bytes = 64 << 10
	minHeapBytes     Bytes = 1 << 20
	minRequestBytes  Bytes = 1 << 10
	minTempBytes     Bytes = 1 << 20
	minStoreBytes    Bytes = 16 << 20
)

// minConnections is enough for a few browsers.
const minConnections = 16

func (c check) limits() {
	l := c.s.Limits
	c.atLeast("limits.database_bytes", l.DatabaseBytes, minDatabaseBytes)
	c.atLeast("limits.heap_bytes", l.HeapBytes, minHeapBytes)
	c.atLeast("limits.request_bytes", l.RequestBytes, minRequestBytes)
	c.positive("limits.statement_timeout", l.StatementTimeout)
	c.inRange("limits.queries_per_database", l.QueriesPerDatabase, 1, 1_000_000)
	c.inRange("limits.queries_per_account", l.QueriesPerAccount, 0, 1_000_000)
	c.inRange("limits.databases_per_account", l.DatabasesPerAccount, 0, 1_000_000_000)
	c.inRange("limits.tokens_per_account", l.TokensPerAccount, 0, 1_000_000_000)
	c.inRange("limits.rate_per_minute", l.RatePerMinute, 0, 1_000_000)
	c.require("limits.body_bytes_per_account", l.BodyBytesPerAccount >= 2*l.RequestBytes && l.RequestBytes <= 1<<60,
		"must be at least twice limits.request_bytes, "+(2*l.RequestBytes).String()+": a request of the full size needs twice its size in memory")
	c.require("limits.body_bytes", l.BodyBytes >= 2*l.BodyBytesPerAccount, "must be at least twice limits.body_bytes_per_account, "+(2*l.BodyBytesPerAccount).String())
	c.require("limits.upload_rate", l.UploadRate >= 0 && l.UploadRate <= 1<<30, "must be between 0 and 1GiB")
	c.require("limits.import_timeout", l.ImportTimeout >= 0, "must be a duration from \"0s\"")
	c.require("limits.connections", l.Connections == 0 || l.Connections >= minConnections && l.Connections <= 10_000_000, "must be 0, or between 16 and 10000000")
	c.inRange("limits.connections_per_address", l.ConnectionsPerAddress, 0, 10_000_000)
	for key, value := range map[string]Bytes{
		"limits.temp_bytes": l.TempBytes, "limits.temp_bytes_per_account": l.TempBytesPerAccount, "limits.disk_reserve_bytes": l.DiskReserveBytes,
	} {
		c.require(key, value == 0 || value >= minTempBytes && value <= 1<<60, "must be 0, for a part of the disk, or at least "+minTempBytes.String())
	}
	if _, err := l.Proxies(); err != nil {
		c.require("limits.trusted_proxies", false, err.Error())
	}
}

func (c check) atLeast(key string, value, least Bytes) {
	c.require(key, value >= least, "must be at least "+least.String())
}

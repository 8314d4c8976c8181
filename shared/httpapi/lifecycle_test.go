package httpapi

import (
	"testing"
	"time"
)

func TestTimeText(t *testing.T) {
	for ns, want := range map[int]string{
		0: "2024-08-18T15:05:04Z", 123_000_000: "2024-08-18T15:05:04.123Z", 123_456_000: "2024-08-18T15:05:04.123456Z",
		123_456_789: "2024-08-18T15:05:04.123456789Z", 100: "2024-08-18T15:05:04.000000100Z", 100_000_000: "2024-08-18T15:05:04.100Z",
	} {
		at := time.Date(2024, 8, 18, 17, 5, 4, ns, time.FixedZone("", 7200))
		if got := TimeText(at); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestBodiesOfLifecycle(t *testing.T) {
	for want, body := range map[string]any{
		`{"database_bytes":1,"wal_bytes":2,"running":3}`:                                   Usage{DatabaseBytes: 1, WALBytes: 2, Running: 3},
		`{"entity":"bob","database":"d","database_type":"sqlite","forked_from":"alice/d"}`: Forked{Created{"bob", "d", "sqlite"}, "alice/d"},
		`{"snapshots":[]}`: Snapshots{},
		`{"last_modified_at":"t","snapshot_id":"i","bytes":5,"message":null,"before_restore":false}`: Snapshot{LastModifiedAt: "t", SnapshotID: "i", Bytes: 5},
	} {
		if got, err := Marshal(body); err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

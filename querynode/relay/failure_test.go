package relay

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func TestEngineErrors(t *testing.T) {
	for _, err := range []*errs.Error{
		errs.E(errs.SQL, "no such table: t").With("offset", "3").With("statement", "0").With("sqlite_code", "1"),
		errs.E(errs.ReadOnly, "Attempted to write to database while in read-only mode"),
		errs.E(errs.Full, "database full").With(errs.AttrReason, errs.ReasonDatabase),
		errs.E(errs.DiskFull, "disk full").With(errs.AttrReason, errs.ReasonDisk),
	} {
		if got := errs.Unmarshal(filterDaemonError(daemonapi.KindQuery, errs.Marshal(err))); got.Code != err.Code || got.Message != err.Message || got.Attrs["offset"] != err.Attrs["offset"] {
			t.Errorf("%v became %v", err, got)
		}
	}
	for name, payload := range map[string][]byte{
		"another part's":   errs.Marshal(errs.E(errs.InvalidToken, "Invalid API token")),
		"unknown":          []byte(`{"code":"made_up","message":"x"}`),
		"long":             errs.Marshal(errs.E(errs.SQL, "%s", strings.Repeat("x", maxErrorBytes))),
		"an owner's word":  errs.Marshal(errs.E(errs.OwnerPermissions, "x")),
		"another kind":     errs.Marshal(errs.E(errs.SQL, "x x").With("type", "InvalidToken")),
		"another reason":   errs.Marshal(errs.E(errs.DiskFull, "x x").With(errs.AttrReason, "paid_up")),
		"a key of its own": errs.Marshal(errs.E(errs.SQL, "x x").With("log_in_at", "https://example.com")),
	} {
		if got := errs.Unmarshal(filterDaemonError(daemonapi.KindQuery, payload)); got.Code != errs.Engine || strings.Contains(got.Message, "x x") {
			t.Errorf("%s: passed on as %v", name, got)
		}
	}
}

// Only a request to cancel a statement can fail because the statement is
// missing.
func TestMissingRecords(t *testing.T) {
	statement := errs.Marshal(errs.RecordNotFound("query", "1f"))
	if got := errs.Unmarshal(filterDaemonError(daemonapi.KindCancel, statement)); got.Code != errs.NotFound || got.Attrs["id"] != "1f" {
		t.Errorf("became %v", got)
	}
	database := errs.Marshal(errs.RecordNotFound("database", "alice/shop.sqlite"))
	for name, got := range map[string][]byte{
		"a statement of a query": filterDaemonError(daemonapi.KindQuery, statement),
		"a database":             filterDaemonError(daemonapi.KindCancel, database),
	} {
		if e := errs.Unmarshal(got); e.Code != errs.Engine {
			t.Errorf("%s: passed on as %v", name, e)
		}
	}
}

// A copy, an import and a check have a few more errors, and no others.
func TestErrorsOfTransfers(t *testing.T) {
	for _, tt := range []struct {
		kind daemonapi.Kind
		err  *errs.Error
		want errs.Code
	}{
		{daemonapi.KindCopy, errs.E(errs.NotFound, "The database was never written"), errs.NotFound},
		{daemonapi.KindCopy, errs.E(errs.Snapshot, "not sound"), errs.Snapshot},
		{daemonapi.KindCheck, errs.E(errs.Snapshot, "not sound"), errs.Snapshot},
		{daemonapi.KindExport, errs.RecordNotFound("table", "t"), errs.NotFound},
		{daemonapi.KindImport, errs.E(errs.Conflict, "There is a table t"), errs.Conflict},
		{daemonapi.KindExport, errs.RecordNotFound("entity", "alice"), errs.Engine},
		{daemonapi.KindImport, errs.E(errs.NoSnapshot, "x"), errs.Engine},
		{daemonapi.KindExport, errs.E(errs.Conflict, "x"), errs.Engine},
		{daemonapi.KindQuery, errs.E(errs.Snapshot, "x"), errs.Engine},
		{daemonapi.KindSchema, errs.RecordNotFound("table", "t"), errs.Engine},
	} {
		if got := errs.Unmarshal(filterDaemonError(tt.kind, errs.Marshal(tt.err))); got.Code != tt.want {
			t.Errorf("kind %d: %v became %v", tt.kind, tt.err, got)
		}
	}
}

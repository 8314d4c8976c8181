package httpapi_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestFromError(t *testing.T) {
	tests := []struct {
		err    error
		status int
		body   string
	}{
		{errs.E(errs.Invalid, "Unknown value: x"), 400, `{"type":"Other","message":"Unknown value: x"}`},
		{errs.E(errs.InvalidSlug, "bad <slug>"), 400, `{"type":"InvalidSlug","message":"bad <slug>"}`},
		{errs.E(errs.Registration, "r"), 400, `{"type":"RegistrationError","message":"r"}`},
		{errs.E(errs.EmptyUpdate, "e"), 400, `{"type":"EmptyUpdateError","message":"e"}`},
		{errs.E(errs.OwnerPermissions, "o"), 400, `{"type":"CantSetOwnerPermissions","message":"o"}`},
		{errs.E(errs.Unsupported, "u"), 400, `{"type":"Other","message":"u"}`},
		{errs.E(errs.SQL, "no such table: t").With("sqlite_code", "1").With("offset", "14"), 400,
			`{"type":"Other","message":"no such table: t","offset":14,"sqlite_code":1}`},
		{errs.E(errs.SQL, "s").With("sqlite_code", "2067").With("offset", "12345678").With("statement", "1000000").With("other", "1"), 400,
			`{"type":"Other","message":"s","offset":12345678,"other":"1","sqlite_code":2067,"statement":1000000}`},
		{errs.E(errs.Unauthenticated, "u"), 401, `{"type":"Unauthorized","message":"u"}`},
		{errs.E(errs.InvalidToken, "Invalid API token"), 401, `{"type":"InvalidToken","message":"Invalid API token"}`},
		{errs.E(errs.Hidden, "h"), 403, `{"type":"Unauthorized","message":"h"}`},
		{errs.E(errs.Forbidden, "f"), 403, `{"type":"Other","message":"f"}`},
		{errs.E(errs.ReadOnly, "w"), 403, `{"type":"NoWriteAccessError","message":"w"}`},
		{errs.RecordNotFound("database", "alice/nope"), 404, `{"type":"RecordNotFound","id":"alice/nope","record_type":"database"}`},
		{errs.E(errs.NotFound, "No such page"), 404, `{"type":"Other","message":"No such page"}`},
		{errs.E(errs.NoSnapshot, "n"), 404, `{"type":"SnapshotDoesNotExistError"}`},
		{errs.E(errs.Timeout, "t"), 408, `{"type":"Other","message":"t"}`},
		{errs.E(errs.Canceled, "c"), 408, `{"type":"Other","message":"c"}`},
		{errs.E(errs.Conflict, "c"), 409, `{"type":"Other","message":"c"}`},
		{errs.E(errs.TooLarge, "l"), 413, `{"type":"Other","message":"l"}`},
		{errs.E(errs.RateLimited, "r"), 429, `{"type":"Other","message":"r"}`},
		{errs.E(errs.Engine, "e"), 500, `{"type":"QueryError","message":"e"}`},
		{errs.E(errs.Snapshot, "s"), 500, `{"type":"SnapshotError","message":"s"}`},
		{errs.E(errs.Mail, "m"), 502, `{"type":"EmailError","message":"m"}`},
		{errs.E(errs.ObjectStore, "o"), 502, `{"type":"S3ExecutionError","message":"o"}`},
		{errs.E(errs.Unavailable, "u"), 503, `{"type":"Other","message":"u"}`},
		{errs.E(errs.Full, "f"), 507, `{"type":"Other","message":"f"}`},
		{errs.E(errs.DiskFull, "f").With(errs.AttrReason, errs.ReasonDisk), 507, `{"type":"Other","message":"f","reason":"disk_full"}`},
		{errs.E(errs.DiskFull, "f").With(errs.AttrReason, errs.ReasonTemp), 507, `{"type":"Other","message":"f","reason":"temp_full"}`},
		{fmt.Errorf("in passing: %w", errs.Wrap(errs.Conflict, errors.New("UNIQUE constraint"), "It exists")), 409, `{"type":"Other","message":"It exists"}`},
		{errors.New("/srv/secret: gone"), 500, `{"type":"Other","message":"Something went wrong on our side; the operator can find the details in the server's log."}`},
		{errs.E("of the future", "new"), 500, `{"type":"Other","message":"new"}`},
	}
	for _, tt := range tests {
		status, body := httpapi.FromError(tt.err)
		got, err := httpapi.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		if status != tt.status || string(got) != tt.body {
			t.Errorf("%v:\n got %d %s\nwant %d %s", tt.err, status, got, tt.status, tt.body)
		}
		// Reading the answer and writing it again changes nothing.
		backStatus, backBody := httpapi.FromError(httpapi.ToError(status, got))
		back, err := httpapi.Marshal(backBody)
		if err != nil {
			t.Fatal(err)
		}
		if backStatus != status || string(back) != tt.body {
			t.Errorf("%v: came back as %d %s", tt.err, backStatus, back)
		}
	}
}

func TestToErrorCodes(t *testing.T) {
	tests := []struct {
		status  int
		body    string
		code    errs.Code
		typ     string
		message string
	}{
		{400, `{"type":"Other","message":"m"}`, errs.Invalid, "Other", "m"},
		{400, `{"type":"Other","message":"m","sqlite_code":1}`, errs.SQL, "Other", "m"},
		{401, `{"type":"Other","message":"m"}`, errs.Unauthenticated, "Other", "m"},
		{409, `{"type":"Other","message":"m"}`, errs.Conflict, "Other", "m"},
		{408, `{"type":"Other","message":"m"}`, errs.Timeout, "Other", "m"},
		{405, `{"type":"Other","message":"m"}`, errs.Invalid, "Other", "m"},
		// The types are sufficient for a server that answers 500 to everything.
		{500, `{"type":"InvalidToken","message":"m"}`, errs.InvalidToken, "InvalidToken", "m"},
		{500, `{"type":"RecordNotFound","id":"a/b","record_type":"database"}`, errs.NotFound, "RecordNotFound", "No database a/b"},
		{500, `{"type":"SnapshotDoesNotExistError"}`, errs.NoSnapshot, "SnapshotDoesNotExistError", "No snapshot has this id"},
		{500, `{"type":"S3ConnectionError","message":"m"}`, errs.ObjectStore, "S3ConnectionError", "m"},
		{500, `{"type":"DurationParseError","message":"m"}`, errs.Snapshot, "DurationParseError", "m"},
		{503, ``, errs.Unavailable, "Other", "Unable to parse error response: the body is empty, response code: 503 Service Unavailable"},
		{502, `<html>`, errs.Unavailable, "Other", "Unable to parse error response: the body is not JSON, response code: 502 Bad Gateway"},
		{418, `[1]`, errs.Invalid, "Other", "Unable to parse error response: the body is not JSON, response code: 418 I'm a teapot"},
		{404, `{}`, errs.NotFound, "Other", "Unable to parse error response: the body has no error type, response code: 404 Not Found"},
	}
	for _, tt := range tests {
		e := httpapi.ToError(tt.status, []byte(tt.body))
		if e.Code != tt.code || httpapi.WireType(e) != tt.typ || e.Message != tt.message {
			t.Errorf("%d %s: got %s %s %q", tt.status, tt.body, e.Code, httpapi.WireType(e), e.Message)
		}
	}
}

func TestBodiesKeepOrderAndNulls(t *testing.T) {
	one := "1"
	tests := []struct {
		body any
		want string
	}{
		{httpapi.Empty{}, `{}`},
		{httpapi.MailSent{}, `{}`},
		{httpapi.MailSent{Delivery: httpapi.DeliveryQueued}, `{"delivery":"queued"}`},
		{httpapi.Confirmed{Entity: "alice", Token: "ayb_a_b"}, `{"entity":"alice","token":"ayb_a_b"}`},
		{httpapi.Created{Entity: "a", Database: "b", DatabaseType: "sqlite"}, `{"entity":"a","database":"b","database_type":"sqlite"}`},
		{httpapi.DatabaseDetails{EntitySlug: "a", DatabaseSlug: "b", DatabaseType: "sqlite", PublicSharingLevel: "no-access"},
			`{"entity_slug":"a","database_slug":"b","database_type":"sqlite","highest_query_access_level":null,"can_manage_database":false,"public_sharing_level":"no-access","query_permission_level":null,"forked_from":null,"forks":[]}`},
		{httpapi.QueryResult{}, `{"fields":[],"rows":[]}`},
		{httpapi.QueryResult{Fields: []string{"<a>", "b"}, Rows: httpapi.List[httpapi.List[*string]]{{&one, nil}}}, `{"fields":["<a>","b"],"rows":[["1",null]]}`},
		{httpapi.Entity{Slug: "a"}, `{"slug":"a","profile":{"display_name":null,"description":null,"organization":null,"location":null,"links":[]},"databases":[],"permissions":{"can_create_database":false}}`},
		{httpapi.Tokens{}, `{"tokens":[]}`},
		{httpapi.Tokens{Tokens: []httpapi.Token{{ShortToken: "s"}}}, `{"tokens":[{"short_token":"s","scoped_database":null,"permission_level":null,"app_name":null,"created_at":null,"expires_at":null,"revoked_at":null,"name":null,"last_used_at":null}]}`},
	}
	for _, tt := range tests {
		got, err := httpapi.Marshal(tt.body)
		if err != nil || string(got) != tt.want {
			t.Errorf("%T: got %s, %v; want %s", tt.body, got, err, tt.want)
		}
	}
}

// A name stays one segment of its path.
func TestPathsEscape(t *testing.T) {
	if got, want := httpapi.DatabasePath("a b", "x/../y?z", "query"), "/v1/a%20b/x%2F..%2Fy%3Fz/query"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := httpapi.EntityPath("ä"), "/v1/entity/%C3%A4"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

package daemonapi

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func request() Request {
	return Request{
		Path: ayb.DatabasePath{Entity: "alice", Database: "shop.sqlite"}, Type: ayb.SQLite,
		Mode: ayb.QueryReadWrite, Format: FormatCompat, Timeout: 1500 * time.Millisecond, Body: []byte("SELECT 1"),
	}
}

// The wire form is a contract between processes of different versions.
const golden = "002e" + "010005616c696365" + "02000b73686f702e73716c697465" + "03000673716c697465" + "04000102" + "05000101" + "060004000005dc" + "53454c4543542031"

func TestGoldenHead(t *testing.T) {
	r := request()
	if got := hex.EncodeToString(append(AppendHead(nil, &r), r.Body...)); got != golden {
		t.Errorf("got  %s\nwant %s", got, golden)
	}
}

func TestRoundTrip(t *testing.T) {
	full := request()
	full.Kind, full.Form, full.Format = KindCancel, FormJSON, FormatNDJSON
	full.ResultBytes, full.Caller, full.Agent, full.All = 1<<40, "bob", "app1", true
	full.Version, full.Options = "v1", []byte(`{"format":"csv"}`)
	full.Limits = Limits{DatabaseBytes: 5 << 30, HeapBytes: 1 << 27, Queries: 12}
	for _, r := range []Request{request(), full} {
		got, err := Parse(append(AppendHead(nil, &r), r.Body...))
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, r)
		}
	}
}

// A field of a later version that a reader may ignore is skipped.
func TestOptionalFieldsAreSkipped(t *testing.T) {
	newer := "0011" + "ff0003abcdef" + "010001" + "61" + "04000101" + "c80000"
	b, err := hex.DecodeString(newer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(b)
	if err != nil || got.Path.Entity != "a" || got.Mode != ayb.QueryReadOnly {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A field of a later version that changes the meaning of a request is refused, not
// skipped: a statement of a session must not run outside of it.
func TestUnknownFieldsAreRefused(t *testing.T) {
	for _, tag := range []byte{0, tagOptions + 1, tagOptional - 1} {
		r := request()
		b := AppendHead(nil, &r)
		n := binary.BigEndian.Uint16(b)
		head := append(append([]byte{}, b[2:2+n]...), tag, 0, 1, 1)
		b = append(binary.BigEndian.AppendUint16(nil, uint16(len(head))), head...)
		_, err := Parse(b)
		if !errs.Is(err, errs.Unsupported) || !strings.Contains(err.Error(), fmt.Sprintf("field (%d)", tag)) {
			t.Errorf("tag %d: %v", tag, err)
		}
	}
}

func TestBadHeads(t *testing.T) {
	r := request()
	whole := AppendHead(nil, &r)
	for cut := range whole {
		if _, err := Parse(whole[:cut]); errs.CodeOf(err) != errs.Invalid {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	for name, h := range map[string]string{
		"no mode":       "0004" + "01000161",
		"unknown mode":  "0004" + "04000103",
		"long mode":     "0005" + "0400020101",
		"short timeout": "0008" + "04000101" + "06000101",
		"empty format":  "0007" + "04000101" + "050000",
		"empty kind":    "0007" + "04000101" + "070000",
		"short limit":   "0008" + "04000101" + "0d000101",
		"huge limit":    "000f" + "04000101" + "0d0008ffffffffffffffff",
		"many queries":  "000f" + "04000101" + "0f00087fffffffffffffff",
	} {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(b); errs.CodeOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	r := request()
	f.Add(AppendHead(nil, &r))
	f.Add(append(AppendHead(nil, &r), "SELECT 1"...))
	for _, s := range []string{"", "\x00", "\x00\x00", "\xff\xff", "\x00\x04\x04\x00\x01\x01", "\x00\x04\x04\x00\x01\x03", "\x00\x08\x04\x00\x01\x01\xc8\x00\x01\x00", "\x00\x0f\x04\x00\x01\x02\x09\x00\x08\x80\x00\x00\x00\x00\x00\x00\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Parse(b)
		if err == nil && got.Mode == ayb.QueryNone {
			t.Fatal("a request without a mode was taken")
		}
		if err != nil || len(got.Path.Entity)+len(got.Path.Database)+len(got.Type)+len(got.Caller)+len(got.Agent) > 60_000 {
			return // AppendHead is for what the control plane makes
		}
		again, err := Parse(append(AppendHead(nil, &got), got.Body...))
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%+v became %+v, %v", got, again, err)
		}
	})
}

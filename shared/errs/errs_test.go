package errs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
)

func TestCodeSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("look up: %w", Wrap(NotFound, fs.ErrNotExist, "No database %s", "a/b"))
	if CodeOf(err) != NotFound || !Is(err, NotFound) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("lost in %v", err)
	}
	if CodeOf(nil) != "" || Is(nil, "") || CodeOf(errors.New("x")) != Internal {
		t.Error("errors without a code")
	}
}

// The text of an error without a code is not public.
func TestPublicTellsNothingInternal(t *testing.T) {
	p := Public(errors.New("open /var/lib/secret"))
	if p.Code != Internal || strings.Contains(p.Message, "secret") {
		t.Errorf("told %q", p.Message)
	}
	if p := Public(Wrap(SQL, errors.New("/var/lib"), "no such table: t")); p.Message != "no such table: t" {
		t.Errorf("told %q", p.Message)
	}
}

// The wire form is a contract between processes of different versions.
func TestWire(t *testing.T) {
	e := Wrap(SQL, errors.New("hidden"), "no such table: t").With("offset", "14")
	b := Marshal(e)
	if want := `{"code":"sql","message":"no such table: t","attrs":{"offset":"14"}}`; string(b) != want {
		t.Errorf("got %s", b)
	}
	got := Unmarshal(b)
	if got.Code != SQL || got.Message != e.Message || got.Attrs["offset"] != "14" {
		t.Errorf("got %+v", got)
	}
	for _, bad := range []string{"", "{", "null", `{"message":"no code"}`} {
		if got := Unmarshal([]byte(bad)); got.Code != Internal {
			t.Errorf("%q gave %v", bad, got)
		}
	}
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	a := E(NotFound, "x").With("id", "1")
	b := a.With("id", "2")
	if a.Attrs["id"] != "1" || b.Attrs["id"] != "2" {
		t.Errorf("%v, %v", a.Attrs, b.Attrs)
	}
}

// Bytes from another process always decode to an error with a code.
func FuzzUnmarshal(f *testing.F) {
	f.Add(Marshal(E(SQL, "no such table: x").With("offset", "7").With("statement", "0")))
	f.Add(Marshal(RecordNotFound("database", "a/b")))
	for _, s := range []string{"", "null", "{}", "[]", `{"code":""}`, `{"code":7}`, `{"code":"sql","attrs":{"a":null}}`, `{"code":"x","message":"\ud800"}`, "{\"code\":\"sql\",\"message\":\"\xff\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e := Unmarshal(b)
		if e == nil || e.Code == "" {
			t.Fatalf("%q gave %v", b, e)
		}
		again := Unmarshal(Marshal(e))
		if again.Code != e.Code || again.Message != e.Message || !maps.Equal(again.Attrs, e.Attrs) {
			t.Fatalf("%+v became %+v", e, again)
		}
	})
}

package front

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

// A panic of a handler is logged and answered with an error that hides its cause.
func TestPanicIsAnswered(t *testing.T) {
	var log bytes.Buffer
	f := &Front{deps: Deps{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	rec := httptest.NewRecorder()
	func() {
		defer f.recovered(rec)
		panic("/srv/secret")
	}()
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "secret") || !strings.Contains(log.String(), "/srv/secret") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

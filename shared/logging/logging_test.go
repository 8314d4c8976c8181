package logging_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/logging"
)

func TestNewWritesFromItsLevelOn(t *testing.T) {
	var out strings.Builder
	log := logging.New(&out, slog.LevelWarn)
	log.Info("not this")
	log.Warn("daemon ended", logging.DB, "alice/shop.sqlite")
	got := out.String()
	if strings.Contains(got, "not this") || !strings.Contains(got, `level=WARN msg="daemon ended" db=alice/shop.sqlite`) {
		t.Errorf("%q", got)
	}
}

func TestParseLevel(t *testing.T) {
	for text, want := range map[string]slog.Level{
		"": slog.LevelInfo, "DEBUG": slog.LevelDebug, "info": slog.LevelInfo, "Warn": slog.LevelWarn, "error": slog.LevelError,
	} {
		if got, err := logging.ParseLevel(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if _, err := logging.ParseLevel("loud"); !errs.Is(err, errs.Invalid) {
		t.Errorf("loud: %v", err)
	}
}

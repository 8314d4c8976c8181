package format_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/cli/client/format"
)

// The text of a cell cannot leave the cell or become HTML.
func TestMarkdownAndList(t *testing.T) {
	rows := [][]string{{"1", "x|y"}, {`\`, "<script>&\r\nb\nc\x1b[2J"}}
	for _, tt := range []struct {
		make func(*strings.Builder) *format.LineWriter
		want string
	}{
		{func(b *strings.Builder) *format.LineWriter { return format.NewMarkdownWriter(b) },
			"| a | b\\|c |\n| --- | --- |\n| 1 | x\\|y |\n| \\\\ | &lt;script>&amp;<br>b<br>c\\x1B[2J |\n"},
		{func(b *strings.Builder) *format.LineWriter { return format.NewListWriter(b) },
			"1|x|y\n\\|<script>&\nb\nc\\x1B[2J\n"},
	} {
		var b strings.Builder
		w := tt.make(&b)
		err := w.Header([]string{"a", "b|c"})
		for _, row := range rows {
			err = errors.Join(err, w.Write(row))
		}
		if err = errors.Join(err, w.Flush()); err != nil || b.String() != tt.want {
			t.Errorf("%v\n got %q\nwant %q", err, b.String(), tt.want)
		}
	}
	full := format.NewMarkdownWriter(fullDisk{})
	if err := errors.Join(full.Header([]string{"a"}), full.Flush()); err == nil {
		t.Error("a failure is lost")
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1 << 30: "1.0 GiB", 1<<30 - 1: "1.0 GiB",
		1536: "1.5 KiB", 64 << 20: "64.0 MiB", 1<<63 - 1: "8.0 EiB"} {
		if got := format.Bytes(n); got != want {
			t.Errorf("%d: %s, not %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 s", -time.Hour: "0 s", 345 * time.Millisecond: "345 ms", 300 * time.Millisecond: "0.3 s",
		1250 * time.Millisecond: "1.2 s", time.Second: "1 s", 45 * time.Second: "45 s", 125 * time.Second: "2 min 5 s", 120 * time.Second: "2 min",
		time.Hour: "1 h", 90 * time.Minute: "1 h 30 min", 25*time.Hour + time.Second: "1 d 1 h", 24*time.Hour + time.Second: "1 d"} {
		if got := format.Duration(d); got != want {
			t.Errorf("%v: %s, not %s", d, got, want)
		}
	}
}

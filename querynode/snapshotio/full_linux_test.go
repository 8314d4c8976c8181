package snapshotio

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

// A full disk has an error of its own.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	data := content(8 << 20)
	if _, err := pack(t.Context(), full, bytes.NewReader(data), int64(len(data)), func(context.Context) {}); !errs.Is(err, errs.DiskFull) {
		t.Errorf("packing: %v", err)
	}
	if _, err := unpack(full, &source{r: bytes.NewReader(packed(t, data))}, 16<<20); !errs.Is(err, errs.DiskFull) {
		t.Errorf("unpacking: %v", err)
	}
}

package api

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	codingGzip = "gzip"
	codingZstd = "zstd"

	// minPacked is the size from which an answer is worth compressing.
	minPacked = 1 << 10
	// maxCompressors bounds the memory of compression, about a megabyte each.
	// Answers beyond go out as they are.
	maxCompressors = 64
	// zstdWindow is how far back a match may be.
	zstdWindow = 256 << 10
)

// compressor compresses one answer at a time.
type compressor interface {
	io.WriteCloser
	// Flush writes what was given so far in a form that can be unpacked.
	Flush() error
	// Reset begins another answer, whatever has become of the one before.
	Reset(w io.Writer)
}

// compressors lends compressors to answers. The zero value is ready; it may be
// used concurrently.
type compressors struct {
	lent atomic.Int32
	idle [2]sync.Pool // by slot
}

func slot(coding string) int {
	if coding == codingZstd {
		return 1
	}
	return 0
}

// take gives a compressor that writes to w; nil when there is none for this
// coding or all are in use.
func (c *compressors) take(coding string, w io.Writer) compressor {
	if coding == "" {
		return nil
	}
	if c.lent.Add(1) > maxCompressors {
		c.lent.Add(-1)
		return nil
	}
	z, ok := c.idle[slot(coding)].Get().(compressor)
	if !ok {
		z = newCompressor(coding)
	}
	z.Reset(w)
	return z
}

// give takes a compressor back.
func (c *compressors) give(coding string, z compressor) {
	z.Reset(io.Discard) // it must not hold on to a connection
	c.idle[slot(coding)].Put(z)
	c.lent.Add(-1)
}

func newCompressor(coding string) compressor {
	if coding == codingZstd {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true))
		if err == nil { // it is only ever one of bad options
			return z
		}
	}
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		return gzip.NewWriter(nil)
	}
	return z
}

// pack compresses an answer that is in memory; false when it is not worth it.
func (c *compressors) pack(coding string, body []byte) ([]byte, bool) {
	if coding == "" || len(body) < minPacked {
		return nil, false
	}
	var packed bytes.Buffer
	z := c.take(coding, &packed)
	if z == nil {
		return nil, false
	}
	defer c.give(coding, z)
	packed.Grow(len(body) / 4)
	if _, err := z.Write(body); err != nil {
		return nil, false
	}
	if err := z.Close(); err != nil || packed.Len() >= len(body) {
		return nil, false
	}
	return packed.Bytes(), true
}

package stream

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

	// minPacked is the smallest answer, in bytes, that is compressed.
	minPacked = 1 << 10
	// maxCompressors bounds the memory of compression, about a megabyte each.
	// Further answers are sent uncompressed.
	maxCompressors = 64
	// zstdWindow is the largest distance of a match, in bytes.
	zstdWindow = 256 << 10
)

// compressor compresses one answer at a time.
type compressor interface {
	io.WriteCloser
	// Flush writes everything so far in a form that can be decompressed.
	Flush() error
	// Reset starts another answer. The previous one may be incomplete.
	Reset(w io.Writer)
}

// Compressors is a pool of compressors. The zero value is ready. It is safe for
// concurrent use.
type Compressors struct {
	lent atomic.Int32
	idle [2]sync.Pool // by slot
}

func slot(coding string) int {
	if coding == codingZstd {
		return 1
	}
	return 0
}

// get returns a compressor that writes to w, or nil without a coding or when all
// compressors are in use.
func (c *Compressors) get(coding string, w io.Writer) compressor {
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

// put returns a compressor to the pool.
func (c *Compressors) put(coding string, z compressor) {
	z.Reset(io.Discard) // it must not keep the connection
	c.idle[slot(coding)].Put(z)
	c.lent.Add(-1)
}

func newCompressor(coding string) compressor {
	if coding == codingZstd {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true))
		if err == nil { // the only errors are of invalid options
			return z
		}
	}
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		return gzip.NewWriter(nil)
	}
	return z
}

// pack compresses an answer in memory. It returns false if that saves nothing.
func (c *Compressors) pack(coding string, body []byte) ([]byte, bool) {
	if coding == "" || len(body) < minPacked {
		return nil, false
	}
	var packed bytes.Buffer
	z := c.get(coding, &packed)
	if z == nil {
		return nil, false
	}
	defer c.put(coding, z)
	packed.Grow(len(body) / 4)
	if _, err := z.Write(body); err != nil {
		return nil, false
	}
	if err := z.Close(); err != nil || packed.Len() >= len(body) {
		return nil, false
	}
	return packed.Bytes(), true
}

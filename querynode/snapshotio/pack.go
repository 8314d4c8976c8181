// Package snapshotio packs copies of databases into the files of an object
// store, sends these files to signed addresses, fetches them, and unpacks them.
// It moves, hashes and compresses bytes in small pieces, and does not interpret
// them.
package snapshotio

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/blake3"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// chunk is the size of one read.
	chunk = 1 << 20
	// maxWindow bounds the memory that a compressed file may require for
	// references to earlier data. All compressors use at most 8 MiB at level 3.
	maxWindow = 32 << 20
)

// Packed describes a packed file.
type Packed struct {
	ID    string // BLAKE3-256 of the content, 64 hex digits
	Bytes int64  // length of the content
	Size  int64  // length of the packed file
}

// pack compresses src, which must have exactly length bytes. It calls wait
// before each piece.
func pack(ctx context.Context, dst io.Writer, src io.Reader, length int64, wait func(context.Context)) (Packed, error) {
	out := &counter{w: dst}
	z, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(3)), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return Packed{}, fmt.Errorf("compress: %w", err)
	}
	h := blake3.New()
	n, err := io.CopyBuffer(io.MultiWriter(h, z), throttledReader{reader{ctx, io.LimitReader(src, length)}, wait}, make([]byte, chunk))
	if cerr := z.Close(); err == nil {
		err = cerr
	}
	switch {
	case ctx.Err() != nil:
		return Packed{}, errs.Wrap(errs.Canceled, context.Cause(ctx), "The snapshot was canceled")
	case err != nil:
		return Packed{}, diskError(err)
	case n != length:
		return Packed{}, errs.E(errs.Engine, "The copy of the database changed while it was read")
	}
	return Packed{ID: hex.EncodeToString(h.Sum(nil)), Bytes: n, Size: out.n}, nil
}

// unpackResult is the hash and the length of unpacked content.
type unpackResult struct {
	id    string
	bytes int64
}

// errTooLong reports content that is longer than any database.
var errTooLong = errors.New("the content is too long")

// errPacking reports data that is not a packed file.
var errPacking = errors.New("the compressed data is damaged")

// maxContent bounds how much content is unpacked to verify its hash, unless the
// database may be larger.
const maxContent = 1 << 40

// unpack decompresses src. It writes at most maxBytes to dst. It counts and
// hashes the rest of longer content, so that the reported length is verified.
// The error is errTooLong, errPacking, or an error of dst.
func unpack(dst io.Writer, src *source, maxBytes int64) (unpackResult, error) {
	z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return unpackResult{}, fmt.Errorf("%w: %w", errPacking, err)
	}
	defer z.Close()
	h := blake3.New()
	buf := make([]byte, chunk)
	for {
		n, rerr := z.Read(buf)
		if src.made += int64(n); src.made > max(maxBytes, maxContent) {
			return unpackResult{}, errTooLong
		}
		_, _ = h.Write(buf[:n]) // it cannot fail
		if src.made <= maxBytes {
			if _, err := dst.Write(buf[:n]); err != nil {
				return unpackResult{}, diskError(err)
			}
		}
		if rerr == io.EOF {
			return unpackResult{hex.EncodeToString(h.Sum(nil)), src.made}, nil
		}
		if rerr != nil {
			return unpackResult{}, fmt.Errorf("%w: %w", errPacking, rerr)
		}
	}
}

// diskError returns NoRoom for a full disk, else a wrapped error.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return NoRoom(err)
	}
	return fmt.Errorf("work on the files of a snapshot: %w", err)
}

// NoRoom is the error of a full disk.
func NoRoom(cause error) error {
	return errs.Wrap(errs.DiskFull, cause, "disk full: the query node has no room left for the files of a snapshot; tell the operator").
		With(errs.AttrReason, errs.ReasonDisk)
}

// counter counts written bytes.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// reader fails when its context ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// throttledReader waits before each read.
type throttledReader struct {
	reader
	throttle func(context.Context)
}

func (p throttledReader) Read(b []byte) (int, error) {
	p.throttle(p.ctx)
	return p.reader.Read(b)
}

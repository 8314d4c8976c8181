// Package snapshotio makes the files that are kept in an object store out of
// copies of databases, sends them to addresses that somebody else has signed,
// fetches them and makes copies of them again. It moves, hashes and compresses
// bytes, of which it holds little at a time, and never looks into them.
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
	// chunk is how much is read at a time.
	chunk = 1 << 20
	// maxWindow is how far back a compressed file may refer, which has to be
	// in memory. Level 3, of all makers, refers back 8 MiB at the most.
	maxWindow = 32 << 20
)

// Packed describes a packed file.
type Packed struct {
	ID    string // BLAKE3-256 of the content, 64 hex digits
	Bytes int64  // of the content
	Size  int64  // of the packed file
}

// pack compresses what it reads from src, which has to have this length. It
// calls pause before each piece.
func pack(ctx context.Context, dst io.Writer, src io.Reader, length int64, pause func(context.Context)) (Packed, error) {
	out := &counter{w: dst}
	z, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(3)), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return Packed{}, fmt.Errorf("compress: %w", err)
	}
	h := blake3.New()
	n, err := io.CopyBuffer(io.MultiWriter(h, z), throttledReader{reader{ctx, io.LimitReader(src, length)}, pause}, make([]byte, chunk))
	if cerr := z.Close(); err == nil {
		err = cerr
	}
	switch {
	case ctx.Err() != nil:
		return Packed{}, errs.Wrap(errs.Canceled, context.Cause(ctx), "The snapshot was given up")
	case err != nil:
		return Packed{}, diskError(err)
	case n != length:
		return Packed{}, errs.E(errs.Engine, "The copy of the database changed while it was read")
	}
	return Packed{ID: hex.EncodeToString(h.Sum(nil)), Bytes: n, Size: out.n}, nil
}

// unpackResult tells what has come out of unpack.
type unpackResult struct {
	id    string
	bytes int64
}

// errTooLong reports content that is longer than any is.
var errTooLong = errors.New("the content is too long")

// errPacking reports bytes that no packer has made.
var errPacking = errors.New("the compressed data is damaged")

// maxContent is how much of a content is looked at to tell what it is, unless
// the database may have more.
const maxContent = 1 << 40

// unpack uncompresses src. No more than most bytes go to dst; of content that
// has more the rest is counted and hashed only, so that its length can be
// believed. The error is errTooLong, errPacking, or one of dst.
func unpack(dst io.Writer, src *source, most int64) (unpackResult, error) {
	z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return unpackResult{}, fmt.Errorf("%w: %w", errPacking, err)
	}
	defer z.Close()
	h := blake3.New()
	buf := make([]byte, chunk)
	for {
		n, rerr := z.Read(buf)
		if src.made += int64(n); src.made > max(most, maxContent) {
			return unpackResult{}, errTooLong
		}
		_, _ = h.Write(buf[:n]) // it cannot fail
		if src.made <= most {
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

// diskError says that there is no room, if that is why something failed.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return NoRoom(err)
	}
	return fmt.Errorf("work on the files of a snapshot: %w", err)
}

// NoRoom says that the node's disk is full.
func NoRoom(cause error) error {
	return errs.Wrap(errs.DiskFull, cause, "disk full: the query node has no room left for the files of a snapshot; tell the operator").
		With(errs.AttrReason, errs.ReasonDisk)
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// reader ends when its context does.
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

// throttledReader pauses before it reads.
type throttledReader struct {
	reader
	throttle func(context.Context)
}

func (p throttledReader) Read(b []byte) (int, error) {
	p.throttle(p.ctx)
	return p.reader.Read(b)
}

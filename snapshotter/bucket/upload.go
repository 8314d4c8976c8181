package bucket

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// defaultPartSize is the default of Config.PartSize.
	defaultPartSize = 64 << 20
	// maxParts keeps the list of URLs within one message of the bus.
	maxParts = 500
	// URLLife is how long a signed URL works. An older upload cannot grow any
	// more.
	URLLife = 3 * time.Hour
)

// Upload is a new object that a query node uploads. It ends with Complete or
// Abort.
type Upload struct {
	// Parts are uploaded in order.
	Parts []Part

	store *Store
	key   string
	size  int64
	id    string // of a multipart upload; empty if there is one part
}

// UnfinishedUpload identifies an upload in parts, so that another worker can
// abort it.
type UnfinishedUpload struct {
	ID     string `json:"id"`     // of the snapshot
	Upload string `json:"upload"` // the store's name of the upload
}

// Unfinished identifies the upload; parts is false if the upload has one part,
// which needs no cleaning up.
func (u *Upload) Unfinished() (left UnfinishedUpload, parts bool) {
	return UnfinishedUpload{ID: u.key[strings.LastIndexByte(u.key, '/')+1:], Upload: u.id}, u.id != ""
}

// Part is one PUT request.
type Part struct {
	URL  string
	Size int64
}

// Begin prepares the upload of an object of size bytes.
func (s *Store) Begin(ctx context.Context, p ayb.DatabasePath, id string, size int64) (*Upload, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if !ValidID(id) || p.Check() != nil || size <= 0 {
		return nil, errs.E(errs.Snapshot, "The snapshot has no valid id, or no bytes")
	}
	u := &Upload{store: s, key: s.keys.object(p, id), size: size}
	if size <= s.partSize {
		target, err := s.presign(ctx, http.MethodPut, u.key, nil)
		u.Parts = []Part{{URL: target, Size: size}}
		return u, err
	}
	var err error
	if u.id, err = s.core.NewMultipartUpload(ctx, s.bucket, u.key, minio.PutObjectOptions{ContentType: "application/zstd"}); err != nil {
		return nil, storeError(err)
	}
	for i, n := range splitParts(size, s.partSize) {
		target, err := s.presign(ctx, http.MethodPut, u.key, url.Values{"uploadId": {u.id}, "partNumber": {strconv.Itoa(i + 1)}})
		if err != nil {
			u.Abort(ctx)
			return nil, err
		}
		u.Parts = append(u.Parts, Part{URL: target, Size: n})
	}
	return u, nil
}

// splitParts splits a size into at most maxParts sizes of at least least.
func splitParts(size, least int64) []int64 {
	each := max(least, (size+maxParts-1)/maxParts)
	var out []int64
	for ; size > each; size -= each {
		out = append(out, each)
	}
	return append(out, size)
}

// Complete makes the object exist once all parts are uploaded. It compares the
// size in the store and removes the object if that differs.
func (u *Upload) Complete(ctx context.Context, etags []string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*callTimeout) // some stores put parts together by copying
	defer cancel()
	if u.id != "" {
		if len(etags) != len(u.Parts) {
			return errs.E(errs.ObjectStore, "The object store did not accept all parts of the snapshot")
		}
		list := make([]minio.CompletePart, len(etags))
		for i, tag := range etags {
			list[i] = minio.CompletePart{PartNumber: i + 1, ETag: strings.Trim(tag, `"`)}
		}
		if _, err := u.store.core.CompleteMultipartUpload(ctx, u.store.bucket, u.key, u.id, list, minio.PutObjectOptions{}); err != nil {
			return storeError(err)
		}
	}
	info, err := u.store.core.StatObject(ctx, u.store.bucket, u.key, minio.StatObjectOptions{})
	if err != nil {
		return storeError(err)
	}
	if info.Size != u.size {
		err := u.store.core.RemoveObject(context.WithoutCancel(ctx), u.store.bucket, u.key, minio.RemoveObjectOptions{})
		return errs.Wrap(errs.ObjectStore, fmt.Errorf("%d bytes instead of %d (removed: %w)", info.Size, u.size, err),
			"The snapshot in the object store has a wrong size and was removed; try again")
	}
	return nil
}

// Abort frees the parts that were uploaded, also after the end of ctx. Parts
// that it cannot free are left to AbortStale.
func (u *Upload) Abort(ctx context.Context) {
	if u.id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	_ = u.store.core.AbortMultipartUpload(ctx, u.store.bucket, u.key, u.id) // AbortStale comes after
}

// AbortStale aborts unfinished uploads that began before a time and returns
// their number.
func (s *Store) AbortStale(ctx context.Context, before time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	n := 0
	for u := range s.core.ListIncompleteUploads(ctx, s.bucket, s.keys.write, true) {
		if u.Err != nil {
			return n, storeError(u.Err)
		}
		if _, _, ours := s.keys.parse(u.Key); !ours || !u.Initiated.Before(before) {
			continue
		}
		if err := s.core.AbortMultipartUpload(ctx, s.bucket, u.Key, u.UploadID); err != nil && !isNotFound(err) {
			return n, storeError(err)
		}
		n++
	}
	return n, storeError(ctx.Err())
}

// Abort aborts another worker's unfinished upload of a database. An upload that
// does not exist is no error.
func (s *Store) Abort(ctx context.Context, p ayb.DatabasePath, u UnfinishedUpload) error {
	if !ValidID(u.ID) || u.Upload == "" || p.Check() != nil {
		return errs.E(errs.Invalid, "The unfinished upload has no valid name")
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := s.core.AbortMultipartUpload(ctx, s.bucket, s.keys.object(p, u.ID), u.Upload); err != nil && !isNotFound(err) {
		return storeError(err)
	}
	return nil
}

// URL returns a URL from which anyone can download the object for the time
// URLLife.
func (s *Store) URL(ctx context.Context, o Object) (string, error) {
	return s.presign(ctx, http.MethodGet, o.keys[0], nil)
}

func (s *Store) presign(ctx context.Context, method, key string, query url.Values) (string, error) {
	u, err := s.core.Presign(ctx, method, s.bucket, key, URLLife, query)
	if err != nil {
		return "", storeError(err)
	}
	return u.String(), nil
}

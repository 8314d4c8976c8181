package bucket

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/ayb-go/ayb/shared/ayb"
)

// listTimeout is the limit for a listing of the bucket.
const listTimeout = 30 * time.Minute

// Object is a stored snapshot.
type Object struct {
	ID string
	// ModifiedAt is the store's date; some stores round it to seconds.
	ModifiedAt time.Time
	Size       int64
	// keys has two entries if the object also exists under an old key.
	keys []string
}

// List returns all objects of a database, newest first. Objects of former
// databases of the same name are included.
func (s *Store) List(ctx context.Context, p ayb.DatabasePath) ([]Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	byID := map[string]Object{}
	for _, prefix := range s.keys.prefixes(p) {
		err := s.eachKey(ctx, prefix, func(o minio.ObjectInfo) {
			id := strings.TrimPrefix(o.Key, prefix)
			if !ValidID(id) {
				return // not a snapshot, or in a folder below
			}
			byID[id] = merge(byID[id], o, id)
		})
		if err != nil {
			return nil, err
		}
	}
	return sorted(byID), nil
}

func merge(have Object, o minio.ObjectInfo, id string) Object {
	have.ID = id
	have.keys = append(have.keys, o.Key)
	if o.LastModified.After(have.ModifiedAt) {
		have.ModifiedAt, have.Size = o.LastModified, o.Size
	}
	return have
}

func sorted(byID map[string]Object) []Object {
	out := make([]Object, 0, len(byID))
	for _, o := range byID {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Object) int {
		return cmp.Or(b.ModifiedAt.Compare(a.ModifiedAt), strings.Compare(a.ID, b.ID))
	})
	return out
}

// Walk calls visit for every object of every database, with one request for 1
// 000 objects. An object with two keys is visited twice.
func (s *Store) Walk(ctx context.Context, visit func(p ayb.DatabasePath, o Object)) error {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	for _, root := range s.keys.roots() {
		err := s.eachKey(ctx, root, func(o minio.ObjectInfo) {
			if p, id, ok := s.keys.parse(o.Key); ok {
				visit(p, Object{ID: id, ModifiedAt: o.LastModified, Size: o.Size, keys: []string{o.Key}})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) eachKey(ctx context.Context, prefix string, visit func(minio.ObjectInfo)) error {
	for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return storeError(o.Err)
		}
		visit(o)
	}
	return storeError(ctx.Err()) // the library ends a canceled listing as if it were complete
}

// Remove removes objects. Objects that do not exist are no error.
func (s *Store) Remove(ctx context.Context, objects ...Object) error {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	gone := func(yield func(minio.ObjectInfo) bool) {
		for _, o := range objects {
			for _, key := range o.keys {
				if !yield(minio.ObjectInfo{Key: key}) {
					return
				}
			}
		}
	}
	results, err := s.core.RemoveObjectsWithIter(ctx, s.bucket, gone, minio.RemoveObjectsOptions{})
	if err != nil {
		return storeError(err)
	}
	var first error
	for r := range results {
		if r.Err != nil && !isNotFound(r.Err) && first == nil {
			first = r.Err
		}
	}
	if first == nil {
		first = ctx.Err()
	}
	return storeError(first)
}

// Copy copies an object to another database, inside the store. The copy has its
// own date.
func (s *Store) Copy(ctx context.Context, o Object, to ayb.DatabasePath) error {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	_, err := s.core.ComposeObject(ctx,
		minio.CopyDestOptions{Bucket: s.bucket, Object: s.keys.object(to, o.ID)},
		minio.CopySrcOptions{Bucket: s.bucket, Object: o.keys[0]})
	return storeError(err)
}

package bucket

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/ayb-go/ayb/shared/errs"
)

// storeError wraps an error of the library with a code and a sentence for
// users.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return errs.Wrap(errs.Canceled, err, "The request was canceled")
	}
	return errs.Wrap(errs.ObjectStore, err, "The object store for snapshots is unavailable; try again later")
}

func isNotFound(err error) bool {
	r := minio.ToErrorResponse(err)
	return r.StatusCode == http.StatusNotFound && r.Code != minio.NoSuchBucket
}

// Check lists the bucket once. The error is Invalid, with a sentence for the
// operator, when the configuration cannot work.
func (s *Store) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var err error
	for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.keys.write, MaxKeys: 1}) {
		err = o.Err
		break
	}
	if err == nil {
		return nil
	}
	r := minio.ToErrorResponse(err)
	switch {
	case r.Code == minio.NoSuchBucket:
		return errs.Wrap(errs.Invalid, err, "The bucket %s of snapshots.bucket does not exist; create it, or correct its name", s.bucket)
	case r.Code == minio.InvalidAccessKeyID || strings.Contains(r.Code, "User"):
		return errs.Wrap(errs.Invalid, err, "The object store does not know the key in snapshots.access_key_id")
	case r.Code == minio.SignatureDoesNotMatch:
		return errs.Wrap(errs.Invalid, err, "The object store rejects snapshots.secret_access_key: it does not belong to snapshots.access_key_id")
	case r.Code == minio.RequestTimeTooSkewed:
		return errs.Wrap(errs.Invalid, err, "The object store rejects this machine's clock; set the time")
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		return errs.Wrap(errs.Invalid, err, "The object store does not allow snapshots.access_key_id to list the bucket %s", s.bucket)
	case r.StatusCode == http.StatusMovedPermanently || r.Code == minio.AuthorizationHeaderMalformed || r.Code == minio.InvalidRegion:
		return errs.Wrap(errs.Invalid, err, "The bucket %s is not in the region that snapshots.region names", s.bucket)
	case r.Code == minio.InvalidBucketName || r.Code == minio.InvalidArgument:
		return errs.Wrap(errs.Invalid, err, "The object store rejects the bucket name %s in snapshots.bucket", s.bucket)
	}
	return storeError(err)
}

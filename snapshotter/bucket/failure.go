package bucket

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/ayb-go/ayb/shared/errs"
)

// storeError gives an error of the library a code and a sentence for users.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return errs.Wrap(errs.Canceled, err, "The request was given up")
	}
	return errs.Wrap(errs.ObjectStore, err, "The object store that keeps snapshots cannot be used at the moment; try again later")
}

func isNotFound(err error) bool {
	r := minio.ToErrorResponse(err)
	return r.StatusCode == http.StatusNotFound && r.Code != minio.NoSuchBucket
}

// Check looks whether the bucket can be used. The error is Invalid, with a
// sentence for the operator, when it never will be as it is configured.
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
		return errs.Wrap(errs.Invalid, err, "The object store does not know snapshots.access_key_id")
	case r.Code == minio.SignatureDoesNotMatch:
		return errs.Wrap(errs.Invalid, err, "The object store refuses snapshots.secret_access_key: it does not belong to snapshots.access_key_id")
	case r.Code == minio.RequestTimeTooSkewed:
		return errs.Wrap(errs.Invalid, err, "The object store says that this machine's clock is wrong")
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		return errs.Wrap(errs.Invalid, err, "The object store does not let snapshots.access_key_id list the bucket %s", s.bucket)
	case r.StatusCode == http.StatusMovedPermanently || r.Code == minio.AuthorizationHeaderMalformed || r.Code == minio.InvalidRegion:
		return errs.Wrap(errs.Invalid, err, "The bucket %s is not in the region that snapshots.region names", s.bucket)
	case r.Code == minio.InvalidBucketName || r.Code == minio.InvalidArgument:
		return errs.Wrap(errs.Invalid, err, "The object store refuses the name of the bucket %s in snapshots.bucket", s.bucket)
	}
	return storeError(err)
}

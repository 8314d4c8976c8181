// Package bucket keeps snapshots in a bucket of an S3-compatible store. It owns
// their keys, lists and removes them, and signs the URLs with which query nodes
// upload and download them. It is the only package that knows S3 and its
// credentials. The bytes of a snapshot never pass through it.
//
// There is no index: the listing of the bucket says which snapshots exist.
package bucket

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Config names a bucket and how to reach it.
type Config struct {
	// Endpoint is a URL such as https://s3.example.org; empty is AWS.
	Endpoint string
	Region   string
	// AccessKeyID and SecretAccessKey are static keys, for Signature V4.
	AccessKeyID, SecretAccessKey string
	// Bucket is the name of a bucket that exists already.
	Bucket string
	// Prefix precedes all keys; it may be blank.
	Prefix string
	// PathStyle puts the bucket into the path of URLs. It also puts it in front
	// of the keys, as in buckets that exist already.
	PathStyle bool
	// PartSize is the size in bytes up to which an object is uploaded in one
	// request, and the minimum size of a part of a larger object. Default 64
	// MiB; stores require at least 5 MiB.
	PartSize int64
}

const (
	// retries is how often the library repeats a failed request. A longer
	// failure is left to the next round.
	retries = 3
	// callTimeout is the limit for one call about one object.
	callTimeout = time.Minute
	// headerTimeout is the limit for the store's first byte of an answer.
	headerTimeout = 30 * time.Second
)

// Store is a bucket. It is safe for concurrent use. Its errors have the code
// ObjectStore or Canceled, unless a method says otherwise.
type Store struct {
	core     *minio.Core
	bucket   string
	keys     keyLayout
	partSize int64
}

// New makes a store without a network request. The error is for the operator.
func New(cfg Config) (*Store, error) {
	endpoint, secure, err := endpointHost(cfg)
	if err != nil {
		return nil, err
	}
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, fmt.Errorf("prepare connections to the object store: %w", err)
	}
	transport.ResponseHeaderTimeout = headerTimeout
	core, err := minio.NewCore(endpoint, &minio.Options{
		Creds:  credentials.NewStaticV4(cfg.AccessKeyID, cfg.SecretAccessKey, ""),
		Secure: secure, Region: cfg.Region, Transport: http.RoundTripper(transport),
		BucketLookup: bucketLookup(cfg, endpoint), MaxRetries: retries,
	})
	if err != nil {
		return nil, fmt.Errorf("snapshots.endpoint_url %s cannot be used: %w", cfg.Endpoint, err)
	}
	return &Store{core: core, bucket: cfg.Bucket, keys: newKeyLayout(cfg.Bucket, cfg.Prefix, cfg.PathStyle), partSize: cmp.Or(cfg.PartSize, defaultPartSize)}, nil
}

// endpointHost splits the endpoint into host and scheme, as the library expects
// them.
func endpointHost(cfg Config) (endpoint string, secure bool, err error) {
	if cfg.Endpoint == "" {
		return "s3." + cfg.Region + ".amazonaws.com", true, nil
	}
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", false, fmt.Errorf("snapshots.endpoint_url must be http:// or https:// and a host, without a path, such as https://s3.example.org")
	}
	return u.Host, u.Scheme == "https", nil
}

// bucketLookup decides whether URLs have the bucket in the path or in the host
// name. It is in the path where the host can have no names below it, whatever
// is configured. The keys do not depend on it.
func bucketLookup(cfg Config, endpoint string) minio.BucketLookupType {
	name, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		name = endpoint
	}
	if cfg.PathStyle || net.ParseIP(strings.Trim(name, "[]")) != nil || !strings.Contains(name, ".") {
		return minio.BucketLookupPath
	}
	return minio.BucketLookupDNS
}

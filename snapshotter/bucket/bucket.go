// Package bucket keeps snapshots in a bucket of an S3-compatible store: it
// owns their keys, lists them, signs URLs with which query nodes send and
// fetch them, and removes them. It is the only package that knows S3 and its
// credentials, and no byte of a snapshot ever passes through it.
//
// There is no index: what is listed in the bucket is what exists.
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

// Config says which bucket and how to get at it.
type Config struct {
	// Endpoint is a URL such as https://s3.example.org; empty is AWS.
	Endpoint string
	Region   string
	// AccessKeyID and SecretAccessKey are static keys, for Signature V4.
	AccessKeyID, SecretAccessKey string
	// Bucket exists already.
	Bucket string
	// Prefix stands before all keys; it may be blank.
	Prefix string
	// PathStyle puts the bucket into the path of URLs, and, as existing
	// buckets have it, into the keys.
	PathStyle bool
	// PartSize is the largest object that is sent in one piece, and the least
	// size of a part of larger ones. Default 64 MiB; stores take 5 MiB and more.
	PartSize int64
}

const (
	// retries are made by the library when the store fails for a moment; what
	// fails longer is left to the next round.
	retries = 3
	// callTimeout bounds a call about one object.
	callTimeout = time.Minute
	// headerTimeout is how long the store may take to begin an answer.
	headerTimeout = 30 * time.Second
)

// Store is a bucket. It is safe for concurrent use. All errors have the code
// ObjectStore, or Canceled, unless a method says otherwise.
type Store struct {
	core     *minio.Core
	bucket   string
	keys     keyLayout
	partSize int64
}

// New makes a store; it talks to nobody. The error is for the operator.
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

// endpointHost splits the endpoint into what the library wants.
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

// bucketLookup decides where in a URL the bucket goes. A host that can have no
// other names below it gets the bucket in the path, whatever is configured;
// that changes no key.
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

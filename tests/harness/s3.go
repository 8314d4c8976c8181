package harness

import (
	"fmt"
	"testing"

	"github.com/ayb-go/ayb/snapshotter/bucket"
	"github.com/ayb-go/ayb/snapshotter/bucket/s3test"
)

// S3 is an S3 server for tests.
type S3 = s3test.Server

// StartS3 starts a real S3 server and stops it with t. It must be started before
// the ayb server that uses it.
func StartS3(t testing.TB) *S3 {
	t.Helper()
	return s3test.Start(t)
}

// WithSnapshots keeps snapshots in a bucket. interval is a duration such as
// "2s"; most is how many snapshots of a database are kept. With an empty
// interval the server takes no snapshots automatically.
func WithSnapshots(bucket bucket.Config, interval string, most int) Option {
	text := fmt.Sprintf("[snapshots]\naccess_key_id = %q\nsecret_access_key = %q\nbucket = %q\npath_prefix = %q\nendpoint_url = %q\nregion = %q\nforce_path_style = %v\n",
		bucket.AccessKeyID, bucket.SecretAccessKey, bucket.Bucket, bucket.Prefix, bucket.Endpoint, bucket.Region, bucket.PathStyle)
	if interval != "" {
		text += fmt.Sprintf("[snapshots.automation]\ninterval = %q\nmax_snapshots = %d\n", interval, most)
	}
	return WithConfig(text)
}

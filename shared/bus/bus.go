// Package bus defines the communication between the processes of ayb: calls with
// one answer, links for streamed answers, broadcasts, durable work queues, a
// lease, a key-value store, and a registry of live nodes. natsbus implements it
// over NATS. The contract packages (nodeapi, mailapi and so on) add types.
//
// A call always has a deadline. The callee gets a slightly earlier one, so that it
// can still report a timeout. Errors keep their code. A call to a subject without
// a service fails with Unavailable at once.
package bus

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/mux"
)

// MaxMessage is the largest payload of one message, in bytes. Larger calls and
// answers fail with TooLarge; bulk data travels on links.
const MaxMessage = 1 << 20

// DefaultTimeout is the deadline of a call whose context has none.
const DefaultTimeout = 10 * time.Second

// Margin is the difference between the deadlines of a caller and its callee.
const Margin = 20 * time.Millisecond

// Requester makes calls.
type Requester interface {
	// Request sends data and waits for the one answer. Errors: Unavailable
	// when the subject has no service or the bus is out of reach, Timeout,
	// TooLarge, or the error of the callee.
	Request(ctx context.Context, subject string, data []byte) ([]byte, error)
}

// Handler answers one call. Handlers run concurrently, in a bounded pool.
type Handler func(ctx context.Context, data []byte) ([]byte, error)

// Endpoint is one subject of a service. Exactly one of Handle and Link is set.
type Endpoint struct {
	// Name is shown by tools: letters, digits, `-` and `_`.
	Name    string
	Subject string
	// Handle answers calls.
	Handle Handler
	// Link accepts links. It is called once for each peer, and returns the
	// handler of the peer's frames.
	Link func(peer mux.Link) Peer
}

// Service is a set of endpoints with one name. Several processes may serve the
// same one; each call reaches one of them.
type Service struct {
	Name        string
	Version     string // semantic version, required by the bus
	Description string
	Endpoints   []Endpoint
}

// Responder serves services.
type Responder interface {
	// Serve registers the service until stop is called. stop waits for running
	// handlers.
	Serve(s Service) (stop func(), err error)
}

// Peer handles the events of one end of a link.
type Peer interface {
	// Frames handles a batch of complete frames. Batches of one peer arrive one
	// after another, and a batch is not reused. It must not block.
	Frames(batch []byte)
	// Busy reports whether streams are open. Only then does the link check that
	// the other side is alive.
	Busy() bool
	// Down reports that the other side is gone or has lost all streams. The link
	// of a caller may come up again by itself; that of an acceptor does not.
	Down(err error)
}

// Caller is the calling end of a link.
type Caller interface {
	Peer
	// Restarted reports that the other side is a new process, or has lost its
	// connection meanwhile. It may know the newest requests, but no older ones.
	Restarted()
}

// Dialer makes links to services.
type Dialer interface {
	// Dial makes a link to the endpoint with this subject. It does not wait for
	// the other side. peer handles what arrives; closeLink ends the link.
	Dial(subject string, peer Caller) (link mux.Link, closeLink func(), err error)
}

// Broadcaster sends messages to every process that subscribes to a subject.
type Broadcaster interface {
	// Publish sends a message to all subscribers, the sender included.
	Publish(subject string, data []byte) error
	// Subscribe receives messages until stop is called, one after another. A
	// non-nil answer goes to the sender, if the message came by Ask.
	Subscribe(subject string, receive func(data []byte) (answer []byte)) (stop func(), err error)
	// Ask sends a message to all subscribers and collects their answers.
	Ask(subject string, data []byte) (Answers, error)
}

// Answers are the answers to a broadcast. They are for one goroutine.
type Answers interface {
	// Next waits for one more answer. The error is Unavailable when ctx ends.
	Next(ctx context.Context) ([]byte, error)
	// Close ends the collection.
	Close()
}

// Queue is a durable work queue: a job stays until a worker has finished it.
type Queue interface {
	// Put stores a job durably. A job with the same id is stored once. The error
	// is Unavailable, or DiskFull, when the job is not stored.
	Put(ctx context.Context, id string, data []byte) error
	// Work calls do for one job after another until ctx ends. do returns nil when
	// the job is finished. After an error the job is delivered again, with a
	// growing delay.
	Work(ctx context.Context, do func(ctx context.Context, job Job) error) error
}

// Job is one job of a queue.
type Job struct {
	ID      string
	Data    []byte
	Attempt int // 1 the first time
}

// PartitionedQueue is a durable work queue in partitions. The number of pending
// jobs of a partition is limited over all its workers. A job with the same id
// exists once until it is finished. Unfinished jobs expire after a day.
type PartitionedQueue interface {
	// Put stores a job durably, unless one with this id waits or is pending.
	// partition consists of letters, digits, - and _; id is any text. The error is
	// Unavailable, or DiskFull, when the job is not stored.
	Put(ctx context.Context, partition, id string, data []byte) error
	// Work calls do for one job of a partition after another until ctx ends, as
	// Queue.Work does. A job whose worker dies soon goes to another worker.
	Work(ctx context.Context, partition string, do func(ctx context.Context, job Job) error) error
}

// Lease is a right that only one process holds at a time.
type Lease interface {
	// Hold waits for the lease and calls do while this process holds it, until
	// ctx ends. The context of do ends when the lease is lost. do is called again
	// when this process gets the lease again.
	Hold(ctx context.Context, do func(ctx context.Context)) error
}

// KeyValue stores small values that outlive processes. Losing them is harmless.
type KeyValue interface {
	// Set stores a value under a key, which is any text; nil removes it. The
	// error is Unavailable.
	Set(ctx context.Context, key string, value []byte) error
	// All returns all keys and values. The error is Unavailable.
	All(ctx context.Context) (map[string][]byte, error)
}

// Registry holds the state of live processes of one kind, each under its own key.
// An entry expires when it is not renewed.
type Registry interface {
	// Set writes the entry of a key. nil removes it from the registry.
	Set(ctx context.Context, key string, value []byte) error
	// Watch reports every entry and every change until ctx ends. The value of an
	// entry that expired is nil. After a gap it reports all entries again.
	Watch(ctx context.Context, report func(key string, value []byte)) error
}

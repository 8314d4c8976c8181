package engine

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// StopReason is why a job has to stop.
type StopReason uint8

const (
	NotStopped StopReason = iota
	Canceled              // its caller, or another caller who may, has stopped it
	TimedOut              // its time is used up
	Closing               // the database is being closed
)

// NoDeadline is a deadline that is never reached.
const NoDeadline = math.MaxInt64

// Interrupter is the connection that a job runs on. Interrupt stops what runs
// there; any goroutine may call it.
type Interrupter interface{ Interrupt() }

// Job is one request: statements and how to run them. It is used once. Callers
// may call Cancel, Running and Err; everything else is for the engine.
type Job struct {
	JobOptions
	Batch daemonapi.Batch

	// Deadline is when the time of the job is used up, on the clock of the engine.
	Deadline atomic.Int64

	mu     sync.Mutex
	why    StopReason
	target Interrupter   // the connection; nil while the job has none
	woken  chan struct{} // closed when a waiting job has to stop
}

// JobOptions are how a request is run.
type JobOptions struct {
	// Mode is what the caller may do, whatever the SQL says. Only
	// ayb.QueryReadWrite can write.
	Mode ayb.QueryLevel
	// Format is the form of the answer.
	Format daemonapi.Format
	// Timeout limits the time that the engine works on the request, without the
	// time that its Sink takes. The wait for a connection has the same limit by
	// itself. 0 is no limit.
	Timeout time.Duration
	// ResultBytes limits an answer that is one document: FormatCompat or
	// FormatJSON. 0 is no limit.
	ResultBytes int64
}

// NewJob makes a request. Plain SQL text is a batch of that one statement
// which is a Script and Atomic.
func NewJob(b daemonapi.Batch, o JobOptions) *Job {
	j := &Job{JobOptions: o, Batch: b}
	j.Deadline.Store(NoDeadline)
	return j
}

// Running reports whether the job has a connection at this moment. Else it
// waits for one, or is done. Any goroutine may call it.
func (j *Job) Running() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.target != nil
}

// Cancel stops the job: Run returns a Canceled error soon, unless the job is
// already done. Any goroutine may call it, at any time, more than once.
func (j *Job) Cancel() { j.Stop(Canceled) }

// Stop stops the job for a reason; the first reason stays. Each call interrupts
// the connection again, because an interrupt between two statements has no
// effect.
func (j *Job) Stop(why StopReason) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.why == NotStopped {
		j.why = why
		if j.woken != nil {
			close(j.woken)
		}
	}
	if j.target != nil {
		j.target.Interrupt()
	}
}

// Attach sets the connection that Cancel interrupts. It returns false if the job
// has to stop already. An interrupt reaches the connection only between Attach
// and Detach, so it never hits another job.
func (j *Job) Attach(c Interrupter) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.why != NotStopped {
		return false
	}
	j.target = c
	return true
}

// Detach takes the connection from the job.
func (j *Job) Detach() {
	j.mu.Lock()
	j.target = nil
	j.mu.Unlock()
}

// Reason returns why the job has to stop.
func (j *Job) Reason() StopReason {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.why
}

// StopSignal returns a channel that is closed when the job has to stop.
func (j *Job) StopSignal() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.woken == nil {
		j.woken = make(chan struct{})
		if j.why != NotStopped {
			close(j.woken)
		}
	}
	return j.woken
}

// Err returns the error of a job that has to stop, nil for any other. It is for
// work on the job outside of the engine. Any goroutine may call it.
func (j *Job) Err() error {
	if why := j.Reason(); why != NotStopped {
		return StopError(why, j)
	}
	return nil
}

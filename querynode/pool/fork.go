package pool

import (
	"os/exec"
	"runtime"
)

// forker starts processes from one thread that lives as long as the pool: the
// kernel kills a child with the thread that made it (PR_SET_PDEATHSIG), so a
// short-lived thread would take its daemons along.
type forker struct {
	jobs chan forkJob
	done chan struct{}
}

type forkJob struct {
	cmd   *exec.Cmd
	reply chan error
}

func newForker() *forker {
	f := &forker{jobs: make(chan forkJob), done: make(chan struct{})}
	go f.run()
	return f
}

func (f *forker) run() {
	runtime.LockOSThread()
	defer close(f.done)
	for j := range f.jobs {
		j.reply <- j.cmd.Start()
	}
}

func (f *forker) start(cmd *exec.Cmd) error {
	j := forkJob{cmd, make(chan error, 1)}
	f.jobs <- j
	return <-j.reply
}

func (f *forker) close() {
	close(f.jobs)
	<-f.done
}

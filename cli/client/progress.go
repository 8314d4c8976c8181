package client

import (
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/ayb-go/ayb/cli/client/lineedit"
)

// progress is a line on the terminal with the progress of a script or a
// transfer. A nil one shows nothing.
type progress struct {
	container *mpb.Progress
	bar       *mpb.Bar
	size      int64
}

// progress starts to show the progress of an operation on so many bytes, if
// stderr is a terminal. A negative size is unknown.
func (a *app) progress(size int64) *progress {
	if !lineedit.IsTerminal(a.Stderr) {
		return nil
	}
	p := mpb.New(mpb.WithOutput(a.Stderr), mpb.WithWidth(40))
	rate := decor.AverageSpeed(decor.SizeB1024(0), "% .1f", decor.WCSyncSpace)
	var bar *mpb.Bar
	if size < 0 {
		bar = p.New(0, mpb.NopStyle(), mpb.PrependDecorators(decor.CurrentKibiByte("% .1f"), rate))
	} else {
		bar = p.New(size, mpb.BarStyle(), mpb.PrependDecorators(decor.CountersKibiByte("% .1f of % .1f")),
			mpb.AppendDecorators(rate, decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace)))
	}
	return &progress{p, bar, size}
}

// writerAbove returns a writer that prints above the line. If out is not a
// terminal, it is out itself.
func (p *progress) writerAbove(out io.Writer) io.Writer {
	if p == nil || !lineedit.IsTerminal(out) {
		return out
	}
	return p.container
}

// Write counts bytes. It never fails.
func (p *progress) Write(b []byte) (int, error) {
	p.add(len(b))
	return len(b), nil
}

// add counts bytes that are done.
func (p *progress) add(n int) {
	if p != nil {
		p.bar.IncrBy(n)
	}
}

// finish leaves the line as it is; after a success it shows everything as done.
func (p *progress) finish(success bool) {
	if p == nil {
		return
	}
	if success && p.size > 0 {
		p.bar.SetCurrent(p.size) // blanks after the last statement were not counted
	}
	p.bar.Abort(false)
	p.container.Wait()
}

package client

import (
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/ayb-go/ayb/cli/client/lineedit"
)

// progress is a line on the terminal that tells how far a script or a transfer
// is. A nil one shows nothing.
type progress struct {
	container *mpb.Progress
	bar       *mpb.Bar
	size      int64
}

// progress begins to show how far something of this size is, if stderr is a
// terminal. The size is in bytes, and negative when it is not known.
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

// writerAbove returns what writes above the line: out itself unless it is on a terminal.
func (p *progress) writerAbove(out io.Writer) io.Writer {
	if p == nil || !lineedit.IsTerminal(out) {
		return out
	}
	return p.container
}

// Write counts bytes that pass. It never fails.
func (p *progress) Write(b []byte) (int, error) {
	p.add(len(b))
	return len(b), nil
}

// add counts bytes that are through.
func (p *progress) add(n int) {
	if p != nil {
		p.bar.IncrBy(n)
	}
}

// finish leaves the line as it is, and full if all is through.
func (p *progress) finish(whole bool) {
	if p == nil {
		return
	}
	if whole && p.size > 0 {
		p.bar.SetCurrent(p.size) // blanks after the last statement are not run
	}
	p.bar.Abort(false)
	p.container.Wait()
}

package client

import (
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress is a line on the terminal that tells how far a script is. A nil
// one shows nothing.
type progress struct {
	container *mpb.Progress
	bar       *mpb.Bar
	size      int64
}

// progress begins to show how far a script is, if stderr is a terminal. What
// is printed on the same terminal goes above it.
func (a *app) progress(s *script) *progress {
	if !isTerminal(a.Stderr) {
		return nil
	}
	p := mpb.New(mpb.WithOutput(a.Stderr), mpb.WithWidth(40))
	rate := decor.AverageSpeed(decor.SizeB1024(0), "% .1f", decor.WCSyncSpace)
	var bar *mpb.Bar
	if s.size < 0 {
		bar = p.New(0, mpb.NopStyle(), mpb.PrependDecorators(decor.CurrentKibiByte("% .1f"), rate))
	} else {
		bar = p.New(s.size, mpb.BarStyle(), mpb.PrependDecorators(decor.CountersKibiByte("% .1f of % .1f")),
			mpb.AppendDecorators(rate, decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace)))
	}
	if isTerminal(a.Stdout) {
		s.q.out = p
	}
	return &progress{p, bar, s.size}
}

// add counts bytes of the script that have been run.
func (p *progress) add(n int) {
	if p != nil {
		p.bar.IncrBy(n)
	}
}

// end leaves the line as it is, and full if the script is through.
func (p *progress) end(whole bool) {
	if p == nil {
		return
	}
	if whole && p.size > 0 {
		p.bar.SetCurrent(p.size) // blanks after the last statement are not run
	}
	p.bar.Abort(false)
	p.container.Wait()
}

//go:build !linux

package sandbox

// Apply enforces nothing on this system, and its report says so. The error is
// for a policy that no system could apply.
func Apply(p Policy) (Report, error) {
	if _, err := p.check(); err != nil {
		return Report{}, err
	}
	var r Report
	r.Missing = r.absent(" (this needs Linux)")
	return r, nil
}

// Probe has nothing to try on this system and reports what [Apply] does.
func Probe(p Policy, outside string) (Report, error) {
	return Apply(p)
}

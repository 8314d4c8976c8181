package assets_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

var token = regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`)

// Text has a contrast of at least 4.5:1 on the surfaces that it stands on, in both
// schemes (WCAG 2.2, 1.4.3).
func TestContrast(t *testing.T) {
	pairs := map[string][]string{
		"text":  {"surface", "surface-raised", "surface-sunken", "surface-hover", "accent-soft", "danger-soft", "ok-soft", "warn-soft"},
		"muted": {"surface", "surface-raised", "surface-sunken", "surface-hover"}, "accent": {"surface", "surface-raised", "surface-hover", "accent-soft"},
		"danger": {"surface", "surface-raised"}, "ok": {"surface", "ok-soft"}, "warn": {"surface", "warn-soft"},
		"on-accent": {"accent", "accent-hover"}, "on-danger": {"danger", "danger-hover"}, "on-night": {"night"},
		"code-keyword": {"surface-raised", "code-line"}, "code-string": {"surface-raised", "code-line"}, "code-number": {"surface-raised", "code-line"},
		"code-comment": {"surface-raised", "code-line"}, "code-type": {"surface-raised", "code-line"}, "code-operator": {"surface-raised", "code-line"},
	}
	for scheme, file := range map[string]string{"light": "css/10-tokens.css", "dark": "dark.css"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		colours := map[string]string{}
		for _, m := range token.FindAllStringSubmatch(string(content), -1) {
			colours[m[1]] = m[2]
		}
		for ink, surfaces := range pairs {
			for _, surface := range surfaces {
				if c := contrast(t, colours[ink], colours[surface]); c < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", scheme, ink, surface, c)
				}
			}
		}
	}
}

// contrast returns the ratio of WCAG 2.2 for two colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) != 7 {
		t.Fatalf("the colour %q is not a token", colour)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

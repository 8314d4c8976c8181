package main

import "testing"

// An answer may arrive in any pieces, so every prefix of it is tried.
func TestAnswer(t *testing.T) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 11\r\nVary: Accept\r\n\r\nhello\r\n\r\nyo",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nhello\r\n\r\n4\r\n\r\nyo\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello\r\n\r\nyo\r\n0\r\n\r\n",
	} {
		for n := range len(text) + 1 {
			body, complete, err := answer([]byte(text[:n]))
			if err != nil || complete != (n == len(text)) {
				t.Fatalf("%q: %q, %t, %v", text[:n], body, complete, err)
			}
			if complete && string(body) != "hello\r\n\r\nyo" {
				t.Errorf("the body of %q is %q", text, body)
			}
		}
	}
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nhello\r\n0\r\n\r\n",
	} {
		if body, _, err := answer([]byte(text)); err == nil {
			t.Errorf("%q gave the body %q", text, body)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		l              line
		target, result string
	}{
		{compared("", "/s", 100, 50).atLeast(0.5), "≥ 0.5 × floor", "pass"},
		{compared("", "/s", 100, 49).atLeast(0.5), "≥ 0.5 × floor", "MISS"},
		{compared("", " ms", 1, 2.6).atMost(2.5), "≤ 2.5 × floor", "MISS"},
		{line{Unit: " ms", Ayb: 25}.atMost(25), "≤ 25 ms", "pass"},
		{line{Unit: " MB", Ayb: 300.1}.atMost(300), "≤ 300 MB", "MISS"},
	} {
		if c.l.Target != c.target || c.l.Verdict != c.result {
			t.Errorf("%+v: want the target %q and the verdict %q", c.l, c.target, c.result)
		}
	}
}

package main

import (
	"bytes"
	"errors"
	"strconv"
)

var (
	lengthField = []byte("\r\nContent-Length: ")
	chunked     = []byte("\r\nTransfer-Encoding: chunked")
	lineEnd     = []byte("\r\n")
)

// answer finds the body in the received part of an HTTP answer. complete is
// false if more data must arrive.
func answer(buf []byte) (body []byte, complete bool, err error) {
	i := bytes.Index(buf, blank)
	if i < 0 {
		return nil, false, nil
	}
	head, rest := buf[:i], buf[i+len(blank):]
	if bytes.Contains(head, chunked) {
		if !bytes.HasSuffix(rest, []byte("0\r\n\r\n")) {
			return nil, false, nil // more must arrive
		}
		return join(rest)
	}
	_, value, ok := bytes.Cut(head, lengthField)
	if !ok {
		return nil, false, errors.New("the answer has no length")
	}
	value, _, _ = bytes.Cut(value, lineEnd)
	n, err := strconv.Atoi(string(value))
	if err != nil || len(rest) > n {
		return nil, false, errors.New("the answer has another length than it says")
	}
	return rest, len(rest) == n, nil
}

// join joins the chunks of a body, in a copy.
func join(rest []byte) (body []byte, complete bool, err error) {
	var parts [][]byte
	for {
		size, after, ok := bytes.Cut(rest, lineEnd)
		if !ok {
			return nil, false, nil
		}
		n, err := strconv.ParseUint(string(size), 16, 31)
		if err != nil {
			return nil, false, errors.New("a chunk of the answer has no length")
		}
		if n == 0 {
			break
		}
		if uint64(len(after)) < n+2 {
			return nil, false, nil
		}
		parts = append(parts, after[:n])
		rest = after[n+2:]
	}
	return bytes.Join(parts, nil), true, nil
}

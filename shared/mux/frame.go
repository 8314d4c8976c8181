// Package mux multiplexes many requests and their streamed answers over one
// ordered channel: the socketpair of a query daemon and the bus subjects
// between a control plane and a query node speak the same frames.
//
// A frame is
//
//	length  uint32, big endian: the bytes after this field
//	kind    uint8
//	stream  uint32, big endian: chosen by the client, never reused while open
//	payload
//
// A client opens a stream with Open (more request data follows) or OpenFinal
// (the whole request). The server answers with Data frames and one Final, or
// with one Fail, which ends the stream. Cancel asks the server to stop; the
// server still ends the stream. Data and Final payloads, of either side, use
// up credit: each side may send Window bytes and then as many as Credit frames
// have granted, so memory is bounded on every hop, and a hop in the middle
// that only forwards frames needs no buffer of its own. The head of an Open is
// not counted.
//
// Frames of several streams that wait at the same moment travel in one write
// (Outbox). The package never interprets payloads and opens no connections.
package mux

import (
	"encoding/binary"
	"errors"
)

// Kind returns what a frame means.
type Kind uint8

// The kinds. The list only grows; a receiver ignores kinds it does not know.
const (
	Open      Kind = 1  // starts a stream; the request goes on in Data frames
	OpenFinal Kind = 2  // starts a stream; this is the whole request
	Data      Kind = 3  // a piece of a request or an answer
	Final     Kind = 4  // the last piece of a request or an answer
	Fail      Kind = 5  // ends the stream; payload is an error of shared/errs
	Credit    Kind = 6  // payload uint32: bytes the other side may send more
	Cancel    Kind = 7  // the client does not want the rest
	Ping      Kind = 8  // stream 0: are you there
	Pong      Kind = 9  // stream 0: I am
	Check     Kind = 10 // stream 0; payload uint32s: fail those of these streams you do not know
	Reset     Kind = 11 // stream 0; payload uint32: the client has forgotten all streams up to this one
)

const (
	headerLen = 9
	// MaxFrame is the largest frame, header included. A longer length field
	// means that the peer is broken or hostile.
	MaxFrame = 512 << 10
	// MaxPayload is the largest payload.
	MaxPayload = MaxFrame - headerLen
	// Window is how many bytes a side may send before the first Credit.
	Window = 256 << 10
	// Chunk is the size a sender cuts long data into.
	Chunk = 64 << 10
)

// ErrFrame reports bytes that are no frame. The channel they came from cannot
// be used any more.
var ErrFrame = errors.New("malformed frame")

// Frame is one parsed frame. Payload aliases the buffer it was parsed from.
type Frame struct {
	Kind    Kind
	Stream  uint32
	Payload []byte
}

// Append adds a frame to dst.
func Append(dst []byte, k Kind, stream uint32, payload []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(headerLen-4+len(payload)))
	dst = append(dst, byte(k))
	dst = binary.BigEndian.AppendUint32(dst, stream)
	return append(dst, payload...)
}

// Parse takes the first frame off buf. more is true when buf ends before the
// frame does. The error is ErrFrame.
func Parse(buf []byte) (f Frame, rest []byte, more bool, err error) {
	if len(buf) < headerLen {
		if len(buf) >= 4 && !plausible(buf) {
			return f, nil, false, ErrFrame
		}
		return f, buf, true, nil
	}
	if !plausible(buf) {
		return f, nil, false, ErrFrame
	}
	n := 4 + int(binary.BigEndian.Uint32(buf))
	if len(buf) < n {
		return f, buf, true, nil
	}
	f = Frame{Kind: Kind(buf[4]), Stream: binary.BigEndian.Uint32(buf[5:]), Payload: buf[headerLen:n:n]}
	return f, buf[n:], false, nil
}

func plausible(buf []byte) bool {
	n := binary.BigEndian.Uint32(buf)
	return n >= headerLen-4 && n <= MaxFrame-4
}

// CreditOf reads the payload of a Credit frame; ok is false when it is not
// one or grants more than could ever be outstanding.
func CreditOf(payload []byte) (n int, ok bool) {
	if len(payload) != 4 {
		return 0, false
	}
	v := binary.BigEndian.Uint32(payload)
	return int(v), v <= 1<<30
}

// EachStream calls fn for every stream number in the payload of a Check frame.
func EachStream(payload []byte, fn func(stream uint32)) {
	for ; len(payload) >= 4; payload = payload[4:] {
		fn(binary.BigEndian.Uint32(payload))
	}
}

// ResetCovers reports whether a Reset frame with this payload speaks of a stream.
// Numbers go round, so they are compared by their distance.
func ResetCovers(payload []byte, stream uint32) bool {
	return len(payload) == 4 && int32(binary.BigEndian.Uint32(payload)-stream) >= 0
}

// EachFrame calls fn for every frame of a batch that holds whole frames only.
func EachFrame(batch []byte, fn func(Frame)) error {
	for len(batch) > 0 {
		f, rest, more, err := Parse(batch)
		if err != nil {
			return err
		}
		if more {
			return ErrFrame
		}
		fn(f)
		batch = rest
	}
	return nil
}

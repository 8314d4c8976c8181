// Package mux multiplexes many requests and their streamed answers over one
// ordered channel. The socket pair of a query daemon and the bus subjects
// between control plane and query node use the same frames.
//
// A frame is
//
//	length  uint32, big endian: the number of bytes after this field
//	kind    uint8
//	stream  uint32, big endian: chosen by the client, unique among open streams
//	payload
//
// A client opens a stream with Open, if more request data follows, or with
// OpenFinal, if the frame holds the entire request. The server answers with
// Data frames and one Final, or with one Fail, which ends the stream. Cancel
// asks the server to stop; the server still ends the stream. The payloads of
// Data and Final use up credit, in both directions: each side may send Window
// bytes, and then as many as Credit frames have granted. This bounds the memory
// of every hop, and a hop that only forwards frames needs no buffer. The head
// of an Open is not counted.
//
// Frames of several streams that wait at the same time are sent in one write
// (Outbox). The package does not interpret payloads and opens no connections.
package mux

import (
	"encoding/binary"
	"errors"
)

// Kind is the meaning of a frame.
type Kind uint8

// The list only grows. A receiver ignores kinds that it does not know.
const (
	Open      Kind = 1  // starts a stream; the rest of the request follows in Data frames
	OpenFinal Kind = 2  // starts a stream; the payload is the entire request
	Data      Kind = 3  // a piece of a request or an answer
	Final     Kind = 4  // the last piece of a request or an answer
	Fail      Kind = 5  // ends the stream; payload is an error of shared/errs
	Credit    Kind = 6  // payload uint32: bytes that the other side may send in addition
	Cancel    Kind = 7  // the client does not need the rest
	Ping      Kind = 8  // stream 0: asks whether the peer is there
	Pong      Kind = 9  // stream 0: answers a Ping
	Check     Kind = 10 // stream 0; payload uint32s: fail those of these streams that are unknown
	Reset     Kind = 11 // stream 0; payload uint32: cancel all streams up to this one
)

const (
	headerLen = 9
	// MaxFrame is the size limit of a frame, header included. A greater length
	// field means that the peer is broken or hostile.
	MaxFrame = 512 << 10
	// MaxPayload is the size limit of a payload.
	MaxPayload = MaxFrame - headerLen
	// Window is how many bytes a side may send before the first Credit.
	Window = 256 << 10
	// Chunk is the size of the pieces into which a sender cuts long data.
	Chunk = 64 << 10
)

// ErrFrame reports a malformed frame. The channel is unusable afterwards.
var ErrFrame = errors.New("malformed frame")

// Frame is one parsed frame. Payload aliases the buffer it was parsed from.
type Frame struct {
	Kind    Kind
	Stream  uint32
	Payload []byte
}

// Append appends a frame to dst.
func Append(dst []byte, k Kind, stream uint32, payload []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(headerLen-4+len(payload)))
	dst = append(dst, byte(k))
	dst = binary.BigEndian.AppendUint32(dst, stream)
	return append(dst, payload...)
}

// Parse parses the first frame of buf. more is true if the frame is not
// complete. The error is ErrFrame.
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

// CreditOf parses the payload of a Credit frame. ok is false if it is malformed
// or grants more than could ever be outstanding.
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

// ResetCovers reports whether a Reset frame with this payload includes a
// stream. Stream numbers wrap around, so they are compared by distance.
func ResetCovers(payload []byte, stream uint32) bool {
	return len(payload) == 4 && int32(binary.BigEndian.Uint32(payload)-stream) >= 0
}

// EachFrame calls fn for every frame of a batch. A batch holds complete frames
// only.
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

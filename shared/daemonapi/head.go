package daemonapi

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// A request on a link is a head and the body. The head is a uint16 that
// counts the bytes of the fields after it, and the fields: a tag byte, a
// uint16 length and the value, all big endian. The node forwards it to the
// daemon as it is.
//
// The head can grow. A new field that a reader may ignore gets a tag from
// tagOptional on; readers that do not know it skip it. A new field that changes
// what the request means gets a tag below; readers that do not know it refuse
// the request. The session of a statement will be such a field: a daemon that
// knows no sessions must not run the statement outside of it.
const (
	tagEntity   = 1
	tagDatabase = 2
	tagType     = 3
	tagMode     = 4 // 1 byte: 1 read-only, 2 read-write
	tagFormat   = 5 // 1 byte
	tagTimeout  = 6 // uint32, milliseconds

	// The following are left out when they are zero.
	tagKind          = 7  // 1 byte
	tagForm          = 8  // 1 byte
	tagResultBytes   = 9  // uint64
	tagCaller        = 10 // text
	tagAgent         = 11 // text
	tagAll           = 12 // 1 byte: 1
	tagDatabaseBytes = 13 // uint64
	tagHeapBytes     = 14 // uint64
	tagQueries       = 15 // uint64
	tagVersion       = 16 // text
	tagOptions       = 17 // JSON

	// tagOptional is the first tag of fields that a reader may ignore.
	tagOptional = 128
)

const (
	modeReadOnly  = 1
	modeReadWrite = 2
)

// AppendHead encodes the head of req. The body follows it on the wire.
func AppendHead(dst []byte, req *Request) []byte {
	start := len(dst)
	dst = append(dst, 0, 0)
	dst = appendField(dst, tagEntity, string(req.Path.Entity))
	dst = appendField(dst, tagDatabase, string(req.Path.Database))
	dst = appendField(dst, tagType, string(req.Type))
	mode := byte(modeReadOnly)
	if req.Mode == ayb.QueryReadWrite {
		mode = modeReadWrite
	}
	dst = append(dst, tagMode, 0, 1, mode)
	dst = append(dst, tagFormat, 0, 1, byte(req.Format))
	if req.Timeout > 0 {
		ms := min(max(req.Timeout.Milliseconds(), 1), math.MaxUint32)
		dst = append(dst, tagTimeout, 0, 4)
		dst = binary.BigEndian.AppendUint32(dst, uint32(ms))
	}
	dst = appendByte(dst, tagKind, byte(req.Kind))
	dst = appendByte(dst, tagForm, byte(req.Form))
	dst = appendNumber(dst, tagResultBytes, req.ResultBytes)
	if req.Caller != "" {
		dst = appendField(dst, tagCaller, string(req.Caller))
	}
	if req.Agent != "" {
		dst = appendField(dst, tagAgent, req.Agent)
	}
	if req.All {
		dst = appendByte(dst, tagAll, 1)
	}
	dst = appendNumber(dst, tagDatabaseBytes, req.Limits.DatabaseBytes)
	dst = appendNumber(dst, tagHeapBytes, req.Limits.HeapBytes)
	dst = appendNumber(dst, tagQueries, int64(req.Limits.Queries))
	if req.Version != "" {
		dst = appendField(dst, tagVersion, req.Version)
	}
	if len(req.Options) > 0 {
		dst = appendField(dst, tagOptions, string(req.Options))
	}
	binary.BigEndian.PutUint16(dst[start:], uint16(len(dst)-start-2))
	return dst
}

func appendField(dst []byte, tag byte, value string) []byte {
	dst = append(dst, tag)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}

func appendByte(dst []byte, tag, value byte) []byte {
	if value == 0 {
		return dst
	}
	return append(dst, tag, 0, 1, value)
}

func appendNumber(dst []byte, tag byte, n int64) []byte {
	if n <= 0 {
		return dst
	}
	return binary.BigEndian.AppendUint64(append(dst, tag, 0, 8), uint64(n))
}

// Parse decodes a request. Body aliases buf; everything else is copied. The
// result is well-formed, but its values are not checked: the path may be any
// text. The error is Unsupported for a request with a field of a later version
// that must not be ignored, else Invalid.
func Parse(buf []byte) (Request, error) {
	var req Request
	head, body, ok := cutField(buf)
	if !ok {
		return req, badHead()
	}
	req.Body = body
	for len(head) > 0 {
		if len(head) < 3 {
			return req, badHead()
		}
		tag := head[0]
		value, rest, ok := cutField(head[1:])
		if ok && (tag < tagEntity || tag > tagOptions) && tag < tagOptional {
			return req, errs.E(errs.Unsupported, "The request has a field (%d) that this part of the server does not know; run the same version of ayb in all parts", tag)
		}
		if !ok || !req.set(tag, value) {
			return req, badHead()
		}
		head = rest
	}
	if req.Mode == ayb.QueryNone {
		return req, badHead()
	}
	return req, nil
}

// cutField takes a length and that many bytes off buf.
func cutField(buf []byte) (value, rest []byte, ok bool) {
	if len(buf) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(buf)) + 2
	if len(buf) < n {
		return nil, nil, false
	}
	return buf[2:n], buf[n:], true
}

func (req *Request) set(tag byte, v []byte) bool {
	switch tag {
	case tagEntity:
		req.Path.Entity = ayb.EntitySlug(v)
	case tagDatabase:
		req.Path.Database = ayb.DatabaseSlug(v)
	case tagType:
		req.Type = ayb.DatabaseType(v)
	case tagMode:
		if len(v) != 1 || v[0] != modeReadOnly && v[0] != modeReadWrite {
			return false
		}
		req.Mode = ayb.QueryReadOnly
		if v[0] == modeReadWrite {
			req.Mode = ayb.QueryReadWrite
		}
	case tagFormat:
		if len(v) != 1 {
			return false
		}
		req.Format = Format(v[0])
	case tagTimeout:
		if len(v) != 4 {
			return false
		}
		req.Timeout = time.Duration(binary.BigEndian.Uint32(v)) * time.Millisecond
	case tagCaller:
		req.Caller = ayb.EntitySlug(v)
	case tagAgent:
		req.Agent = string(v)
	case tagVersion:
		req.Version = string(v)
	case tagOptions:
		req.Options = append([]byte(nil), v...)
	case tagKind, tagForm, tagAll:
		return len(v) == 1 && req.setByte(tag, v[0])
	case tagResultBytes, tagDatabaseBytes, tagHeapBytes, tagQueries:
		return len(v) == 8 && req.setNumber(tag, binary.BigEndian.Uint64(v))
	}
	return true
}

func (req *Request) setByte(tag, b byte) bool {
	switch tag {
	case tagKind:
		req.Kind = Kind(b)
	case tagForm:
		req.Form = Form(b)
	case tagAll:
		req.All = b == 1
	}
	return true
}

func (req *Request) setNumber(tag byte, n uint64) bool {
	if n > math.MaxInt64 {
		return false
	}
	switch tag {
	case tagResultBytes:
		req.ResultBytes = int64(n)
	case tagDatabaseBytes:
		req.Limits.DatabaseBytes = int64(n)
	case tagHeapBytes:
		req.Limits.HeapBytes = int64(n)
	case tagQueries:
		if n > math.MaxInt32 {
			return false
		}
		req.Limits.Queries = int(n)
	}
	return true
}

func badHead() error {
	return errs.E(errs.Invalid, "A request between two parts of the server could not be read; tell the operator")
}

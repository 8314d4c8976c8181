//go:build linux || darwin

package socketpair

import (
	"bytes"
	"hash/fnv"
	"testing"

	"github.com/ayb-go/ayb/shared/mux"
)

// sum distinguishes long payloads.
func sum(f mux.Frame) [2]uint64 {
	h := fnv.New64a()
	_, _ = h.Write(f.Payload) // it never fails
	return [2]uint64{uint64(f.Kind)<<32 | uint64(f.Stream), h.Sum64()}
}

// Frames arrive as they were sent, up to the first malformed one, however their
// bytes are split. Of three bytes one picks the size of a frame, or garbage,
// and the others the split.
func FuzzRun(f *testing.F) {
	for _, s := range []string{"\x00\x01\x02", "\xff\x07\x01\x10\x03\x01\xfe\xff\xff", "\x80\x01\x00\x81\x02\x10\x82\x04\x08\x01\x01\x01", "\x03\xff\xff\xfd\x01\x02\x05\x01\x01"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var wire []byte
		var cuts []int
		for ; len(data) >= 3 && len(wire) < 4<<20; data = data[3:] {
			size := int(data[0]) * int(data[0]) * 8 // up to about MaxPayload
			if data[0] == 253 {
				wire = append(wire, data[:3]...) // no frame
			} else {
				wire = mux.Append(wire, mux.Kind(data[1]), uint32(data[2]), bytes.Repeat(data[1:3], size/2))
			}
			cuts = append(cuts, 1+int(data[1])*int(data[2]))
		}
		want, broken := [][2]uint64{}, false
		for rest := wire; ; {
			fr, after, more, err := mux.Parse(rest)
			if broken = err != nil; err != nil || more {
				break
			}
			want, rest = append(want, sum(fr)), after
		}
		near, far, err := Pair()
		if err != nil {
			t.Fatal(err)
		}
		conn, err := New(far)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() {
			defer func() { _ = near.Close() }() // the other end sees the end
			for i := 0; len(wire) > 0; i++ {
				n := min(len(wire), cuts[i%len(cuts)])
				if i > 200 {
					n = len(wire)
				}
				if _, err := near.Write(wire[:n]); err != nil {
					return // the other end has given up
				}
				wire = wire[n:]
			}
		}()
		got := [][2]uint64{}
		err = conn.Run(func(fr mux.Frame) { got = append(got, sum(fr)) })
		if (err != nil) != broken || len(got) != len(want) {
			t.Fatalf("%d frames, %v; want %d, broken %v", len(got), err, len(want), broken)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("frame %d differs", i)
			}
		}
	})
}

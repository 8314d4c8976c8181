package space

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// seats is the least number of daemons that one account can have.
const seats = 2000

// memory is an anonymous file in memory that processes can share.
type memory struct {
	file  *os.File
	all   []byte
	size  int // of a page, a multiple of the system's page size
	pages int
}

func pageBytes() int {
	size := os.Getpagesize()
	return (seats*wordBytes + size - 1) / size * size
}

func newMemory(pages int) (memory, error) {
	fd, err := unix.MemfdCreate("ayb-space", unix.MFD_CLOEXEC)
	if err != nil {
		return memory{}, memoryError("make", err)
	}
	m := memory{file: os.NewFile(uintptr(fd), "ayb-space"), size: pageBytes(), pages: pages}
	if err := m.file.Truncate(int64(m.size) * int64(pages)); err != nil {
		m.file.Close()
		return memory{}, memoryError("make", err)
	}
	if m.all, err = unix.Mmap(fd, 0, m.size*pages, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		m.file.Close()
		return memory{}, memoryError("map", err)
	}
	return m, nil
}

func (m memory) words(page int) []int64 {
	return unsafe.Slice(at(m.all[page*m.size:], 0), m.size/wordBytes)
}

func (m memory) close() {
	_ = unix.Munmap(m.all) // it was mapped
	m.file.Close()
}

// File is the descriptor that daemons inherit; nil for a nil Book.
func (b *Book) File() *os.File {
	if b == nil {
		return nil
	}
	return b.memory.file
}

// Open maps the pages of a daemon's seat from the inherited descriptor, and
// closes the descriptor.
func Open(fd int, seat Seat) (Counters, error) {
	if seat.Page == 0 {
		return Counters{}, nil
	}
	defer unix.Close(fd)
	size := pageBytes()
	own, err := unix.Mmap(fd, int64(seat.Page*size), size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return Counters{}, memoryError("map", err)
	}
	node, err := unix.Mmap(fd, 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return Counters{}, memoryError("map", err)
	}
	return Counters{Seat: at(own, wordSeats+seat.Number), Account: at(own, 0), Node: at(node, 0)}, nil
}

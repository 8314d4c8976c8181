// Package disktest gives tests a real file system of a few MiB, to be filled.
package disktest

// Package disktest mounts small file systems that tests can fill.
package disktest

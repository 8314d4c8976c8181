// Package tests checks the whole: the import map, the README's tour and the
// scripts that drive the real programs. No product code imports it.
package tests

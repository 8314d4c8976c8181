// Package tests checks the complete system: it runs the scripts, the README's
// tour and attacks against the real programs, and checks the import map. No
// product code imports it.
//
// It is one package because all tests share the programs, which are built once,
// and the kinds of clients: users, attackers, browsers, inserters. A file tests
// one subject.
package tests

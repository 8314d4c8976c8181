// Package body reads request bodies for the fronts: decompressed, at a minimum
// rate, and within a memory budget that all fronts share. It decides nothing
// about what a body means.
package body

// Package tree checks the shape of the source tree against its documents.
package tree

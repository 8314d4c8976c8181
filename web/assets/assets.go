// Package assets serves the style sheet, the icons and the scripts of the pages.
//
// Files in css are joined, in the order of their names, to style.css; dark.css adds the
// colours of the dark scheme. Files in dist
// are made from npm packages by `make web`; without them the pages work as plain
// forms. A page links an asset by URL, whose name contains a hash of the content,
// so browsers may keep it for a year.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed css dark.css favicon.svg icons.svg all:dist
var files embed.FS

// Prefix is the path of all assets.
const Prefix = "/assets/"

// StyleSheet is the name of the joined style sheet.
const StyleSheet = "style.css"

// Assets is the http.Handler of the files. It is safe for concurrent use.
type Assets struct {
	urls   map[string]string // by name
	byPath map[string]*file
}

// file is a file at one path.
type file struct {
	contentType string
	cache       string // the header Cache-Control
	content     []byte
	packed      func() []byte // compressed by gzip, made when it is first needed
}

// New reads the embedded files.
func New() (*Assets, error) {
	a := &Assets{urls: map[string]string{}, byPath: map[string]*file{}}
	var style bytes.Buffer
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(name) == ".gitignore" {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		if path.Dir(name) == "css" { // WalkDir goes by name
			style.Write(content)
			return nil
		}
		return a.add(path.Base(name), content)
	})
	if err != nil {
		return nil, fmt.Errorf("read the assets: %w", err)
	}
	return a, a.add(StyleSheet, style.Bytes())
}

func (a *Assets) add(name string, content []byte) error {
	types := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".map": "application/json",
	}
	extension := path.Ext(name)
	contentType, ok := types[extension]
	if !ok {
		return fmt.Errorf("%s has no content type", name)
	}
	if _, ok := a.urls[name]; ok {
		return fmt.Errorf("there are two files %s", name)
	}
	sum := sha256.Sum256(content)
	hash := base64.RawURLEncoding.EncodeToString(sum[:9])
	hashed := Prefix + strings.TrimSuffix(name, extension) + "." + hash + extension
	packed := sync.OnceValue(func() []byte { return pack(content) })
	a.urls[name] = hashed
	a.byPath[hashed] = &file{contentType, "public, max-age=31536000, immutable", content, packed}
	// The plain name is for pages of others, such as those that use the client.
	a.byPath[Prefix+name] = &file{contentType, "public, max-age=300", content, packed}
	return nil
}

// pack compresses content.
func pack(content []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil { // the level is valid
		panic(err)
	}
	_, _ = w.Write(content) // a Buffer always succeeds
	_ = w.Close()
	return out.Bytes()
}

// URL returns the address of an asset, such as style.css; empty for a file that is
// not there.
func (a *Assets) URL(name string) string { return a.urls[name] }

// ServeHTTP serves the file at a path. The status is 404 for any other path.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byPath[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	content := f.content
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cache)
	h.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		content = f.packed()
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // it fails only when the browser is gone
	}
}

// Has reports whether there is a file at a path.
func (a *Assets) Has(urlPath string) bool { return a.byPath[urlPath] != nil }

// acceptsGzip reports whether a browser reads gzip, by its header Accept-Encoding
// (RFC 9110, section 12.5.3).
func acceptsGzip(header string) bool {
	for coding := range strings.SplitSeq(header, ",") {
		name, parameter, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			quality, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(parameter), "q="), 64)
			return err != nil || quality > 0
		}
	}
	return false
}

package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

//go:embed page
var embedded embed.FS

// pages are the files of the folder page by address.
var pages = newPages(embedded, "page")

// file is a file of the page, ready to be sent. It is small and part of the
// program, so it is compressed once: when it is asked for, because that takes
// longer than all the rest of the start.
type file struct {
	kind   string
	tag    string // entity tag: the browser asks whether it changed, and sends nothing
	plain  []byte
	packed func() []byte // gzip; nil: it would not be smaller
}

// kinds are the types of files; the system's own table may differ.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".png": "image/png", ".ico": "image/x-icon", ".webmanifest": "application/manifest+json",
}

func newPages(from fs.FS, root string) map[string]*file {
	files := make(map[string]*file)
	err := fs.WalkDir(from, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		files[strings.TrimPrefix(name, root)] = newFile(name, text)
		return nil
	})
	if err != nil {
		panic(err) // what is embedded can be read
	}
	files["/"] = files["/index.html"]
	return files
}

// causes returns the module of the page that says what is the matter.
func causes(names config.Names) *file {
	script := diagnosis.Script(func(l meter.Language, text string) string { return names.Speaking(l).In(text) })
	return newFile("causes.js", script)
}

func newFile(name string, text []byte) *file {
	f := &file{kind: kinds[path.Ext(name)], plain: text}
	if f.kind == "" {
		f.kind = mime.TypeByExtension(path.Ext(name))
	}
	sum := sha256.Sum256(text)
	f.tag = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	f.packed = sync.OnceValue(func() []byte { return pack(text) })
	return f
}

func pack(text []byte) []byte {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		panic(err) // the level exists
	}
	_, _ = w.Write(text) // a bytes.Buffer takes all
	_ = w.Close()
	if packed.Len() >= len(text) {
		return nil
	}
	return bytes.Clone(packed.Bytes())
}

// ServeHTTP sends a file.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache") // ask each time: a new version has the same names
	h.Set("ETag", f.tag)
	h.Set("Vary", "Accept-Encoding")
	if match := r.Header.Get("If-None-Match"); strings.Contains(match, f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if accepts(r) {
		if packed := f.packed(); packed != nil {
			h.Set("Content-Encoding", "gzip")
			send(w, http.StatusOK, f.kind, packed)
			return
		}
	}
	send(w, http.StatusOK, f.kind, f.plain)
}

// Package store keeps small pieces of state in the app's data folder, each a
// JSON file that is replaced as a whole. A folder that cannot be written, or a
// file that is damaged, never stops the program: it goes on with what it has
// in memory, and says so once.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
)

// Store is a folder of such files. It may be used from many goroutines.
type Store struct {
	dir string
	log *slog.Logger

	mu     sync.Mutex
	failed bool // the last write failed, which was said
}

// Open returns the Store in dir, which is made if it is missing.
func Open(dir string, log *slog.Logger) *Store {
	return &Store{dir: dir, log: log}
}

// Load reads the file called name into value, a pointer. It gives false where
// there is none, or none that can be read; a damaged file is set aside as
// name.damaged and said, and value is then as it was.
func (s *Store) Load(name string, value any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidy(name)
	path := s.path(name)
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false
	case err != nil:
		s.log.Warn("state from the last run cannot be read; starting without it. Does the data folder belong to this program?", "file", path, "cause", err)
		return false
	}
	// Into a value of its own: of a damaged file half might be read.
	read := reflect.New(reflect.TypeOf(value).Elem())
	if err := json.Unmarshal(data, read.Interface()); err != nil {
		aside := path + ".damaged"
		s.log.Warn("state from the last run is damaged; starting without it", "file", path, "kept as", aside, "cause", err)
		if err := os.Rename(path, aside); err != nil {
			s.log.Debug("the damaged file cannot be removed", "cause", err)
		}
		return false
	}
	reflect.ValueOf(value).Elem().Set(read.Elem())
	return true
}

// Save replaces the file called name by value as JSON. It is on disk when Save
// returns, and either old or new whatever happens meanwhile. That the folder
// cannot be written is said once, and that it can be again.
func (s *Store) Save(name string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.write(name, value)
	switch {
	case err != nil && !s.failed:
		s.log.Warn("state cannot be kept: it is in memory only, and lost at the next start. Make the data folder writable (SMARTMETER_DATA)", "folder", s.dir, "cause", err)
	case err == nil && s.failed:
		s.log.Info("state is kept again", "folder", s.dir)
	}
	s.failed = err != nil
}

func (s *Store) write(name string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", name, err)
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	return Replace(s.path(name), 0o600, func(w io.Writer) error {
		if _, err := w.Write(append(data, '\n')); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		return nil
	})
}

// tidy removes what a run left that was killed while it saved the file.
func (s *Store) tidy(name string) {
	for _, prefix := range []string{"." + name + "-", "." + name + ".json-"} {
		left, _ := filepath.Glob(filepath.Join(s.dir, prefix+"[0-9]*"))
		for _, path := range left {
			if strings.Trim(strings.TrimPrefix(filepath.Base(path), prefix), "0123456789") != "" {
				continue
			}
			if err := os.Remove(path); err != nil {
				s.log.Debug("the rest of an unfinished save cannot be removed", "file", path, "cause", err)
			}
		}
	}
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name+".json") }

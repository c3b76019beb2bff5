package store_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

type state struct{ Total map[string]string }

func open(t *testing.T, dir string) (*store.Store, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	return store.Open(dir, slog.New(slog.NewTextHandler(log, nil))), log
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	s, log := open(t, dir)
	var got state
	if s.Load("totals", &got) {
		t.Error("loaded what was never saved")
	}
	for _, total := range []string{"1.5", "2.25"} {
		s.Save("totals", state{map[string]string{"gas": total}})
	}
	again, _ := open(t, dir)
	if !again.Load("totals", &got) {
		t.Fatal("what was saved is not there")
	}
	if diff := cmp.Diff(state{map[string]string{"gas": "2.25"}}, got); diff != "" {
		t.Errorf("(-saved +loaded)\n%s", diff)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 || log.Len() > 0 {
		t.Errorf("the folder has %v, the log %q", files, log)
	}
}

func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "totals.json"), []byte(`{"Total": {"gas"`), 0o644); err != nil {
		t.Fatal(err)
	}
	s, log := open(t, dir)
	var got state
	for range 2 {
		if s.Load("totals", &got) {
			t.Error("loaded a damaged file")
		}
	}
	if n := strings.Count(log.String(), "damaged; starting without it"); n != 1 {
		t.Errorf("said %d times: %s", n, log)
	}
	if _, err := os.Stat(filepath.Join(dir, "totals.json.damaged")); err != nil {
		t.Errorf("the damaged file is gone: %v", err)
	}
	s.Save("totals", state{})
	if !s.Load("totals", &got) {
		t.Error("what was saved after it is not there")
	}
}

// TestDamagedFileLeavesNoHalf: of a file whose end is wrong nothing is taken.
func TestDamagedFileLeavesNoHalf(t *testing.T) {
	dir := t.TempDir()
	type two struct {
		First  map[string]int
		Second int
	}
	if err := os.WriteFile(filepath.Join(dir, "two.json"), []byte(`{"First": {"a": 1}, "Second": "x"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	s, _ := open(t, dir)
	got := two{Second: 7}
	if s.Load("two", &got) {
		t.Error("loaded a damaged file")
	}
	if diff := cmp.Diff(two{Second: 7}, got); diff != "" {
		t.Errorf("the value was changed (-before +now)\n%s", diff)
	}
}

// TestUnfinishedSave: what a killed run left is removed, and nothing else.
func TestUnfinishedSave(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".totals_p1-123456", ".totals_p1.json-99", ".totals_p1-notes", ".totals_p10-5", "totals_p1-1"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, log := open(t, dir)
	var got state
	s.Load("totals_p1", &got)
	var left []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if diff := cmp.Diff([]string{".totals_p1-notes", ".totals_p10-5", "totals_p1-1"}, left); diff != "" || log.Len() > 0 {
		t.Errorf("(-want +left)\n%s%s", diff, log)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o644); err != nil { // root may write anywhere else
		t.Fatal(err)
	}
	s, log := open(t, dir)
	s.Save("totals", state{})
	s.Save("totals", state{})
	if n := strings.Count(log.String(), "cannot be kept"); n != 1 {
		t.Errorf("said %d times: %s", n, log)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	s.Save("totals", state{})
	if !strings.Contains(log.String(), "kept again") {
		t.Errorf("the end is not said: %s", log)
	}
}

//go:build homeassistant

package homeassistant_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit/recorder"
)

//go:embed recorder.py
var recorderScript []byte

// TestRecorder checks the model of Core's statistics, on which the property
// test of the totals stands, against Core's own recorder. It needs no running
// Core and takes seconds.
func TestRecorder(t *testing.T) {
	tree := os.Getenv("HOMEASSISTANT_TREE")
	script := filepath.Join(tree, "tmp", "recorder-"+strconv.Itoa(os.Getpid())+".py")
	if err := os.WriteFile(script, recorderScript, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(script) })
	series, err := json.Marshal(recorder.Series)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chroot", tree, "/opt/homeassistant/bin/python", "/tmp/"+filepath.Base(script))
	cmd.Stdin = bytes.NewReader(series)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("Core's recorder: %v", err)
	}
	var answers []*struct{ Sum, State float64 }
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(answers) != len(recorder.Series) {
		t.Fatalf("%d answers to %d series", len(answers), len(recorder.Series))
	}
	for i, c := range recorder.Series {
		switch got := answers[i]; {
		case (got == nil) != (c.Sum == ""):
			t.Errorf("%s: Core makes a sum: %t, the model: %t", c.Name, got != nil, c.Sum != "")
		case got == nil:
		case !is(got.Sum, c.Sum) || !is(got.State, c.State):
			t.Errorf("%s: Core's sum is %v of state %v, the model's %s of %s", c.Name, got.Sum, got.State, c.Sum, c.State)
		}
	}
	t.Logf("Core and the model agree on %d series", len(answers))
}

// is reports whether a float is the decimal number.
func is(got float64, want string) bool {
	n, err := strconv.ParseFloat(want, 64)
	return err == nil && math.Abs(got-n) < 1e-8
}

package source

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPorts(t *testing.T) {
	dev, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sys := t.TempDir()
	if got := ports(dev, sys); len(got) != 0 {
		t.Errorf("without devices: %q", got)
	}
	tty := func(name, kind string, device bool) {
		t.Helper()
		class := filepath.Join(sys, "class/tty", name)
		for _, err := range []error{
			os.WriteFile(filepath.Join(dev, name), nil, 0o600),
			os.MkdirAll(class, 0o700),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if device {
			if err := os.Mkdir(filepath.Join(class, "device"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if kind != "" {
			if err := os.WriteFile(filepath.Join(class, "type"), []byte(kind+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	tty("tty", "", false)
	tty("tty1", "", false)
	tty("ttyACM0", "", true)
	tty("ttyAMA0", "32", true)
	tty("ttyS0", "4", true)
	tty("ttyS1", "0", true) // a name without hardware
	tty("ttyGS0", "", false)
	tty("ttyUSB0", "", true)
	tty("ttyUSB1", "", true)
	byID := filepath.Join(dev, "serial/by-id")
	if err := os.MkdirAll(byID, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"usb-FTDI_P1_Converter_Cable-if00-port0": "../../ttyUSB1",
		"usb-gone-if00-port0":                    "../../ttyUSB9",
	} {
		if err := os.Symlink(target, filepath.Join(byID, name)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		filepath.Join(byID, "usb-FTDI_P1_Converter_Cable-if00-port0"),
		filepath.Join(dev, "ttyACM0"),
		filepath.Join(dev, "ttyAMA0"),
		filepath.Join(dev, "ttyS0"),
		filepath.Join(dev, "ttyUSB0"),
	}
	if diff := cmp.Diff(want, ports(dev, sys)); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
}

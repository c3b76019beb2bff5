package source

import (
	"os"
	"path/filepath"
	"strings"
)

// Ports returns the serial devices of this machine: under the stable name
// below /dev/serial/by-id where they have one, else as /dev/ttyUSB0 and the
// like. It only looks at names and opens none: another program may use them.
func Ports() []string { return ports("/dev", "/sys") }

func ports(dev, sys string) []string {
	var found []string
	named := make(map[string]bool)
	links, _ := filepath.Glob(filepath.Join(dev, "serial/by-id/*"))
	for _, link := range links {
		if target, err := filepath.EvalSymlinks(link); err == nil {
			found = append(found, link)
			named[target] = true
		}
	}
	ttys, _ := filepath.Glob(filepath.Join(dev, "tty[A-Z]*[0-9]"))
	for _, tty := range ttys {
		if !named[tty] && realPort(filepath.Base(tty), sys) {
			found = append(found, tty)
		}
	}
	return found
}

// realPort tells a port from a name without hardware: Linux makes
// /dev/ttyS0 to ttyS31 whether they exist or not, and their type is then 0.
// Names of terminals without a device (ttyp0, ttyGS0) have no device file.
func realPort(tty, sys string) bool {
	if _, err := os.Stat(filepath.Join(sys, "class/tty", tty, "device")); err != nil {
		return false
	}
	kind, err := os.ReadFile(filepath.Join(sys, "class/tty", tty, "type"))
	return err != nil || strings.TrimSpace(string(kind)) != "0"
}

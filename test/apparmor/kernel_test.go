//go:build apparmor

package apparmor_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// access is what AppArmor has written down of one operation of the app.
type access struct {
	verdict   string // AUDIT, DENIED
	operation string // open, create, exec, ...
	object    string // a path with numbers of processes as PID, a family of sockets, ...
	path      string // as it was
	mask      string // r, w, ...
}

var field = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|(\S+))`)

// accesses reads the kernel's log: all that it has written of processes under the profile.
func accesses(t *testing.T) (list []access) {
	t.Helper()
	log, err := syscall.Open("/dev/kmsg", syscall.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(log)
	record := make([]byte, 16<<10)
	for {
		n, err := syscall.Read(log, record)
		if errors.Is(err, syscall.EAGAIN) {
			return list
		}
		if err != nil {
			t.Fatalf("the kernel's log: %v", err) // EPIPE: it has lost records
		}
		line, _, _ := strings.Cut(string(record[:n]), "\n")
		if strings.Contains(line, "audit: ") && (strings.Contains(line, "lost") || strings.Contains(line, "suppressed")) {
			t.Fatalf("the kernel has lost records: %s", line)
		}
		fields := make(map[string]string)
		for _, m := range field.FindAllStringSubmatch(line, -1) {
			value := m[2]
			if m[3] != "" {
				value = m[3]
				if text, err := hex.DecodeString(value); err == nil && m[1] == "name" {
					value = string(text)
				}
			}
			fields[m[1]] = value
		}
		if fields["apparmor"] == "" || fields["profile"] != profileName {
			continue
		}
		a := access{verdict: fields["apparmor"], operation: fields["operation"], path: fields["name"], mask: fields["requested_mask"]}
		switch {
		case a.path != "":
			a.object = number.ReplaceAllString(a.path, "PID$1")
		case fields["family"] != "":
			a.object = fields["family"] + " " + fields["sock_type"]
		case fields["signal"] != "":
			a.object = fields["signal"] + " of " + fields["peer"]
		case fields["capname"] != "":
			a.object = "capability " + fields["capname"]
		case fields["rlimit"] != "":
			a.object = fields["rlimit"]
		default:
			a.object = line
		}
		list = append(list, a)
	}
}

// number is what differs from run to run in a path: a process, or the end of a
// temporary file's name.
var number = regexp.MustCompile(`\b[0-9]{1,10}\b(/|$)`)

// table prints each kind of access once, and how often it was.
func table(list []access) {
	count := make(map[string]int)
	for _, a := range list {
		count[fmt.Sprintf("%-7s %-16s %-5s %s", a.verdict, a.operation, a.mask, a.object)]++
	}
	for _, line := range slices.Sorted(maps.Keys(count)) {
		fmt.Printf("seen %5d  %s\n", count[line], line)
	}
}

var networkRule = regexp.MustCompile(`(?m)^ *network (\w+ \w+),$`)

// unusedSockets returns the rules about sockets that no access has needed.
func unusedSockets(profile string, list []access) (lines []string) {
	for _, m := range networkRule.FindAllStringSubmatch(profile, -1) {
		if !slices.ContainsFunc(list, func(a access) bool { return a.object == m[1] }) {
			lines = append(lines, "network "+m[1])
		}
	}
	return lines
}

// unused returns the rules of the profile, and the permissions in them, that no
// access has needed.
func unused(rules []testkit.Rule, list []access) (lines []string) {
	for _, rule := range rules {
		needed := make(map[rune]bool)
		for _, a := range list {
			if !rule.Path.MatchString(a.path) {
				continue
			}
			for _, letter := range a.mask {
				switch letter {
				case 'a', 'c', 'd': // to append, create and delete is to write
					letter = 'w'
				}
				needed[letter] = true
			}
		}
		missing := ""
		for _, letter := range strings.TrimSuffix(strings.ReplaceAll(rule.Permissions, "ix", "x"), ",") {
			if !needed[letter] {
				missing += string(letter)
			}
		}
		if missing != "" {
			lines = append(lines, missing+" of "+rule.Line)
		}
	}
	return lines
}

// load puts the app's profile into the kernel, under the name that the
// Supervisor gives it, and returns its file. It is to refuse all that this kernel
// can, whatever the parser's own choice, and to write down every access.
func load(t *testing.T) (file string) {
	t.Helper()
	text, err := os.ReadFile("smartmeter-addon/apparmor.txt")
	if err != nil {
		t.Fatal(err)
	}
	head := regexp.MustCompile(`(?m)^profile smartmeter flags=\(([a-z_,]*)\) \{$`)
	if !head.Match(text) {
		t.Fatal("the profile's head is not as expected")
	}
	file = t.TempDir() + "/profile"
	if err := os.WriteFile(file, head.ReplaceAll(text, []byte("profile "+profileName+" flags=($1,audit) {")), 0o600); err != nil {
		t.Fatal(err)
	}
	const features = "/sys/kernel/security/apparmor/features"
	if out, err := exec.Command("apparmor_parser", "--replace", "--skip-cache", "--override-policy-abi", features, file).CombinedOutput(); err != nil {
		t.Fatalf("apparmor_parser: %v: %s", err, out)
	}
	loaded, err := os.ReadFile("/sys/kernel/security/apparmor/profiles")
	if err != nil || !slices.Contains(strings.Split(string(loaded), "\n"), profileName+" (enforce)") {
		t.Fatalf("the kernel does not enforce the profile: %q, %v", loaded, err)
	}
	return file
}

package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// call runs a command as the shell would.
func call(t *testing.T, stdin string, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(args, environ, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

const good = "/ISk5\\2MT382-1004\r\n\r\n0-0:96.1.1(4B38)\r\n1-0:1.8.1(00001.001*kWh)\r\n1-0:1.8.2(2*kWh)\r\n0-1:24.1.0(3)\r\n" +
	"0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00002.5)\r\n9-9:9.9.9(\x02what)\r\n!\r\n"

func TestDecodeJSON(t *testing.T) {
	code, got, stderr := call(t, good, nil, "decode", "-json")
	want := `{"checksum":"absent","header":"ISk5\\2MT382-1004","protocol":"dsmr","objects":[{"obis":"0-0:96.1.1","values":["4B38"]},{"obis":"1-0:1.8.1","values":["00001.001*kWh"]},{"obis":"1-0:1.8.2","values":["2*kWh"]},` +
		`{"obis":"0-1:24.1.0","values":["3"]},{"obis":"0-1:24.3.0","values":["161107190000","00","60","1","0-1:24.2.1","m3","00002.5"]},{"obis":"9-9:9.9.9","values":["\u0002what"]}],` +
		`"reading":{"header":"ISk5\\2MT382-1004","powerSn":"4B38","totalT1Use":1.001,"totalT2Use":2,"deviceType":"3","gas":{"ts":"2016-11-07T19:00:00","totalUse":2.5},"totalUse":3.001}}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// A byte that is no text: DSMR 2 has no checksum to vouch for it.
	if code != exitBad || stderr != "" {
		t.Errorf("got exit %d, %q", code, stderr)
	}
}

func TestDecodeVerdicts(t *testing.T) {
	clean := strings.Replace(good, "\x02", "", 1)
	for _, test := range []struct {
		name, in string
		code     int
		want     string // in the JSON
	}{
		{"good", clean, exitGood, `"checksum":"absent"`},
		{"two", clean + clean, exitGood, `}` + "\n" + `{"checksum":"absent"`},
		{"wrong checksum", strings.Replace(clean, "!", "!1234", 1), exitBad, `"checksum":"invalid"`},
		{"cut off", clean[:60], exitBad, `"checksum":"absent","truncated":true`},
		{"nothing", "hello\n", exitBad, ""},
	} {
		code, got, stderr := call(t, test.in, nil, "decode", "-json")
		if code != test.code || !strings.Contains(got, test.want) {
			t.Errorf("%s: got exit %d and %s, want %d and %s", test.name, code, got, test.code, test.want)
		}
		for line := range strings.Lines(got) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: no JSON: %s", test.name, line)
			}
		}
		if (got == "") != (stderr != "") {
			t.Errorf("%s: standard error says %q", test.name, stderr)
		}
	}
}

func TestDecodeTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "telegram.txt")
	if err := os.WriteFile(file, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	_, got, _ := call(t, "", nil, "decode", file)
	for _, want := range []string{"ISk5\\2MT382-1004", "DSMR 2/3, checksum absent", "energy imported, tariff 1", "1.001  kWh", "2.5    m3    2016-11-07 19:00:00", "? unknown object", "gas"} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "\x02") {
		t.Error("a control character reaches the terminal")
	}
	code, _, stderr := call(t, "", nil, "decode", file+".missing")
	if code != exitBad || !strings.Contains(stderr, "no such file") {
		t.Errorf("a missing file: got exit %d, %q", code, stderr)
	}
}

// TestDecodeEncrypted reads frames as bytes and as hex digits.
func TestDecodeEncrypted(t *testing.T) {
	const key = "50fb5fbd11976b2c635a0b020fd45336"
	const folder = "../../internal/dsmr/testdata/encrypted/"
	frame, err := os.ReadFile(folder + "lu-encrypted-synthetic-aad.bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, in    string
		args        []string
		code, lines int
		stderr      string
	}{
		{"bytes", string(frame), []string{"-key", key}, exitGood, 1, ""},
		{"hex", strings.ToUpper(hex.EncodeToString(frame[:100])) + "\r\n" + hex.EncodeToString(frame[100:]) + "\n", []string{"-key", key}, exitGood, 1, ""},
		{"no key", string(frame), nil, exitBad, 0, "1 encrypted frame: the telegram is encrypted and no key is set"},
		{"wrong key", string(frame), []string{"-key", strings.Repeat("0", 32)}, exitBad, 0, "compare -key with what"},
		{"half a key", string(frame), []string{"-key", key[:20]}, exitCall, 0, "a key has 32 hex digits; this one has 20"},
		{"repeat", string(frame) + string(frame), []string{"-key", key}, exitGood, 1, "left out as a repeat: 1 encrypted frame"},
		{"with a plain one", string(frame) + "/A\r\n\r\n1-0:1.7.0(1*kW)\r\n!\r\n", []string{"-key", key}, exitGood, 2, ""},
	} {
		code, got, stderr := call(t, test.in, nil, append([]string{"decode", "-json"}, test.args...)...)
		if code != test.code || strings.Count(got, "\n") != test.lines || !strings.Contains(stderr, test.stderr) {
			t.Errorf("%s: got exit %d, %d lines, %q, want %d, %d, %q", test.name, code, strings.Count(got, "\n"), stderr, test.code, test.lines, test.stderr)
		}
	}
}

func TestCalls(t *testing.T) {
	for _, test := range []struct {
		args    []string
		environ []string
		code    int
		out     string
	}{
		{[]string{"version"}, nil, exitGood, "smartmeter dev"},
		{[]string{"help"}, nil, exitGood, "SMARTMETER_OPTIONS"},
		{[]string{"explode"}, nil, exitCall, `there is no command "explode"`},
		{[]string{"decode", "-what"}, nil, exitCall, "-what"},
		{nil, []string{"SMARTMETER_SERIAL_MODE=fast"}, exitCall, "fast"},
		{nil, []string{"SMARTMETER_MQTT_URL=broker:1883"}, exitCall, "mqtt://"},
		{nil, []string{"SMARTMETER_MQTT_URL=mqtts://broker", "SMARTMETER_MQTT_CA_FILE=/nowhere/ca.pem", "SMARTMETER_LOG_LEVEL=error"}, exitCall, "/nowhere/ca.pem"},
		{[]string{"healthcheck"}, []string{"SMARTMETER_HEALTH=0"}, exitGood, "switched off"},
		{[]string{"healthcheck"}, []string{"SMARTMETER_HEALTH=127.0.0.1:1"}, exitBad, "asking the running app: it does not answer at 127.0.0.1:1 (dial tcp 127.0.0.1:1: connect: connection refused): does it run on this machine"},
		{[]string{"healthcheck", "-v"}, []string{"SMARTMETER_HEALTH=127.0.0.1:1"}, exitBad, "does it run on this machine"},
		{[]string{"healthcheck", "-what"}, nil, exitCall, "-what"},
		{[]string{"check", "-h"}, nil, exitGood, "-network"},
		{[]string{"replay", "-help"}, nil, exitGood, "-speed"},
		{[]string{"-h"}, nil, exitGood, "SMARTMETER_OPTIONS"},
		{[]string{"--socket", "h:1", "--help"}, nil, exitGood, "SMARTMETER_OPTIONS"},
		{[]string{"--version"}, nil, exitGood, "smartmeter dev"},
		{[]string{"help", "decode"}, nil, exitGood, "smartmeter decode explains telegrams from files"},
		{[]string{"help", "explode"}, nil, exitCall, `there is no command "explode"`},
		{[]string{"help", "decode", "check"}, nil, exitCall, `unexpected argument "check"`},
		{[]string{"version", "-x"}, nil, exitCall, "-x"},
		{[]string{"version", "x"}, nil, exitCall, `unexpected argument "x"`},
		{[]string{"healthcheck", "x"}, nil, exitCall, `unexpected argument "x"`},
		{[]string{"check", "-for", "-2s"}, nil, exitCall, "-for -2s"},
		{[]string{"capture", "-for", "-2s"}, nil, exitCall, "-for -2s"},
		{[]string{"replay", "/etc/passwd"}, nil, exitBad, "holds no message of a meter"},
		{[]string{"--serial-mode", "fast"}, nil, exitCall, "--serial-mode"},
		{[]string{"--sockt", "h:1"}, nil, exitCall, "did you mean --socket?"},
	} {
		code, out, stderr := call(t, "", test.environ, test.args...)
		if code != test.code || !strings.Contains(out+stderr, test.out) {
			t.Errorf("%q %q: got exit %d, %q %q, want %d and %q", test.args, test.environ, code, out, stderr, test.code, test.out)
		}
		if test.code == exitCall && strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q %q: the error has %d lines, want 1: %s", test.args, test.environ, strings.Count(stderr, "\n"), stderr)
		}
	}
}

// TestHelp: each command explains itself on standard output, with its flags, an
// example, and lines that fit a terminal.
func TestHelp(t *testing.T) {
	_, all, _ := call(t, "", nil, "help")
	for _, c := range commands() {
		code, out, stderr := call(t, "", nil, c.name, "-h")
		if code != exitGood || stderr != "" || !strings.HasPrefix(out, "smartmeter "+c.name+" ") {
			t.Errorf("%s: exit %d, %q, %q", c.name, code, out, stderr)
		}
		for _, arg := range strings.FieldsFunc(c.args, func(r rune) bool { return strings.ContainsRune(" []|", r) }) {
			if strings.HasPrefix(arg, "-") && !regexp.MustCompile(`\n  `+arg+`\s`).MatchString(out) {
				t.Errorf("%s: %s is not explained:\n%s", c.name, arg, out)
			}
		}
		if c.args != "" && c.name != "help" && !strings.Contains(out, "\n  smartmeter "+c.name+" -") && !strings.Contains(c.example, "smartmeter "+c.name) {
			t.Errorf("%s: no example", c.name)
		}
		if !strings.Contains(all, "smartmeter "+c.name) {
			t.Errorf("%s is not in the list", c.name)
		}
		for line := range strings.Lines(all + out) {
			if len(line) > 101 {
				t.Errorf("%s: %d columns: %s", c.name, len(line), line)
			}
		}
	}
}

// TestNamesUnderTheSupervisor: there a wrong option is called as the form calls
// it, in the language that is set, and elsewhere as the user did.
func TestNamesUnderTheSupervisor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "options.json")
	if err := os.WriteFile(file, []byte(`{"serial": {"device": "ttyUSB0"}, "language": "nl"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for environ, want := range map[string]string{"SUPERVISOR_TOKEN=x": "ERROR: ‘P1-kabel → Apparaat’ = ", "SUPERVISOR_TOKEN=": `"serial.device = `} {
		code, _, stderr := call(t, "", []string{"SMARTMETER_OPTIONS=" + file, environ})
		if code != exitCall || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s, want %s", environ, code, stderr, want)
		}
	}
}

func TestLogUnderTheSupervisor(t *testing.T) {
	var out bytes.Buffer
	log := newLogger(&out, "info", []string{"SUPERVISOR_TOKEN=x"})
	log.With("part", "meter", "slot", "p1").WithGroup("g").Warn("no data\nat all", "n", 3)
	log.Debug("not seen")
	got := out.String()
	if !strings.HasPrefix(got, "[") || !strings.HasSuffix(got, "] WARNING: no data at all slot=p1 g.n=3\n") {
		t.Errorf("got %q", got)
	}
}

// TestLogOfForeignWords: what other programs say stays within its line,
// whichever form the log has.
func TestLogOfForeignWords(t *testing.T) {
	words := "a\r\nb\n[00:00:00] ERROR: forged\x1b[2J\u009b1A\u202egnorw\u2028\x9b"
	for _, environ := range [][]string{{"SUPERVISOR_TOKEN=x"}, nil} {
		var out bytes.Buffer
		newLogger(&out, "info", environ).With("client", words).Warn(words, "cause", errors.New(words))
		got := out.String()
		if strings.Count(got, "\n") != 1 || strings.ContainsFunc(strings.TrimSuffix(got, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) ||
			!utf8.ValidString(got) || strings.Count(got, "forged") != 3 {
			t.Errorf("%q: got %q", environ, got)
		}
	}
}

package app_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

func sample(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile("../dsmr/testdata/telegrams/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// speaker is a network reader that does the same on every connection: it sends
// these, and then holds on, or hangs up.
// pushes is a minute of a meter that pushes.
func pushes(kind simulate.Push) (line []byte) {
	start := time.Now().Truncate(time.Minute)
	push := simulate.NewPush(kind, simulate.Options{Seed: 3, Start: start})
	for i := range 60 {
		line = push.AppendMessage(line, start.Add(time.Duration(i)*time.Second))
	}
	return line
}

// pushedLists is a structure of values as DLMS pushes it, some times.
func pushedLists(n int, values string) (line []byte) {
	data, err := hex.DecodeString(strings.ReplaceAll(values, " ", ""))
	if err != nil {
		panic(err)
	}
	var w axdr.Walker
	members := byte(0)
	for rest := data; len(rest) > 0; members++ {
		if rest, err = w.Walk(rest); err != nil {
			panic(err)
		}
	}
	for range n {
		line = append(line, simulate.HDLC(append([]byte{0x0F, 0, 0, 0, 1, 0, 2, members}, data...))...)
	}
	return line
}

func speaker(hangsUp bool, sends ...[]byte) func(t *testing.T) []string {
	return func(t *testing.T) []string {
		listener, err := net.Listen("tcp", testkit.Addr(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				for _, piece := range sends {
					_, _ = conn.Write(piece) // the program may be gone
				}
				if hangsUp {
					conn.Close()
				} else {
					t.Cleanup(func() { conn.Close() })
				}
			}
		}()
		return []string{"SOCKET=" + listener.Addr().String()}
	}
}

// at is a network reader at that address.
func at(address string) func(*testing.T) []string {
	return func(*testing.T) []string { return []string{"SOCKET=" + address} }
}

// with adds a variable.
func with(setup func(*testing.T) []string, variable string) func(*testing.T) []string {
	return func(t *testing.T) []string { return append(setup(t), variable) }
}

// wired is a serial cable; its meter's end is master.
func wired(play func(t *testing.T, master *os.File)) func(t *testing.T) []string {
	return func(t *testing.T) []string {
		master, tty, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { master.Close() })
		tty.Close()
		play(t, master)
		return []string{"PORT=" + tty.Name()}
	}
}

// pulled is a cable that is pulled after two seconds. Its name goes before it
// does, as udev's names do: the kernel gives the number of a pseudo-terminal to
// the next one, perhaps another test's, which has telegrams.
func pulled(t *testing.T) []string {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	tty.Close()
	name := filepath.Join(t.TempDir(), "usb-meter")
	if err := os.Symlink(tty.Name(), name); err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(2 * time.Second)
		os.Remove(name)
		master.Close()
	}()
	return []string{"PORT=" + name}
}

// TestVerdictOfProgram is the corpus of what can be wrong with a line, from
// its bytes to what Home Assistant is told: each ends in exactly its verdict,
// with its next step. Waiting may come before, and what stands in passes too.
func TestVerdictOfProgram(t *testing.T) {
	t.Parallel()
	dutch, old := sample(t, "nl-50-sagemcom-de4a.txt"), sample(t, "nl-22-iskra-mt382-1003-a.txt")
	_, frames := luxembourg(t, 3)
	frame := []byte(frames[0])
	flipped := bytes.Clone(frame)
	flipped[200] ^= 1
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := slices.Concat(bytes.Repeat(dutch, 10), bytes.Repeat(simulate.FlipBit(dutch, 8*300+1), 5), dutch)
	key := "ENC_KEY=" + key

	seen := make(map[diagnosis.Cause]bool)
	for _, test := range []struct {
		name   string
		setup  func(*testing.T) []string // variables
		want   diagnosis.Cause
		next   string // beside what the table says; empty: nothing
		passes []diagnosis.Cause
	}{
		{"readings", speaker(false, dutch), diagnosis.Good, "", nil},
		{"some damaged", speaker(false, damaged), diagnosis.Degraded, "", []diagnosis.Cause{diagnosis.Good}},
		{"a meter without its PIN", speaker(false, pushes(simulate.SMLLocked)), diagnosis.Locked, "", []diagnosis.Cause{diagnosis.Good}},
		{"a voltage that cannot be", speaker(false, pushedLists(9, "0203 0906 0100010700FF 06000001F4 02020F00161B 0203 0906 0100200700FF 120019 02020F001623")), diagnosis.Scale,
			": voltageL1 = 25 V, ≠ 80 … 300 V", []diagnosis.Cause{diagnosis.Good}},
		{"registers that may be Wh or 10 Wh", speaker(false, pushedLists(9, "0908 4B616D7374727570 0906 0101600101FF 0A12 36383431313331424E323435313031303930 0906 0101010700FF 06000001F4 "+
			"0906 0101010800FF 0600012345")), diagnosis.Undecided, "", []diagnosis.Cause{diagnosis.Good}},
		{"a layout that nobody knows", speaker(false, pushedLists(9, "11 01 11 02")), diagnosis.Layout, "", nil},

		{"nothing is set", func(*testing.T) []string { return nil }, diagnosis.Unset, ". ", nil},
		{"no such device", func(*testing.T) []string { return []string{"PORT=" + file + ".missing"} }, diagnosis.Missing, " ", nil},
		{"a file", func(*testing.T) []string { return []string{"PORT=" + file} }, diagnosis.NotSerial, ". ", nil},
		{"a silent cable", with(wired(func(*testing.T, *os.File) {}), "SERIAL_MODE=9600 7E1"), diagnosis.Silence, " Is 9600 7E1 the meter's mode? With auto it is found automatically", nil},
		{"a cable that is pulled", pulled, diagnosis.Missing, " ", []diagnosis.Cause{diagnosis.Gone}},

		{"nobody listens", func(t *testing.T) []string {
			l, err := net.Listen("tcp", testkit.Addr(t))
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			return []string{"SOCKET=" + l.Addr().String()}
		}, diagnosis.Refused, "", nil},
		{"a name that nobody knows", at("nobody.test:23"), diagnosis.Name, "", nil},
		{"no name server", func(*testing.T) []string {
			nameServer.set("unheard.test", nil, true)
			return []string{"SOCKET=unheard.test:23"}
		}, diagnosis.NameServer, "", nil},
		{"no way leads there", at("255.255.255.255:23"), diagnosis.Unreachable, "", nil},
		{"hangs up", speaker(true), diagnosis.HungUp, "", nil},
		{"hangs up in the middle", speaker(true, dutch[:200]), diagnosis.HungUp, "", []diagnosis.Cause{diagnosis.Cut}},
		{"says nothing", speaker(false), diagnosis.Mute, "", nil},

		{"wrong checksums", speaker(false, simulate.FlipBit(dutch, 8*300+1)), diagnosis.Checksums, "", nil},
		{"no checksum any more", speaker(false, bytes.ReplaceAll(dutch, []byte("!DE4A"), []byte("!"))), diagnosis.NoChecksum, "", nil},
		{"no end", speaker(false, bytes.Repeat(dutch[:len(dutch)-8], 30)), diagnosis.Cut, "", nil},
		{"broken lines", speaker(false, simulate.Cut(old, 90, 30)), diagnosis.Damaged, "", nil},
		{"no key", speaker(false, frame), diagnosis.Encrypted, "", nil},
		{"another key", with(speaker(false, frame), "ENC_KEY="+strings.Repeat("0", 32)), diagnosis.WrongKey, "", nil},
		{"damaged frames", with(speaker(false, flipped, frame[:300], frame[200:]), key), diagnosis.DamagedFrame, "", []diagnosis.Cause{diagnosis.WrongKey}},
		{"plain after a run in which tags fitted", with(with(speaker(false, dutch), key), "DATA="+provenData(t, frame)), diagnosis.Unverified, "", nil},
		{"7E1 as 8N1, and bytes lost", speaker(false, simulate.EvenParity(bytes.Repeat(old[5:], 2))), diagnosis.Parity, "", nil},
		{"noise", speaker(false, simulate.Noise(7, 5000)), diagnosis.Noise, "", nil},
		{"HDLC", speaker(false, bytes.Repeat([]byte("\x7E\xA0\x87\x01\x02\x01\x10\x9E\x6D\xE6\xE7\x00\x0F\x40\x00\x00\x00\x00\x02\x19\x0A\x0E\x4B\x61\x6D\x7E"), 4)), diagnosis.HDLC, "", nil},
		{"SML", speaker(false, bytes.Repeat([]byte("\x1B\x1B\x1B\x1B\x01\x01\x01\x01\x76\x05\x00\x7A\x43\x02\x62\x00\x62\x00\x72\x63\x01\x01\x76\x01"), 3)), diagnosis.SML, "", nil},
		{"wired M-Bus", speaker(false, bytes.Repeat([]byte("\x68\xFA\xFA\x68\x53\xFF\x00\x01\x67\x0F\x80\x06\x87\x0E\x0C\x07\xE5\x09\x1B\x01\x09\x2F"), 3)), diagnosis.MBus, "", nil},
		{"Linky", speaker(false, []byte("\x02\nADCO 021528603314 '\r\nOPTARIF BASE 0\r\nISOUSC 30 9\r\nBASE 002565285 ,\r\n\x03\x02\nADCO 021528603314 '\r\n")), diagnosis.TIC, "", nil},
		{"a web server", speaker(true, []byte("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")), diagnosis.HTTP, "", []diagnosis.Cause{diagnosis.HungUp}},
		{"this program's JSON socket", speaker(false, []byte(`{"crc":true,"header":"KFM5KAIFA-METER","p1Version":"42","calculatedUsage":329}`+"\r\n")), diagnosis.JSON, "", nil},
		{"a telnet server", speaker(false, []byte("\xFF\xFD\x18\xFF\xFD\x20\xFF\xFD\x23\xFF\xFD\x27")), diagnosis.Telnet, "", nil},
		{"a reader that is taken", speaker(true, []byte("Too many connections\r\n")), diagnosis.TooMany, "", []diagnosis.Cause{diagnosis.HungUp}},
		{"another format", speaker(false, bytes.Repeat([]byte("power 123 W\r\n"), 400)), diagnosis.OtherText, "", nil},
	} {
		seen[test.want] = true
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBroker(t, testkit.Addr(t))
			verdictOf(t, b, test.setup(t), test.want, test.next, test.passes...)
		})
	}

	// These need another machine or program, and are tested where errors are told apart.
	elsewhere := []diagnosis.Cause{diagnosis.Waiting, diagnosis.Gone, diagnosis.Permission, diagnosis.Busy, diagnosis.Address, diagnosis.NoAnswer, diagnosis.Fails, diagnosis.SameNames, diagnosis.BrokerAway, diagnosis.BrokerRefuses}
	for kind := range diagnosis.NumCauses {
		if !seen[kind] && !slices.Contains(elsewhere, kind) && !slices.Contains(causesOfWays, kind) {
			t.Errorf("nothing here ends in %s", kind)
		}
	}
}

// verdictOf runs the program, and wants exactly this verdict, with its next step
// and what stands behind it; what passes is seen before.
func verdictOf(t *testing.T, b *broker, variables []string, want diagnosis.Cause, more string, passes ...diagnosis.Cause) {
	t.Helper()
	p := start(t, append(variables, b.variable())...)
	payload := b.wait("smartmeter/p1_bridge/state", `"verdict":"`+want.String()+`"`)
	var state struct {
		Text       string `json:"diagnosis_p1"`
		Attributes struct {
			Text string `json:"text"`
			Next string `json:"next_step"`
		} `json:"problem_p1_attributes"`
	}
	if err := json.Unmarshal([]byte(payload), &state); err != nil {
		t.Fatal(err)
	}
	if got := state.Attributes; got.Text != want.Text(meter.English) || state.Text != got.Text {
		t.Errorf("text %q, diagnosis %q, want %q", got.Text, state.Text, want.Text(meter.English))
	}
	next := config.Names{}.In(want.Next(meter.English))
	if rest, ok := strings.CutPrefix(state.Attributes.Next, next); !ok || rest != more && (more == "" || !strings.HasPrefix(rest, more)) {
		t.Errorf("next step %q, want %q", state.Attributes.Next, next+more)
	}
	// And nothing but it, as the API tells.
	waitFor(t, "the verdict to stay", func() bool { return p.status().Verdict.Name == want.String() })
	allowed := []string{"", diagnosis.Waiting.String(), want.String()}
	for _, k := range passes {
		allowed = append(allowed, k.String())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, payload := range b.past["smartmeter/p1_bridge/state"] {
		_, name, _ := strings.Cut(payload, `"verdict":"`)
		name, _, _ = strings.Cut(name, `"`)
		if !slices.Contains(allowed, name) {
			t.Errorf("it was %s for a while", name)
		}
	}
}

// provenData is the data folder of a run that has verified the frame.
func provenData(t *testing.T, frame []byte) string {
	t.Helper()
	k, err := cipher.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	aad, err := cipher.ParseAAD(authKey)
	if err != nil {
		t.Fatal(err)
	}
	r := decode.NewReader(decode.Options{Keys: cipher.Keys{Key: k, AAD: aad}})
	r.Reset(bytes.NewReader(frame))
	if m, _ := r.Next(); m.Err != nil {
		t.Fatal(m.Err)
	}
	proof, ok := r.Proof()
	if !ok {
		t.Fatal("the frame's tag does not fit")
	}
	dir := t.TempDir()
	store.Open(dir, slog.New(slog.DiscardHandler)).Save("decryption_p1", proof)
	return dir
}

package app_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// ordinaryPushBytes are sent of each framing in the ordinary run.
const ordinaryPushBytes = 60_000

// failedPushSeeds are all seeds that ever failed, by framing.
var failedPushSeeds = map[simulate.Push][]uint64{simulate.IskraSegmented: {11134562349413379205}}

// TestMutatedPushes is TestMutated for what meters push by DLMS and SML: one
// framing after the other, messages with bits flipped, pieces cut out, doubled and
// put in. Nothing panics, every reading is that of a message that was sent whole,
// and the memory stays what it is. Messages without a framing have no check, so
// that any may be read. Parts that have no number, or the same in each message,
// may be of two messages where whole frames were lost between them: then each
// value is one that was sent.
func TestMutatedPushes(t *testing.T) {
	seed, size := uint64(1), ordinaryPushBytes
	if *mutatedBytes > 0 {
		seed, size = rand.Uint64(), *mutatedBytes
	}
	if *mutatedSeed > 0 {
		seed = *mutatedSeed
	}
	for _, kind := range []simulate.Push{
		simulate.Kaifa, simulate.IskraSegmented, simulate.LandisGyr, simulate.SagemcomMBus, simulate.SagemcomRaw, simulate.SML,
	} {
		for _, seed := range append([]uint64{seed}, failedPushSeeds[kind]...) {
			name := fmt.Sprintf("%s, seed %d", simulate.Pushes[kind].Name, seed)
			t.Run(name, func(t *testing.T) { testMutatedPushes(t, kind, seed, size) })
		}
	}
}

func testMutatedPushes(t *testing.T, kind simulate.Push, seed uint64, size int) {
	m := newPushMutator(kind, seed)
	line, b := newLine(t), newBroker(t, testkit.Addr(t))
	b.forgets()
	p := start(t, append(m.options, line.variable(), b.variable(), "MQTT_INTERVAL=0", "LOG_LEVEL=info")...)
	lines := p.dial("json")
	f := &pushFence{t: t, m: m, line: line.accept(), lines: make(chan string, 1<<16)}
	go func() {
		defer close(f.lines)
		for {
			text, err := lines.r.ReadString('\n')
			if err != nil {
				return
			}
			f.lines <- text
		}
	}()
	f.fence() // the client is connected once it has come
	var early uint64
	piece := roundBytes
	if !m.hasCheck { // hardly any is read, and a line without readings is opened anew
		piece /= 2
	}
	for round := 0; m.mutated < size; round++ {
		write(t, f.line, string(m.round(piece)))
		f.fence()
		if round == 3 {
			early = heap()
		}
	}
	if late := heap(); early > 0 && late > early+mostGrowth {
		t.Errorf("the heap grew from %d to %d bytes", early, late)
	}
	if m.hasCheck && f.seen < m.pristine*9/10 {
		t.Errorf("of %d messages without damage there came only %d readings", m.pristine, f.seen)
	}
	p.stop()
	if n := p.log.Count("level=ERROR"); n > 0 {
		t.Errorf("%d errors in the log", n)
	}
	if n := len(p.said(0)); n > 60 {
		t.Errorf("the log has %d lines: that is a flood", n)
	}
	t.Logf("%d mutated bytes, %d readings of %d messages that were not, %d lines in the log",
		m.mutated, f.seen, m.pristine, len(p.said(0)))
}

// pushMutator makes a stream of messages of one meter, most of which are damaged.
type pushMutator struct {
	random   *rand.Rand
	push     *simulate.PushMeter
	reader   *decode.Reader
	hasCheck bool
	isSplit  bool     // messages come in parts
	options  []string // of the program
	now      time.Time
	mutated  int             // bytes of messages that were damaged
	pristine int             // messages that were not
	sent     map[string]bool // since the last fence
	last     []byte
}

func newPushMutator(kind simulate.Push, seed uint64) *pushMutator {
	m := &pushMutator{random: rand.New(rand.NewPCG(seed, uint64(kind))), sent: map[string]bool{}}
	m.now = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	m.hasCheck, m.isSplit = kind != simulate.SagemcomRaw, kind == simulate.IskraSegmented || kind == simulate.LandisGyr
	m.push = simulate.NewPush(kind, simulate.Options{Seed: 3, Start: m.now})
	var keys cipher.Keys
	if e := m.push.Encrypter; e != nil {
		keys = cipher.Keys{Key: e.Key[:], AAD: append([]byte{0x30}, e.AuthKey[:]...)}
		m.options = []string{"ENC_KEY=" + hex.EncodeToString(e.Key[:]), "ENC_AAD=30" + hex.EncodeToString(e.AuthKey[:])}
	}
	m.reader = decode.NewReader(decode.Options{Keys: keys})
	return m
}

// message returns the meter's next message, which may be read from now on, and
// what the program says of it.
func (m *pushMutator) message() (message []byte, said string) {
	m.now = m.now.Add(10 * time.Second)
	message = m.push.Message(m.now)
	m.reader.Reset(bytes.NewReader(message))
	for r, ok := m.reader.Next(); ok; r, ok = m.reader.Next() {
		if r.Err == nil && r.Reading != nil {
			said = pushKey(string(r.Reading.AppendJSON(nil, time.UTC)))
			m.sent[said] = true
			for value := range strings.FieldsSeq(said) {
				m.sent[value] = true
			}
		}
	}
	return message, said
}

// pushKey returns the values of a line that the meter itself sends.
func pushKey(line string) string {
	var fields map[string]any
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		return line
	}
	key := ""
	for _, name := range []string{"powerSn", "powerTs", "currentUsage", "currentDelivery", "totalUse", "totalDelivered", "voltageL1", "currentL1", "currentUsageL1", "frequency"} {
		key += fmt.Sprintf("%s=%v ", name, fields[name])
	}
	return key
}

// isMixed reports whether a line may be of the parts of two messages. A current
// that contradicts the power of the other message is left out.
func (m *pushMutator) isMixed(key string) bool {
	for value := range strings.FieldsSeq(key) {
		if !m.sent[value] && value != "currentL1=<nil>" {
			return false
		}
	}
	return m.isSplit
}

// round makes that many bytes, or some more.
func (m *pushMutator) round(size int) []byte {
	var out []byte
	for len(out) < size {
		message, _ := m.message()
		if m.random.IntN(8) == 0 {
			m.pristine++
		} else {
			message = bytes.Clone(message)
			for range 1 + m.random.IntN(3) {
				message = m.mutate(message)
			}
			m.mutated += len(message)
		}
		out, m.last = append(out, message...), message
	}
	return out
}

func (m *pushMutator) mutate(p []byte) []byte {
	n := m.random.IntN(max(1, len(p)))
	switch m.random.IntN(8) {
	case 0, 1, 2: // no more than any CRC of 16 bits finds
		for range 1 + m.random.IntN(3) {
			p = simulate.FlipBit(p, m.random.IntN(8*max(1, len(p))))
		}
	case 3:
		p = simulate.Cut(p, n, 1+m.random.IntN(64))
	case 4: // what is behind it is lost
		p = p[:n]
	case 5: // doubled
		p = simulate.Insert(p, n, p[n/2:n])
	case 6:
		p = simulate.Insert(p, n, simulate.Noise(m.random.Uint64(), 1+m.random.IntN(200)))
	case 7: // what means something
		marks := []string{"\x7e", "\x7e\xa0", "\x7e\xa8\x40\x41\x08\x83\x13", "\x68\xff\xff\x68\x53\xff\x00", "\x1b\x1b\x1b\x1b\x01\x01\x01\x01", "\x1b\x1b\x1b\x1b",
			"\x1b\x1b\x1b\x1b\x1a\x00", "\xdb\x08", "\xe0\xc0\x00\x01", "\xe6\xe7\x00\x0f", "\x02\xff", "\x01\x84\xff\xff\xff\xff", "\x00", "/ISK5\r\n\r\n"}
		p = simulate.Insert(p, n, []byte(marks[m.random.IntN(len(marks))]))
	}
	return p
}

// pushFence sends good messages until one has come out, and looks at the lines
// that come before. What seems to begin an encrypted message swallows what
// follows, up to its length, so there are more of them each time, until they are
// longer than any.
type pushFence struct {
	t     *testing.T
	m     *pushMutator
	line  io.Writer
	lines chan string
	seen  int
}

func (f *pushFence) fence() {
	f.t.Helper()
	end := time.After(longDeadline)
	silence := 400 * time.Millisecond
	for many := 3; ; many = min(4*many, 200) {
		var want string
		var good []byte
		for range many {
			var message []byte
			message, want = f.m.message()
			good = append(good, message...)
		}
		if !f.m.hasCheck { // without framing a message begins where the line was silent
			time.Sleep(silence)
			silence += silence / 2 // the program may be behind, so that it has not heard it
		}
		write(f.t, f.line, string(good))
		again := time.After(time.Second)
		for waiting := true; waiting; {
			select {
			case text := <-f.lines:
				f.seen++
				key := pushKey(text)
				if f.m.hasCheck && !f.m.sent[key] && !f.m.isMixed(key) {
					f.t.Fatalf("a reading comes of no message that was sent whole: %s", strings.TrimSpace(text))
				}
				if key == want { // no line of one before comes any more
					clear(f.m.sent)
					return
				}
			case <-again:
				waiting = false
			case <-end:
				f.t.Fatal("no reading comes any more")
			}
		}
	}
}

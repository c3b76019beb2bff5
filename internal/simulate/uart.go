package simulate

import (
	"fmt"
	"math/bits"
	"slices"
)

// UART is a serial port as a receiver: what it and its driver make of a line
// that is not what they expect. After a missing stop bit the zero UART waits
// until the line rests; where parity is checked it gives a NUL for a byte with
// an error, as Linux does, and else the byte as it is.
type UART struct {
	Resync   bool // a missing stop bit is taken for the next start bit, as the 16550 does
	Packet   int  // an error spoils all of so many bytes, as with FTDI's packets of 62
	Drops    bool // bytes with an error are not delivered
	Blind    bool // errors are not noticed
	Inverted bool // the cable lacks its inverter
}

// Time on the line is counted in ticks, a thousand to a bit at full speed.
// The receiver's bits are a little longer, by skew ticks in a thousand, so
// that its samples do not stay where they are in the sender's bits.
const (
	fullSpeed   = 115200
	ticksPerBit = 1000
	skew        = 3
)

// frame is how a byte stands on the line.
type frame struct {
	bit    int // ticks
	data   int // bits
	parity bool
}

// frameOf reads a mode such as "9600 7E1".
func frameOf(mode string) frame {
	var speed, data, stop int
	var parity rune
	if n, err := fmt.Sscanf(mode, "%d %1d%c%1d", &speed, &data, &parity, &stop); n != 4 || err != nil || speed < 1 || stop != 1 || (parity != 'N' && parity != 'E') {
		panic(fmt.Sprintf("simulate: serial mode %q", mode))
	}
	return frame{bit: ticksPerBit * fullSpeed / speed, data: data, parity: parity == 'E'}
}

// Hear returns what the port delivers while it is set to the mode heard and p
// is sent, byte after byte without a pause, in the mode sent. Modes are
// written as in StandardInfo; another text panics.
func (u UART) Hear(p []byte, sent, heard string) []byte {
	from, to := frameOf(sent), frameOf(heard)
	line := levels(p, from)
	high := func(tick int) bool { // also before and behind, where the line rests
		i := tick / from.bit
		return (i >= len(line) || line[i]) != u.Inverted
	}
	end := len(line) * from.bit
	bit := to.bit * (1000 + skew) / 1000
	step := bit / 16 // a port looks 16 times a bit for an edge
	var got []byte
	var bad []bool
	for t, started := 0, false; t < end; {
		if !started && (high(t) || high(t+bit/2)) { // a spike starts nothing
			t += step
			continue
		}
		at := t + bit/2
		var b byte
		for i := range to.data {
			if at += bit; high(at) {
				b |= 1 << i
			}
		}
		wrong := false
		if to.parity {
			at += bit
			wrong = high(at) != (bits.OnesCount8(b)&1 == 1)
		}
		at += bit
		started = false
		if t = at; !high(at) {
			wrong = true
			if started = u.Resync && b != 0; started {
				t -= bit / 2
			}
			for !started && t < end && !high(t) {
				t += step
			}
		}
		got, bad = append(got, b), append(bad, wrong)
	}
	return u.deliver(got, bad, to.parity)
}

// levels are the bits on the line: start, data with the lowest first, parity,
// stop.
func levels(p []byte, f frame) []bool {
	line := make([]bool, 0, len(p)*(f.data+3))
	for _, b := range p {
		b &= 1<<f.data - 1
		line = append(line, false)
		for i := range f.data {
			line = append(line, b>>i&1 == 1)
		}
		if f.parity {
			line = append(line, bits.OnesCount8(b)&1 == 1)
		}
		line = append(line, true)
	}
	return line
}

// deliver is the driver. Where parity is not checked it does not look for
// errors.
func (u UART) deliver(got []byte, bad []bool, parity bool) []byte {
	if u.Blind || !u.Drops && !parity {
		return got
	}
	out := got[:0]
	packet := max(1, u.Packet)
	for i := 0; i < len(got); i += packet {
		end := min(i+packet, len(got))
		if !slices.Contains(bad[i:end], true) {
			out = append(out, got[i:end]...)
		} else if !u.Drops {
			out = append(out, make([]byte, end-i)...)
		}
	}
	return out
}

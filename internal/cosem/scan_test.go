package cosem_test

import (
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// scanner finds the frames of a stream whose check does not contradict.
type scanner struct{ bare frame.APDUs }

func (s *scanner) scan(data []byte, each func(name string, m frame.Match)) {
	doubted, boundary := 0, true
	for at := 0; at < len(data); {
		p := data[at:]
		name, m := "", frame.Match{}
		switch p[0] {
		case 0x7E:
			name, m = "hdlc", frame.HDLC(p, true)
		case 0x68:
			name, m = "mbus", frame.MBus(p, true)
		case 0x1B:
			name, m = "sml", frame.SML(p, true)
		case 0x0F, 0xDB, 0xDD, 0xE0, 0xE6:
			if boundary && at >= doubted {
				name, m = "apdu", s.bare.Match(p, true)
			}
		}
		switch {
		case m.State == frame.Whole && m.Checksum != meter.ChecksumInvalid:
			each(name, m)
			at += m.Size
			boundary = true
			continue
		case m.State != frame.None:
			doubted = max(doubted, at+m.Size)
		}
		boundary = false
		at++
	}
}

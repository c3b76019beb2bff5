package simulate

import (
	"fmt"
	"time"
	_ "time/tzdata" // a meter prints local time, also on a machine without zones
)

// maxMessage is how long a text message may be (96.13.0).
const maxMessage = 1024

// Options describe a meter and its household. The zero Options are a DSMR 5.0
// meter in a household that has all there is.
type Options struct {
	Standard Standard
	Seed     uint64         // everything that is left to chance follows from it
	Start    time.Time      // when the world begins; zero: with the first telegram
	Zone     *time.Location // of the meter's clock; nil: where the standard is used

	SinglePhase bool
	NoSolar     bool
	NoGas       bool
	NoWater     bool
	Message     string // text message in 96.13.0, at most 1024 bytes
}

// Meter is a household with its meter. Its methods must not be called
// together.
type Meter struct {
	info     *StandardInfo
	telegram compiled
	world    world
	alive    bool
}

// New returns a meter. The Standard must be one of the constants.
func New(o Options) *Meter {
	info := &Standards[o.Standard]
	zone := o.Zone
	if zone == nil {
		var err error
		if zone, err = time.LoadLocation(info.zone); err != nil {
			panic(fmt.Sprintf("zone of %s: %v", info.Title, err)) // zones are embedded
		}
	}
	h := household{
		seed:    o.Seed,
		serial:  int(mix(o.Seed, 0) % 100_000_000),
		phases:  3,
		solar:   !o.NoSolar && !info.oneWay,
		gas:     !o.NoGas,
		water:   !o.NoWater,
		message: o.Message[:min(len(o.Message), maxMessage)],
		home:    zone,
	}
	if o.SinglePhase {
		h.phases = 1
	}
	m := &Meter{info: info, telegram: info.objects.compile(h)}
	m.telegram[0].text = "/" + info.header + "\r\n\r\n" + m.telegram[0].text
	m.world = world{
		household: h,
		clock:     zone,
		tariffs:   info.tariffs,
		capture:   int64(info.capture / time.Second),
		monthly:   info.month.compile(h),
		months:    info.months,
	}
	if !o.Start.IsZero() {
		m.begin(o.Start)
	}
	return m
}

// begin starts the world.
func (m *Meter) begin(start time.Time) {
	if m.info.winter {
		m.world.clock = standardTime(m.world.home, start)
	}
	m.world.begin(start.Unix())
	m.alive = true
}

// Standard returns the meter's row in the table of standards.
func (m *Meter) Standard() StandardInfo { return *m.info }

// Telegram lets the world go on until now and returns what the meter prints
// then: a whole telegram with CRLF line ends and, where the standard has one,
// its checksum. Time never goes back: an earlier now prints the world as it
// is. A day in between costs some milliseconds.
func (m *Meter) Telegram(now time.Time) []byte {
	return m.AppendTelegram(make([]byte, 0, 1536), now)
}

// AppendTelegram is Telegram, appended to dst.
func (m *Meter) AppendTelegram(dst []byte, now time.Time) []byte {
	if !m.alive {
		m.begin(now)
	}
	m.world.advance(now.Unix())
	start := len(dst)
	dst = m.telegram.append(dst, &m.world)
	dst = append(dst, "\r\n!"...)
	if m.info.Checksum {
		dst = fmt.Appendf(dst, "%04X", checksum(dst[start:]))
	}
	return append(dst, "\r\n"...)
}

package dlms

import (
	"encoding/binary"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Timestamp reads a date-time (IEC 62056-53): year (two octets), month, day,
// weekday, hour, minute, second, hundredths, deviation in minutes (two
// octets), status. It is zero for one that does not exist.
//
// The deviation is no help: makers disagree about its sign, and most leave it
// out (8000). Bit 0x80 of the status says summer time, unless all bits are set
// (not specified); without it, standard time is meant only where a deviation
// is given.
func Timestamp(p []byte) meter.Timestamp {
	const size, unknown, notSpecified, summer = 12, 0x8000, 0xFF, 0x80
	if len(p) < size {
		return meter.Timestamp{}
	}
	var flag byte
	switch status := p[11]; {
	case status == notSpecified:
	case status&summer != 0:
		flag = 'S'
	case binary.BigEndian.Uint16(p[9:]) != unknown:
		flag = 'W'
	}
	return timestamp(p[0:5], p[5:8], flag)
}

func timestamp(date, time []byte, flag byte) meter.Timestamp {
	year := int(binary.BigEndian.Uint16(date))
	if year < 1990 || year > 2100 {
		return meter.Timestamp{}
	}
	second := int(time[2])
	if second == 0xFF {
		second = 0
	}
	t, _ := meter.NewTimestamp(year, int(date[2]), int(date[3]), int(time[0]), int(time[1]), second, flag)
	return t
}

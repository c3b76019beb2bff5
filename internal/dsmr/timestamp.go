package dsmr

import "github.com/smartmeter-addon/smartmeter-addon/internal/meter"

// ParseTimestamp reads a time as meters print it: YYMMDDhhmmss and S (summer) or W
// (standard time), DSMR 5.0.2 section 6.4. Besides, as seen on meters: lower
// case letters, no letter (DSMR 2 and 3, Iskra), "20240111 09:35:00" (NES),
// "19-01-01 00:00:00" (ACE4000), and the DLMS clock in hex (Metcom). What
// meters print for "never" is no time: month 25, the first two seconds of the
// year 2000, the first day of 1970. A clock that was never set runs from the
// year 2000 on (Landis+Gyr), and what it shows is a time.
func ParseTimestamp(p []byte) (meter.Timestamp, bool) {
	switch {
	case len(p) == 12 || len(p) == 13 && p[12] > '9':
		return shortTime(p)
	case len(p) == 17 && p[2] == '-' && p[5] == '-':
		return fromDigits([]byte{p[0], p[1], p[3], p[4], p[6], p[7]}, p[9:], 0)
	case len(p) == 17 && p[8] == ' ':
		return fromDigits(p[2:8], p[9:], 0)
	case len(p) == 24:
		return dlmsClock(p)
	}
	return meter.Timestamp{}, false
}

func shortTime(p []byte) (meter.Timestamp, bool) {
	year, month, day := twoDigits(p), twoDigits(p[2:]), twoDigits(p[4:])
	hour, minute, second := twoDigits(p[6:]), twoDigits(p[8:]), twoDigits(p[10:])
	firstDay := month == 1 && day == 1
	if year < 0 || year == 0 && firstDay && hour == 0 && minute == 0 && second <= 1 || year == 70 && firstDay {
		return meter.Timestamp{}, false
	}
	var flag byte
	if len(p) == 13 {
		flag = p[12] &^ 0x20
	}
	return meter.NewTimestamp(2000+year, month, day, hour, minute, second, flag)
}

// fromDigits takes YYMMDD and hh:mm:ss.
func fromDigits(date, clock []byte, flag byte) (meter.Timestamp, bool) {
	if len(clock) != 8 || clock[2] != ':' || clock[5] != ':' {
		return meter.Timestamp{}, false
	}
	year := twoDigits(date)
	if year < 0 {
		return meter.Timestamp{}, false
	}
	return meter.NewTimestamp(2000+year, twoDigits(date[2:]), twoDigits(date[4:]),
		twoDigits(clock), twoDigits(clock[3:]), twoDigits(clock[6:]), flag)
}

// dlmsClock reads the COSEM date-time octet string (IEC 62056-6-2): year,
// month, day, weekday, hour, minute, second, hundredths, deviation, status;
// bit 7 of the status is summer time.
func dlmsClock(p []byte) (meter.Timestamp, bool) {
	var b [12]int
	for i := range b {
		high, low := hexDigit(p[2*i]), hexDigit(p[2*i+1])
		if high < 0 || low < 0 {
			return meter.Timestamp{}, false
		}
		b[i] = high<<4 | low
	}
	var flag byte
	if b[11] != 0xFF { // not specified
		flag = 'W'
		if b[11]&0x80 != 0 {
			flag = 'S'
		}
	}
	year := b[0]<<8 | b[1]
	if year < 2001 || year > 2099 {
		return meter.Timestamp{}, false
	}
	return meter.NewTimestamp(year, b[2], b[3], b[5], b[6], b[7], flag)
}

func hexDigit(c byte) int {
	switch {
	case c-'0' <= 9:
		return int(c - '0')
	case (c|0x20)-'a' <= 5:
		return int((c|0x20)-'a') + 10
	}
	return -1
}

// twoDigits reads two decimal digits; -100 when they are none.
func twoDigits(p []byte) int {
	high, low := p[0]-'0', p[1]-'0'
	if high > 9 || low > 9 {
		return -100
	}
	return int(high)*10 + int(low)
}

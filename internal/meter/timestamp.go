package meter

import (
	"fmt"
	"time"
)

// Timestamp is a time as the meter prints it: the wall clock and the letter
// that tells standard time (W) from summer time (S), TST of DSMR 5.0.2
// section 6.4. The zero Timestamp means that there is none.
type Timestamp struct {
	wall int64 // seconds since 1970 of the wall clock, read as if it were UTC
	flag byte  // 'S', 'W', or '?' where the meter gives neither
}

// NewTimestamp returns the wall clock year-month-day hour:minute:second with
// its flag 'S', 'W' or 0 (unknown). A wall clock that does not exist (month
// 25 is how a Sagemcom says "never") gives false.
func NewTimestamp(year, month, day, hour, minute, second int, flag byte) (Timestamp, bool) {
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return Timestamp{}, false
	}
	if flag != 'S' && flag != 'W' {
		flag = '?'
	}
	return Timestamp{((daysFromCivil(year, month, day)*24+int64(hour))*60+int64(minute))*60 + int64(second), flag}, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysFromCivil counts days since 1970-01-01, with the year starting in March
// so that the leap day comes last. time.Date does the same and more, at ten
// times the cost, several times a telegram.
func daysFromCivil(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year+year/4-year/100+year/400+(153*(month-3)+2)/5+day-1) - 719468
}

// IsZero reports whether there is no time.
func (t Timestamp) IsZero() bool { return t.flag == 0 }

// Summer reports whether the meter said S; known is false where it said nothing.
func (t Timestamp) Summer() (summer, known bool) {
	return t.flag == 'S', t.flag == 'S' || t.flag == 'W'
}

// Wall returns the wall clock as a time in UTC, for formatting.
func (t Timestamp) Wall() time.Time { return time.Unix(t.wall, 0).UTC() }

// Compare orders by instant where both flags are known (W is behind S by an
// hour at the same wall clock), by wall clock otherwise.
func (t Timestamp) Compare(u Timestamp) int {
	a, b := t.wall, u.wall
	if t.flag == 'S' && u.flag == 'W' {
		a -= 3600
	}
	if t.flag == 'W' && u.flag == 'S' {
		b -= 3600
	}
	switch {
	case t.IsZero() && u.IsZero(), a == b && !t.IsZero() && !u.IsZero():
		return 0
	case t.IsZero(), !u.IsZero() && a < b:
		return -1
	}
	return 1
}

// Time returns the instant. W is the standard offset of the zone, S one hour
// more, whatever the zone's own rules say for that day: Swedish meters send W
// all year, and in October only the letter tells the two hours apart. Without
// a letter the zone's rules decide, and in the doubled hour the candidate
// nearer to the time of receipt.
func (t Timestamp) Time(zone *time.Location, received time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	wall := t.Wall()
	standard := standardOffset(zone, wall.Year())
	switch t.flag {
	case 'S':
		return at(t.wall, standard+3600)
	case 'W':
		return at(t.wall, standard)
	}
	summer, winter := at(t.wall, standard+3600), at(t.wall, standard)
	if !sameWall(summer, zone, t.wall) {
		return winter
	}
	if !sameWall(winter, zone, t.wall) || received.Sub(summer).Abs() < received.Sub(winter).Abs() {
		return summer
	}
	return winter
}

func at(wall int64, offset int) time.Time {
	return time.Unix(wall-int64(offset), 0).In(fixedZone(offset))
}

func sameWall(t time.Time, zone *time.Location, wall int64) bool {
	_, offset := t.In(zone).Zone()
	return t.Unix()+int64(offset) == wall
}

// standardOffset is the smaller of the offsets in January and July, in
// seconds. Time.IsDST cannot serve: the zone database calls Dublin's winter
// the exception.
func standardOffset(zone *time.Location, year int) int {
	_, january := time.Date(year, time.January, 1, 12, 0, 0, 0, time.UTC).In(zone).Zone()
	_, july := time.Date(year, time.July, 1, 12, 0, 0, 0, time.UTC).In(zone).Zone()
	return min(january, july)
}

var fixedZones = func() (zones [27]*time.Location) {
	for i := range zones {
		zones[i] = time.FixedZone("", (i-12)*3600)
	}
	return zones
}()

// fixedZone reuses the whole hours, so that a reading needs no new zone.
func fixedZone(offset int) *time.Location {
	if i := offset/3600 + 12; offset%3600 == 0 && i >= 0 && i < len(fixedZones) {
		return fixedZones[i]
	}
	return time.FixedZone("", offset)
}

// AppendLocal writes the wall clock as 2021-02-26T12:15:24, the form of the
// JSON socket's powerTs.
func (t Timestamp) AppendLocal(dst []byte) []byte {
	return t.Wall().AppendFormat(dst, "2006-01-02T15:04:05")
}

// String is AppendLocal as a string, empty without a time.
func (t Timestamp) String() string {
	if t.IsZero() {
		return ""
	}
	return string(t.AppendLocal(nil))
}

// MarshalText writes the wall clock and its letter, 2021-02-26T12:15:24W; a
// question mark stands where the meter gives no letter.
func (t Timestamp) MarshalText() ([]byte, error) {
	if t.IsZero() {
		return nil, nil
	}
	return append(t.AppendLocal(nil), t.flag), nil
}

// UnmarshalText reads what MarshalText wrote.
func (t *Timestamp) UnmarshalText(text []byte) error {
	*t = Timestamp{}
	if len(text) == 0 {
		return nil
	}
	wall, err := time.Parse("2006-01-02T15:04:05", string(text[:len(text)-1]))
	if err != nil {
		return fmt.Errorf("meter time %q: %w", text, err)
	}
	*t, _ = NewTimestamp(wall.Year(), int(wall.Month()), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), text[len(text)-1])
	return nil
}

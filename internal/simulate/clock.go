package simulate

import "time"

// standardOffset is the zone's offset without summer time, in seconds: the
// smaller of January's and July's. Time.IsDST does not tell it where the zone
// database calls winter the exception.
func standardOffset(zone *time.Location, year int) int {
	_, january := time.Date(year, time.January, 1, 12, 0, 0, 0, time.UTC).In(zone).Zone()
	_, july := time.Date(year, time.July, 1, 12, 0, 0, 0, time.UTC).In(zone).Zone()
	return min(january, july)
}

// standardTime is a zone like the given one, but without summer time.
func standardTime(zone *time.Location, at time.Time) *time.Location {
	return time.FixedZone("", standardOffset(zone, at.Year()))
}

// appendWall writes a time as YYMMDDhhmmss.
func appendWall(dst []byte, t time.Time) []byte {
	return t.AppendFormat(dst, "060102150405")
}

// appendTime writes t as the meter's clock shows it, YYMMDDhhmmssX with X = S
// in summer time, else W (DSMR 5.0.2 section 6.4).
func (w *world) appendTime(dst []byte, t int64) []byte {
	local := time.Unix(t, 0).In(w.clock)
	dst = appendWall(dst, local)
	if _, offset := local.Zone(); offset > standardOffset(w.clock, local.Year()) {
		return append(dst, 'S')
	}
	return append(dst, 'W')
}

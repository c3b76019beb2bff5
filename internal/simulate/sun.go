package simulate

import "time"

// season is what a month is like in the middle of western Europe.
type season struct {
	rise, set int64 // minutes after midnight UTC
	solar     int64 // watts of the panels at noon on a clear day
	heat      int64 // how much there is to heat, percent of January
}

// seasons is the year by month, at the month's first day.
var seasons = [12]season{
	{468, 935, 1300, 100},
	{440, 985, 1900, 90},
	{385, 1035, 2600, 65},
	{313, 1090, 3200, 40},
	{248, 1140, 3500, 15},
	{205, 1185, 3600, 0},
	{205, 1202, 3600, 0},
	{245, 1170, 3500, 0},
	{295, 1110, 3100, 10},
	{345, 1040, 2500, 35},
	{397, 975, 1800, 65},
	{448, 933, 1300, 90},
}

// seasonAt goes from month to month in a straight line.
func seasonAt(t time.Time) season {
	a, b := seasons[t.Month()-1], seasons[t.Month()%12]
	f := int64(t.Day() - 1)
	between := func(a, b int64) int64 { return a + (b-a)*f/31 }
	return season{
		between(a.rise, b.rise), between(a.set, b.set),
		between(a.solar, b.solar), between(a.heat, b.heat),
	}
}

// sun returns what the solar panels give, in watts: a bell over the day with
// clouds before it.
func (h household) sun(t int64) int64 {
	day := t / 86400
	s := seasonAt(time.Unix(t, 0).UTC())
	rise, set := day*86400+s.rise*60, day*86400+s.set*60
	if t <= rise || t >= set {
		return 0
	}
	const one = 1024
	x := (2*t - rise - set) * one / (set - rise) // -1 in the morning, 1 in the evening
	bell := (one*one - x*x) / one
	bright := s.solar * bell / one * bell / one
	cover := int64(mix(h.seed^chanceCover, uint64(day)) % 100) // how cloudy a day it is
	cloud := h.wander(chanceCloud, t, 1800)*3/2 + h.wander(chanceShred, t, 150)/2
	shade := min(max(cloud+cover*20-one, 0), one*7/8)
	return bright * (one - shade) / one
}

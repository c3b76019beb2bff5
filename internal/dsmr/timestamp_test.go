package dsmr

import (
	"testing"
	"time"
)

func TestTimestamp(t *testing.T) {
	for _, test := range []struct {
		in, want string // want is empty for what is no time
		flag     byte
	}{
		{"190514213620S", "2019-05-14T21:36:20", 'S'},
		{"161113205757W", "2016-11-13T20:57:57", 'W'},
		{"150117180000s", "2015-01-17T18:00:00", 'S'}, // Landis+Gyr, DSMR 4.0
		{"220201000000T", "2022-02-01T00:00:00", '?'}, // Hungary
		{"130810180000", "2013-08-10T18:00:00", '?'},  // DSMR 2 and 3
		{"20240111 09:35:00", "2024-01-11T09:35:00", '?'},
		{"19-01-01 00:00:00", "2019-01-01T00:00:00", '?'},
		{"07EA080B0208151900007880", "2026-08-11T08:21:25", 'S'},
		{"07EA010B0208151900003C00", "2026-01-11T08:21:25", 'W'},
		{"07EA010B02081519000000FF", "2026-01-11T08:21:25", '?'},
		// Never.
		{"632525252525W", "", 0}, {"632525252525S", "", 0}, {"35255255255255255S", "", 0},
		{"700101010000W", "", 0}, {"000101000001W", "", 0}, {"000101000000W", "", 0}, {"", "", 0},
		// No time.
		{"1234ABC", "", 0}, {"19051421362S", "", 0}, {"1905142136200", "", 0}, {"260230000000W", "", 0}, {"26013024000W", "", 0},
		{"-10514213620W", "", 0}, {"07EA0D0B0208151900007880", "", 0}, {"0000010B0208151900007880", "", 0}, {"zzEA010B0208151900007880", "", 0},
		{"20240111 09-35-00", "", 0}, {"2x240111 09:35:00", "2024-01-11T09:35:00", '?'},
	} {
		got, ok := ParseTimestamp([]byte(test.in))
		if got.String() != test.want || ok != (test.want != "") {
			t.Errorf("%q: got %q, %v, want %q", test.in, got, ok, test.want)
			continue
		}
		if summer, known := got.Summer(); summer != (test.flag == 'S') || known != (test.flag == 'S' || test.flag == 'W') {
			t.Errorf("%q: summer %v, known %v", test.in, summer, known)
		}
	}
}

// FuzzTimestamp: what is read as a time is a time of this century that the
// standard library knows too.
func FuzzTimestamp(f *testing.F) {
	for _, in := range []string{"190514213620S", "130810180000", "20240111 09:35:00", "19-01-01 00:00:00", "07EA080B0208151900007880", "632525252525W"} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, ok := ParseTimestamp(in)
		if ok == got.IsZero() {
			t.Fatalf("%q: got %q and %v", in, got, ok)
		}
		if !ok {
			return
		}
		parsed, err := time.Parse("2006-01-02T15:04:05", got.String())
		if err != nil || parsed.Year() < 2000 || parsed.Year() > 2099 {
			t.Fatalf("%q: got %q, %v", in, got, err)
		}
	})
}

package source

import "time"

// SerialFrom is Serial in automatic mode, but begins with the mode first and
// hurries: its waits are so many times shorter.
func SerialFrom(device, first string, hurry time.Duration) Port {
	start := 0
	for modes[start].name != first {
		start++
	}
	hurried := pace{usualPace.quiet / hurry, usualPace.long / hurry, usualPace.night / hurry}
	return probing(newProber(device, start, hurried), openTunable)
}

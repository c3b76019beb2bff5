package frame

// BareMatcher returns the match of messages without a framing.
func BareMatcher() func([]byte, bool) Match {
	var a apdus
	return func(p []byte, _ bool) Match { return a.match(p) }
}

package app

import (
	"encoding/json"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/explain"
)

// explained returns what the last telegram means, as JSON.
func explained(last *lastTelegram, lax bool) func() ([]byte, bool) {
	return func() ([]byte, bool) {
		text, ok := last.get()
		if !ok {
			return nil, false
		}
		telegram, ok := explain.Text(text, lax, time.Now())
		if !ok {
			return nil, false
		}
		encoded, err := json.Marshal(telegram)
		return encoded, err == nil
	}
}

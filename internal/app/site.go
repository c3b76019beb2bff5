package app

import (
	"encoding/json"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/explain"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// explained returns what the last telegram means, as JSON, in a language.
func explained(last *lastTelegram, lax bool) func(meter.Language) ([]byte, bool) {
	return func(l meter.Language) ([]byte, bool) {
		text, ok := last.get()
		if !ok {
			return nil, false
		}
		telegram, ok := explain.Text(text, lax, time.Now())
		if !ok {
			return nil, false
		}
		encoded, err := json.Marshal(telegram.In(l))
		return encoded, err == nil
	}
}

// Package retry runs what may fail, and runs it again.
package retry

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Recovered returns what run returns, or its panic as an error. Together with
// Guard it is the program's only recover: every goroutine that the program
// starts is run by one of them, so that no fault in one part ends the others.
func Recovered(run func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = faultOf(cause)
		}
	}()
	return run()
}

// Guard logs a panic of the goroutine that defers it, which then ends well.
func Guard(log *slog.Logger) {
	if cause := recover(); cause != nil {
		log.Error("a part of the program failed; please report this", "cause", faultOf(cause))
	}
}

func faultOf(cause any) error { return fmt.Errorf("panic: %v\n%s", cause, debug.Stack()) }

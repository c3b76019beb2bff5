package web

import (
	"maps"
	"slices"
)

// Paths are the addresses of the API.
func Paths() []string { return slices.Sorted(maps.Keys(new(Server).api())) }

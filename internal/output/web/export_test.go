package web

import (
	"maps"
	"net/http"
	"slices"
)

// Handler answers all requests to the port.
func (s *Server) Handler() http.Handler { return s.handler }

// Paths are the addresses of the API.
func Paths() []string { return slices.Sorted(maps.Keys(new(Server).api())) }

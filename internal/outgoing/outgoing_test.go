package outgoing

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestLongHeaders: a server's headers cost no memory, whatever their length.
func TestLongHeaders(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	}))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Send(NewClient(nil), request, "asking"); err == nil || !strings.HasPrefix(err.Error(), "asking: ") ||
		!strings.Contains(err.Error(), "headers exceeded") {
		t.Errorf("got %v", err)
	}
}

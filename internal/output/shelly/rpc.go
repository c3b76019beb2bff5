package shelly

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	// mostBody bounds a request in bytes; real ones have a hundred.
	mostBody = 8 << 10
	// mostID bounds a request's id in bytes, because it stands in the answer.
	mostID = 64
)

// request is a call of a method, a frame of JSON-RPC.
type request struct {
	ID     json.RawMessage            `json:"id"`
	Source any                        `json:"src"`
	Method string                     `json:"method"`
	Params map[string]json.RawMessage `json:"params"`
}

// parse reads a frame.
func parse(frame []byte) (r request, err error) {
	if len(frame) > mostBody {
		return r, fmt.Errorf("a request is longer than %d bytes", mostBody)
	}
	if err := json.Unmarshal(frame, &r); err != nil {
		return request{}, fmt.Errorf("no JSON-RPC: %w", err)
	}
	if r.Method == "" {
		return request{}, fmt.Errorf("no method in the request")
	}
	if len(r.ID) > mostID || len(r.ID) > 0 && strings.ContainsRune("{[tf", rune(r.ID[0])) {
		return request{}, fmt.Errorf("the request's id is no number and no short text")
	}
	if bytes.Equal(r.ID, []byte("null")) {
		r.ID = nil
	}
	return r, nil
}

// parseQuery reads the parameters of a call by GET. Each is JSON, or else text.
func parseQuery(query url.Values) map[string]json.RawMessage {
	params := make(map[string]json.RawMessage, len(query))
	for name, values := range query {
		value := []byte(values[0])
		if !json.Valid(value) {
			value, _ = json.Marshal(values[0]) // text never fails
		}
		params[name] = value
	}
	return params
}

// source returns who asks, as the request says.
func (r *request) source() string {
	text, _ := r.Source.(string)
	return text[:min(len(text), mostID)]
}

// response is the answer to a request.
type response struct {
	ID          json.RawMessage `json:"id,omitempty"`
	Source      string          `json:"src"`
	Destination string          `json:"dst,omitempty"`
	Result      any             `json:"result,omitempty"`
	Error       *rpcError       `json:"error,omitempty"`
}

// rpcError is why a call fails, as the device says it.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// The codes of errors that a device of this generation knows.
const (
	codeInvalidArgument = -103
	codeNotFound        = -105
	codeUnavailable     = -114
	codeNoMethod        = 404
)

var errUnavailable = &rpcError{codeUnavailable, "There is no fresh reading of the meter"}

// status is what HTTP says of the error.
func (e *rpcError) status() int {
	switch e.Code {
	case codeNoMethod:
		return http.StatusNotFound
	case codeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// component checks the parameter id: there is one component of each kind, with
// the number 0.
func component(params map[string]json.RawMessage) *rpcError {
	text, ok := params["id"]
	if !ok {
		return &rpcError{codeInvalidArgument, "Missing required argument 'id'!"}
	}
	var id int
	switch {
	case json.Unmarshal(text, &id) != nil || string(text) == "null":
		return &rpcError{codeInvalidArgument, "Argument 'id' is not an integer!"}
	case id != 0:
		return &rpcError{codeNotFound, fmt.Sprintf("Argument 'id', value %d not found!", id)}
	}
	return nil
}

package shelly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/gorilla/websocket"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
)

func (s *Server) serveHTTP(ctx context.Context) error {
	defer s.following.Wait()
	return s.options.HTTP.Serve(ctx, s.handler(), s.found())
}

// handler answers over HTTP and web sockets.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /shelly", func(w http.ResponseWriter, r *http.Request) {
		s.reply(w, r, &request{Method: "Shelly.GetDeviceInfo"})
	})
	mux.HandleFunc("GET /rpc/{method}", func(w http.ResponseWriter, r *http.Request) {
		s.reply(w, r, &request{Method: r.PathValue("method"), Params: parseQuery(r.URL.Query())})
	})
	mux.HandleFunc("POST /rpc/{method}", func(w http.ResponseWriter, r *http.Request) {
		body, err := read(w, r)
		call := request{Method: r.PathValue("method")}
		if err == nil && len(bytes.TrimSpace(body)) > 0 {
			err = json.Unmarshal(body, &call.Params)
		}
		if err != nil {
			s.refuse(w, r, call.Method, err)
			return
		}
		s.reply(w, r, &call)
	})
	mux.HandleFunc("POST /rpc", func(w http.ResponseWriter, r *http.Request) {
		body, err := read(w, r)
		var call request
		if err == nil {
			call, err = parse(body)
		}
		if err != nil {
			s.refuse(w, r, "POST", err)
			return
		}
		s.replyFrame(w, r, &call)
	})
	mux.HandleFunc("GET /rpc", func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsWebSocketUpgrade(r) {
			http.NotFound(w, r)
			return
		}
		s.following.Add(1)
		defer s.following.Done()
		s.follow(w, r)
	})
	return mux
}

func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
}

// reply answers with the result alone.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, asked *request) {
	c := s.call(asked)
	result, err := c.answer(asked.Method)
	s.note(emulate.ClientOf(r), asked.Method, c, err)
	if err != nil {
		write(w, err.status(), err)
		return
	}
	write(w, http.StatusOK, result)
}

// replyFrame answers with a frame, which holds errors too. Only a reading that
// is not there is told by HTTP's own status as well: there are clients that look
// at nothing else.
func (s *Server) replyFrame(w http.ResponseWriter, r *http.Request, asked *request) {
	c := s.call(asked)
	answer := s.respond(asked, c, emulate.ClientOf(r))
	status := http.StatusOK
	if answer.Error == errUnavailable {
		status = http.StatusServiceUnavailable
	}
	write(w, status, answer)
}

// respond calls the method and returns the frame of the answer.
func (s *Server) respond(asked *request, c *call, client string) response {
	answer := response{ID: asked.ID, Source: s.device.id(), Destination: asked.source()}
	answer.Result, answer.Error = c.answer(asked.Method)
	s.note(client, asked.Method, c, answer.Error)
	return answer
}

// refuse answers a request that is none.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, what string, err error) {
	status := http.StatusBadRequest
	if _, isLong := errors.AsType[*http.MaxBytesError](err); isLong {
		status = http.StatusRequestEntityTooLarge
	}
	s.meter.Refused(emulate.ClientOf(r), what, err.Error())
	write(w, status, &rpcError{codeInvalidArgument, err.Error()})
}

func write(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil { // nothing here can fail to be written
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	emulate.Send(w, status, body)
}

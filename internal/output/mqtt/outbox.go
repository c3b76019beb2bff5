package mqtt

// outbox collects the messages of one step of the session. They are valid
// until the next one.
type outbox struct {
	messages []message
	buf      []byte // of payloads
}

func (o *outbox) begin() { o.messages, o.buf = o.messages[:0], o.buf[:0] }

func (o *outbox) emit(topic string, payload []byte, qos byte, retain bool) {
	o.messages = append(o.messages, message{topic, payload, qos, retain})
}

// write emits a message with QoS 0 whose payload is appended by write.
func (o *outbox) write(topic string, retain bool, write func(dst []byte) []byte) {
	start := len(o.buf)
	o.buf = write(o.buf)
	o.emit(topic, o.buf[start:len(o.buf):len(o.buf)], 0, retain)
}

// abandon leaves the messages of the last step to whoever still holds them:
// the client, when it could not send them in time.
func (o *outbox) abandon() { o.messages, o.buf = nil, nil }

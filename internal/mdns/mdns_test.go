package mdns

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"
)

// services are those of an emulated Shelly.
var services = []Service{
	{Instance: "shellypro3em-02abcdef0123", Type: "_shelly._tcp", Text: []string{"gen=2", "app=Pro3EM"}, Port: 8082},
	{Instance: "shellypro3em-02abcdef0123", Type: "_http._tcp", Port: 8082},
}

// air is a network within a bubble of synctest.
type air struct {
	mu     sync.Mutex
	joined []string
	sent   []sent
	in     chan packet
	errs   chan error
	list   []link
}

type sent struct {
	at    time.Time
	index int
	to    net.Addr
	dnsmessage.Message
}

func (w *air) join(l link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.joined = append(w.joined, l.Name)
}

func (w *air) look() []link {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.list
}

// is makes these the networks that there are.
func (w *air) is(list ...link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = list
}

func (w *air) packets() <-chan packet { return w.in }
func (w *air) failed() <-chan error   { return w.errs }

func (w *air) send(data []byte, index int, to net.Addr) {
	s := sent{at: time.Now(), index: index, to: to}
	if err := s.Unpack(data); err != nil {
		panic(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, s)
}

// heard takes what was sent since the last call, as text.
func (w *air) heard() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, s := range w.sent {
		fmt.Fprintf(&b, "%d", s.index)
		if s.to != nil {
			fmt.Fprintf(&b, " to %s, id %d", s.to, s.ID)
		}
		b.WriteString(":\n")
		for i, r := range append(s.Answers, s.Additionals...) {
			mark := " "
			if i >= len(s.Answers) {
				mark = "+"
			}
			if r.Header.Class&uniqueBit != 0 {
				mark += "!"
			}
			name := strings.ReplaceAll(r.Header.Name.String(), "shellypro3em-02abcdef0123", "X")
			fmt.Fprintf(&b, " %s%s %d %s\n", mark, name, r.Header.TTL, show(r.Body))
		}
	}
	w.sent = nil
	return b.String()
}

func show(body dnsmessage.ResourceBody) string {
	switch b := body.(type) {
	case *dnsmessage.PTRResource:
		return "PTR " + strings.ReplaceAll(b.PTR.String(), "shellypro3em-02abcdef0123", "X")
	case *dnsmessage.SRVResource:
		return fmt.Sprintf("SRV %d %s", b.Port, strings.ReplaceAll(b.Target.String(), "shellypro3em-02abcdef0123", "X"))
	case *dnsmessage.TXTResource:
		return fmt.Sprintf("TXT %q", b.TXT)
	case *dnsmessage.AResource:
		return "A " + netip.AddrFrom4(b.A).String()
	case *dnsmessage.AAAAResource:
		return "AAAA " + netip.AddrFrom16(b.AAAA).String()
	}
	return body.GoString()
}

func network(index int, addrs ...string) link {
	l := link{Interface: net.Interface{Index: index, Name: fmt.Sprint("eth", index)}}
	for _, a := range addrs {
		p := netip.MustParsePrefix(a)
		l.addrs, l.prefixes = append(l.addrs, p.Addr()), append(l.prefixes, p.Masked())
	}
	return l
}

// inBubble runs a responder on a network.
func inBubble(t *testing.T, o Options, list []link, test func(*testing.T, *air, func())) {
	synctest.Test(t, func(t *testing.T) {
		w := &air{in: make(chan packet), errs: make(chan error), list: list}
		o.Services, o.Log = services, slog.New(slog.DiscardHandler)
		r := newResponder(&o, w)
		r.look = w.look
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.run(ctx) }()
		stop := func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		test(t, w, stop)
	})
}

// ask sends a question; from is host:port. What is known already may follow.
func (w *air) ask(t *testing.T, index int, from, name string, kind dnsmessage.Type, class dnsmessage.Class, known ...dnsmessage.Resource) {
	t.Helper()
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: class}}, Answers: known,
	}
	data, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	w.in <- packet{data, index, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from))}
}

// TestAnnounces: twice on each network, also on one that comes later, and a
// goodbye at the end.
func TestAnnounces(t *testing.T) {
	inBubble(t, Options{Host: "X"}, []link{network(2, "192.168.1.5/24", "fd00::5/64")}, func(t *testing.T, w *air, stop func()) {
		const records = `
  _shelly._tcp.local. 4500 PTR X._shelly._tcp.local.
  !X._shelly._tcp.local. 120 SRV 8082 X.local.
  !X._shelly._tcp.local. 4500 TXT ["gen=2" "app=Pro3EM"]
  _services._dns-sd._udp.local. 4500 PTR _shelly._tcp.local.
  _http._tcp.local. 4500 PTR X._http._tcp.local.
  !X._http._tcp.local. 120 SRV 8082 X.local.
  !X._http._tcp.local. 4500 TXT [""]
  _services._dns-sd._udp.local. 4500 PTR _http._tcp.local.
`
		const own = records + `  !X.local. 120 A 192.168.1.5
  !X.local. 120 AAAA fd00::5
`
		check := func(what, want string) {
			t.Helper()
			if diff := cmp.Diff(want, w.heard()); diff != "" {
				t.Errorf("%s: -want +got:\n%s", what, diff)
			}
		}
		check("at once", "2:"+own)
		time.Sleep(time.Second)
		check("a second later", "2:"+own)
		time.Sleep(time.Hour)
		check("an hour later", "")
		home, other := network(2, "192.168.1.5/24", "fd00::5/64"), network(3, "10.0.0.5/8")
		w.is(home, other)
		time.Sleep(lookEvery)
		check("another network, twice", strings.Repeat("3:"+records+"  !X.local. 120 A 10.0.0.5\n", 2))
		w.is(home)
		time.Sleep(lookEvery)
		w.heard()
		stop()
		bye := strings.NewReplacer(" 4500 ", " 0 ", " 120 ", " 0 ").Replace("2:" + own)
		for _, common := range []string{"_shelly", "_http"} {
			bye = strings.Replace(bye, "  _services._dns-sd._udp.local. 0 PTR "+common+"._tcp.local.\n", "", 1)
		}
		check("goodbye", bye)
		if diff := cmp.Diff([]string{"eth2", "eth3"}, w.joined); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAnswers: who asks what, and who hears the answer.
func TestAnswers(t *testing.T) {
	const (
		near      = "192.168.1.9:5353"
		everybody = "2:\n"
		pointer   = "  _shelly._tcp.local. 4500 PTR X._shelly._tcp.local.\n"
	)
	with := func(list ...string) string { return strings.Join(list, "") }
	extra := ` +!X._shelly._tcp.local. 120 SRV 8082 X.local.
 +!X._shelly._tcp.local. 4500 TXT ["gen=2" "app=Pro3EM"]
 +!X._http._tcp.local. 120 SRV 8082 X.local.
 +!X._http._tcp.local. 4500 TXT [""]
 +!X.local. 120 A 192.168.1.5
`
	known := func(ttl uint32) dnsmessage.Resource {
		return dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: nameOf("_shelly._tcp.local."), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET, TTL: ttl},
			Body:   &dnsmessage.PTRResource{PTR: nameOf("shellypro3em-02abcdef0123._shelly._tcp.local.")},
		}
	}
	for _, test := range []struct {
		what, from, name string
		kind             dnsmessage.Type
		class            dnsmessage.Class
		known            []dnsmessage.Resource
		want             string
	}{
		{"browse", near, "_shelly._tcp.local.", dnsmessage.TypePTR, 1, nil, with(everybody, pointer, extra)},
		{"in capitals", near, "_SHELLY._tcp.Local.", dnsmessage.TypePTR, 1, nil, with(everybody, pointer, extra)},
		{"known already", near, "_shelly._tcp.local.", dnsmessage.TypePTR, 1, []dnsmessage.Resource{known(4000)}, ""},
		{"known for long", near, "_shelly._tcp.local.", dnsmessage.TypePTR, 1, []dnsmessage.Resource{known(2000)}, with(everybody, pointer, extra)},
		{"alone", near, "_shelly._tcp.local.", dnsmessage.TypePTR, 1 | uniqueBit, nil, with("2 to 192.168.1.9:5353, id 0:\n", pointer, extra)},
		{"resolver", "192.168.1.9:40000", "_shelly._tcp.local.", dnsmessage.TypePTR, 1, nil, with("2 to 192.168.1.9:40000, id 7:\n",
			strings.NewReplacer("!", "", "4500", "10", "120", "10").Replace(pointer+extra))},
		{"service", near, "shellypro3em-02abcdef0123._shelly._tcp.local.", dnsmessage.TypeSRV, 1, nil, "SRV 8082"},
		{"anything of the service", near, "shellypro3em-02abcdef0123._shelly._tcp.local.", dnsmessage.TypeALL, 255, nil, "  !X._shelly._tcp.local. 4500 TXT"},
		{"host", near, "shellypro3em-02abcdef0123.local.", dnsmessage.TypeA, 1, nil, "  !X.local. 120 A 192.168.1.5"},
		{"types", near, allTypes, dnsmessage.TypePTR, 1, nil, "PTR _http._tcp.local."},
		{"host's IPv6, which it has not", near, "shellypro3em-02abcdef0123.local.", dnsmessage.TypeAAAA, 1, nil, ""},
		{"another type", near, "_hwenergy._tcp.local.", dnsmessage.TypePTR, 1, nil, ""},
		{"another class", near, "_shelly._tcp.local.", dnsmessage.TypePTR, 3, nil, ""},
		{"from afar", "8.8.8.8:5353", "_shelly._tcp.local.", dnsmessage.TypePTR, 1, nil, ""},
		{"resolver from afar", "8.8.8.8:53", "_shelly._tcp.local.", dnsmessage.TypePTR, 1, nil, ""},
	} {
		inBubble(t, Options{Host: "shellypro3em-02abcdef0123"}, []link{network(2, "192.168.1.5/24")}, func(t *testing.T, w *air, stop func()) {
			time.Sleep(time.Minute / 4)
			w.heard()
			w.ask(t, 2, test.from, test.name, test.kind, test.class, test.known...)
			time.Sleep(mostDelay)
			got := w.heard()
			if strings.HasPrefix(test.want, "2") || test.want == "" {
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s: -want +got:\n%s", test.what, diff)
				}
			} else if !strings.Contains(got, test.want) {
				t.Errorf("%s: %s", test.what, got)
			}
			w.ask(t, 9, test.from, test.name, test.kind, test.class) // on a network that is none
			time.Sleep(mostDelay)
			if got := w.heard(); got != "" {
				t.Errorf("%s, on another network: %s", test.what, got)
			}
			stop()
		})
	}
}

// TestManyQuestions: however many ask, everybody hears the answer once a second.
func TestManyQuestions(t *testing.T) {
	inBubble(t, Options{Host: "X"}, []link{network(2, "192.168.1.5/24")}, func(t *testing.T, w *air, stop func()) {
		time.Sleep(10 * time.Second)
		w.heard()
		for range 1000 {
			w.ask(t, 2, "192.168.1.9:5353", "_shelly._tcp.local.", dnsmessage.TypePTR, 1)
			time.Sleep(10 * time.Millisecond)
		}
		if n := strings.Count(w.heard(), "2:"); n < 8 || n > 10 {
			t.Errorf("%d answers in 10 s", n)
		}
		stop()
	})
}

// TestForeignHost: the name of a machine that tells its addresses itself is
// pointed at, and nothing else; everybody hears all.
func TestForeignHost(t *testing.T) {
	inBubble(t, Options{Host: "homeassistant", IsForeign: true}, []link{network(2, "172.30.33.5/23")}, func(t *testing.T, w *air, stop func()) {
		time.Sleep(10 * time.Second)
		if got := w.heard(); strings.Contains(got, "172.30") || strings.Count(got, "SRV 8082 homeassistant.local.") != 4 {
			t.Errorf("announced: %s", got)
		}
		for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeALL} {
			w.ask(t, 2, "172.30.32.1:5353", "homeassistant.local.", kind, 1)
		}
		time.Sleep(mostDelay)
		if got := w.heard(); got != "" {
			t.Errorf("asked for the machine: %s", got)
		}
		w.ask(t, 2, "172.30.32.1:5353", "_http._tcp.local.", dnsmessage.TypePTR, 1|uniqueBit)
		time.Sleep(mostDelay)
		if got := w.heard(); !strings.HasPrefix(got, "2:\n  _http._tcp.local. 4500 PTR") {
			t.Errorf("asked through a bridge: %s", got)
		}
		stop()
		if got := w.heard(); strings.Contains(got, "homeassistant.local. 0 A") || !strings.Contains(got, "0 SRV") {
			t.Errorf("goodbye: %s", got)
		}
	})
}

// FuzzReceive: whatever comes harms nothing.
func FuzzReceive(f *testing.F) {
	for _, q := range []string{"_shelly._tcp.local.", allTypes, "x."} {
		m := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: nameOf(q), Type: dnsmessage.TypePTR, Class: 1}}}
		data, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &air{list: []link{network(2, "192.168.1.5/24")}}
		r := newResponder(&Options{Services: services, Host: "X", Log: slog.New(slog.DiscardHandler)}, w)
		r.look = w.look
		start := time.Now()
		r.refresh(start)
		for _, from := range []string{"192.168.1.9:5353", "192.168.1.9:99"} {
			r.receive(packet{data, 2, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from))}, start.Add(time.Minute))
		}
		r.flush(start.Add(2 * time.Minute))
		if len(w.sent) > 5 {
			t.Errorf("%d answers", len(w.sent))
		}
	})
}

// TestOnLoopback: over real sockets, found by a question of an ordinary resolver
// and gone after the end.
func TestOnLoopback(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	own := []Service{{Instance: "test-" + fmt.Sprint(time.Now().UnixNano()), Type: "_smtest._tcp", Port: 7}}
	done := make(chan error, 1)
	address := netip.MustParseAddr("127.0.0.77")
	go func() {
		done <- Announce(ctx, Options{Services: own, Host: own[0].Instance, Address: address, Log: slog.New(slog.DiscardHandler)})
	}()
	loopback := links(address)
	if len(loopback) != 1 || loopback[0].Flags&net.FlagLoopback == 0 {
		t.Fatalf("networks of %v: %v", address, loopback)
	}
	conn, err := listen(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.close()
	conn.join(loopback[0])
	question := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: nameOf("_smtest._tcp.local."), Type: dnsmessage.TypePTR, Class: 1}}}
	data, err := question.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for {
		conn.send(data, loopback[0].Index, nil)
		if got := next(t, conn, own[0].Instance); strings.Contains(got, "SRV 7 ") && strings.Contains(got, "A 127.0.0.77") {
			break
		}
	}
	cancel()
	for !strings.Contains(next(t, conn, own[0].Instance), " 0 SRV") {
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// next returns the next message that has the text.
func next(t *testing.T, conn *sockets, text string) string {
	t.Helper()
	patience := time.After(20 * time.Second)
	for {
		select {
		case p := <-conn.packets():
			var m dnsmessage.Message
			if err := m.Unpack(p.data); err != nil || !m.Response {
				continue
			}
			got := ""
			for _, r := range append(m.Answers, m.Additionals...) {
				got += fmt.Sprintf("%s %d %s\n", r.Header.Name, r.Header.TTL, show(r.Body))
			}
			if strings.Contains(got, text) {
				return got
			}
		case <-patience:
			t.Fatal("nothing is heard")
		}
	}
}

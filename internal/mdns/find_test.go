package mdns

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// answered is a message with the records of services.
func answered(t *testing.T, o Options, addrs ...string) []byte {
	t.Helper()
	var list []netip.Addr
	for _, a := range addrs {
		list = append(list, netip.MustParseAddr(a))
	}
	m := message(o.records(list))
	data, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSearch: services are found with their machine's address, in whatever order
// they are told, and others are left out.
func TestSearch(t *testing.T) {
	p1 := Service{Instance: "p1meter-ABCDEF", Type: "_hwenergy._tcp", Text: []string{"product_type=HWE-P1"}, Port: 80}
	socket := Service{Instance: "energysocket-1", Type: "_hwenergy._tcp", Text: []string{"product_type=HWE-SKT"}, Port: 80}
	shelly := Service{Instance: "shellypro3em-1", Type: "_shelly._tcp", Port: 80}
	s := search{kind: "_hwenergy._tcp.local.", services: make(map[string]*Found), hosts: make(map[string]netip.Addr)}
	s.hear(answered(t, Options{Host: "P1", Services: []Service{p1, shelly}}, "fe80::1", "192.168.1.20", "fd00::1"))
	s.hear(answered(t, Options{Host: "plug", Services: []Service{socket}, IsForeign: true}))
	s.hear([]byte("no DNS"))
	question := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: nameOf("x.local."), Type: dnsmessage.TypePTR, Class: 1}}}
	data, err := question.Pack()
	if err != nil {
		t.Fatal(err)
	}
	s.hear(data)
	want := "[{energysocket-1 plug.local. invalid IP 80 [product_type=HWE-SKT]} {p1meter-ABCDEF P1.local. 192.168.1.20 80 [product_type=HWE-P1]}]"
	if got := fmt.Sprint(s.found()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for i := range 1000 {
		own := Service{Instance: fmt.Sprint("fake-", i), Type: "_hwenergy._tcp", Port: 1}
		s.hear(answered(t, Options{Host: fmt.Sprint("fake-", i), Services: []Service{own}}, "10.0.0.1"))
	}
	if len(s.services) > maxFound || len(s.hosts) > maxFound {
		t.Errorf("%d services and %d machines are remembered", len(s.services), len(s.hosts))
	}
}

// TestFindOnLoopback: what is announced is found, over real sockets.
func TestFindOnLoopback(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	name := "find-" + fmt.Sprint(time.Now().UnixNano())
	own := []Service{{Instance: name, Type: "_smfind._tcp", Text: []string{"a=b"}, Port: 7}}
	address := netip.MustParseAddr("127.0.0.78")
	done := make(chan error, 1)
	go func() {
		done <- Announce(ctx, Options{Services: own, Host: name, Address: address, Log: slog.New(slog.DiscardHandler)})
	}()
	loopback := links(address)
	if len(loopback) != 1 || loopback[0].Flags&net.FlagLoopback == 0 {
		t.Fatalf("networks of %v: %v", address, loopback)
	}
	want := fmt.Sprintf("{%s %s.local. 127.0.0.78 7 [a=b]}", name, name)
	for begin, seen := time.Now(), false; !seen; {
		sockets, err := listen(slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		short, end := context.WithTimeout(ctx, 2*time.Second)
		got := find(short, sockets, loopback, "_smfind._tcp")
		end()
		sockets.close()
		for _, f := range got {
			seen = seen || fmt.Sprint(f) == want
		}
		if !seen && time.Since(begin) > 20*time.Second {
			t.Fatalf("found %v, want %s", got, want)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// FuzzSearch: no packet breaks it.
func FuzzSearch(f *testing.F) {
	m := message((&Options{Host: "p1", Services: []Service{{Instance: "a", Type: "_b._tcp", Port: 1}}}).records([]netip.Addr{netip.MustParseAddr("10.0.0.1")}))
	data, err := m.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := search{kind: "_b._tcp.local.", services: make(map[string]*Found), hosts: make(map[string]netip.Addr)}
		s.hear(data)
		if len(s.found()) > maxFound {
			t.Error("too many are found")
		}
	})
}

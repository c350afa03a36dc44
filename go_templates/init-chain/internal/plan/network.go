package plan

import (
	"fmt"
	"net"
	"os"
	"time"
)

// waitForNetwork reads from a connection to a listener of its own, which answers when length has passed: by a goroutine, so
// that this init can end only if goroutines run while it waits.
func waitForNetwork() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	launch(func() {
		server, err := listener.Accept()
		check(err)
		defer server.Close()
		time.Sleep(time.Duration(*length))
		_, err = server.Write([]byte{1})
		check(err)
	})
	client, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	defer client.Close()
	_, err = client.Read(make([]byte, 1))
	check(err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "init-chain:", err)
		os.Exit(1)
	}
}

// Command probe does one thing at a time, so that a test can see what a container lets it do.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

func main() {
	switch what, args := os.Args[1], os.Args[2:]; what {
	case "echo": // an agent: answers each line, ends with its input
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			fmt.Println("got", lines.Text())
		}
	case "end": // an agent that does not like its start
		fmt.Fprintln(os.Stderr, "last words")
		os.Exit(3)
	case "deaf": // an agent that does not see the end of its input
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "say":
		fmt.Println("said")
		fmt.Fprintln(os.Stderr, "cried")
		code, _ := strconv.Atoi(args[0])
		os.Exit(code)
	case "copy":
		content, err := os.ReadFile(args[0])
		if err == nil {
			err = os.WriteFile(args[1], content, 0o644)
		}
		report(err)
	case "write":
		for _, path := range args {
			err := os.WriteFile(path, nil, 0o644)
			fmt.Println(path, err == nil)
		}
	case "environment":
		fmt.Println(strings.Join(os.Environ(), "\n"))
	case "interfaces":
		found, err := net.Interfaces()
		for _, each := range found {
			fmt.Println(each.Name)
		}
		report(err)
	case "status":
		content, err := os.ReadFile("/proc/self/status")
		fmt.Print(string(content))
		report(err)
	case "touch": // as many MiB
		count, _ := strconv.Atoi(args[0])
		held := make([]byte, count<<20)
		for at := 0; at < len(held); at += 4096 {
			held[at] = 1
		}
		fmt.Println("touched", len(held))
	case "start": // as many processes, until it is refused
		count, _ := strconv.Atoi(args[0])
		for number := range count {
			if err := exec.Command("/proc/self/exe", "deaf").Start(); err != nil {
				fmt.Println("refused after", number)
				return
			}
		}
	}
}

func report(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// toolsFolder is the variable by which a driver that go build starts in place of a tool knows that it is one, and where to write.
const toolsFolder = "LAB_HELLO_TOOLS"

const (
	usageFile  = "usage"
	phasesFile = "phases"
	linkFile   = "link"
)

// usage is the CPU time of one run of a tool, in nanoseconds.
type usage struct {
	Tool string
	CPU  int64
}

// asTool runs one of Go's tools (argv[0] is its path) and writes down what it took; its exit code.
func asTool(folder string, argv []string) int {
	if len(argv) < 1 {
		fmt.Fprintf(os.Stderr, "hello-static: %s is set, and no tool is named\n", toolsFolder)
		return 2
	}
	tool, arguments := filepath.Base(argv[0]), argv[1:]
	if len(arguments) == 1 && arguments[0] == "-V=full" { // go build asks who it is: no work
		err := syscall.Exec(argv[0], argv, os.Environ())
		fmt.Fprintf(os.Stderr, "hello-static: %s: %v\n", argv[0], err)
		return 1
	}
	command := exec.Command(argv[0])
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	switch tool {
	case "compile":
		profile := filepath.Join(folder, strconv.Itoa(os.Getpid())+".profile")
		command.Args = append(command.Args, "-cpuprofile="+profile, "-bench="+filepath.Join(folder, phasesFile))
	case "link":
		command.Args = append(command.Args, "-benchmark=cpu")
		file, err := os.Create(filepath.Join(folder, linkFile))
		if err != nil {
			fmt.Fprintf(os.Stderr, "hello-static: %v\n", err)
			return 1
		}
		defer file.Close()
		command.Stdout = file
	}
	command.Args = append(command.Args, arguments...)
	err := command.Run()
	if command.ProcessState == nil {
		fmt.Fprintf(os.Stderr, "hello-static: %s: %v\n", argv[0], err)
		return 1
	}
	cpu := int64(command.ProcessState.UserTime() + command.ProcessState.SystemTime())
	if err := writeDown(folder, usage{Tool: tool, CPU: cpu}); err != nil {
		fmt.Fprintf(os.Stderr, "hello-static: %v\n", err)
		return 1
	}
	return command.ProcessState.ExitCode()
}

// writeDown appends one line; a single short write is not mixed with another's.
func writeDown(folder string, found usage) error {
	line, err := json.Marshal(found)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(folder, usageFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(append(line, '\n'))
	return err
}

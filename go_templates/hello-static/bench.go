package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"${ module }/internal/lab"
)

// leastSpace is what the most demanding mode leaves in its folder, and somewhat more: 110 MiB with Go 1.27.
const leastSpace = 192 << 20

// programs are one line each; what they import decides what is linked.
var programs = map[string]string{
	"none": "package main\n\nfunc main() { println(\"hello, world\") }\n",
	"fmt":  "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello, world\") }\n",
	"user": "package main\n\nimport _ \"os/user\"\n\nfunc main() { println(\"hello, world\") }\n",
	"net":  "package main\n\nimport _ \"net\"\n\nfunc main() { println(\"hello, world\") }\n",
}

// bench is a folder of its own with a program, a cache and a Go release to build it with.
type bench struct {
	goroot string
	folder string
	path   string // where the release's programs find others
}

// failure ends the work on a bench from anywhere in it.
type failure struct{ error }

func fail(format string, values ...any) { panic(failure{fmt.Errorf(format, values...)}) }

func check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// newBench makes a bench in the current folder, which has to have room for it.
func newBench() (*bench, error) {
	goroot, err := findRelease()
	if err != nil {
		return nil, err
	}
	var space syscall.Statfs_t
	if err := syscall.Statfs(".", &space); err != nil {
		return nil, err
	}
	if free := int64(space.Bavail) * space.Bsize; free < leastSpace {
		return nil, fmt.Errorf("its folder has %d MiB left, a build needs %d: give it more room", free>>20, leastSpace>>20)
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(here, "hello-static-")
	if err != nil {
		return nil, err
	}
	return &bench{goroot: goroot, folder: folder, path: filepath.Join(goroot, "bin")}, nil
}

// findRelease gives the root of the Go release to build with: the one that the lab laid, or by hand the one in PATH.
func findRelease() (string, error) {
	goroot := os.Getenv("LAB_GOROOT")
	if goroot == "" {
		said, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			return "", errors.New("no Go release to build with: LAB_GOROOT names none, and there is no go in PATH")
		}
		goroot = strings.TrimSpace(string(said))
	}
	if _, err := os.Stat(filepath.Join(goroot, "bin", "go")); err != nil {
		return "", fmt.Errorf("LAB_GOROOT is no Go release: %w", err)
	}
	return goroot, nil
}

// carryOut runs the work and clears the bench, however it ends.
func (b *bench) carryOut(run func(*bench)) (err error) {
	defer func() {
		if removed := os.RemoveAll(b.folder); err == nil {
			err = removed
		}
	}()
	defer func() {
		if caught := recover(); caught != nil {
			found, ok := caught.(failure)
			if !ok {
				panic(caught)
			}
			err = found.error
		}
	}()
	for _, name := range []string{"source", "cache", "tmp", "out"} {
		check(os.Mkdir(b.at(name), 0o755))
	}
	b.lay("go.mod", "module hello\n\ngo "+goLine+"\n")
	run(b)
	return nil
}

func (b *bench) at(name ...string) string {
	return filepath.Join(append([]string{b.folder}, name...)...)
}

func (b *bench) lay(name, content string) {
	check(os.WriteFile(b.at("source", name), []byte(content), 0o644))
}

// environment is all that the build gets: nothing of the user's settings, and no network.
func (b *bench) environment(more ...string) []string {
	return append([]string{
		"GOCACHE=" + b.at("cache"),
		"GOENV=off",
		"GOFLAGS=-mod=mod",
		"GOPATH=" + b.at("tmp", "gopath"),
		"GOPROXY=off",
		"GOTELEMETRY=off",
		"GOTOOLCHAIN=local",
		"HOME=" + b.at("tmp"),
		"LC_ALL=C",
		"PATH=" + b.path,
		"TMPDIR=" + b.at("tmp"),
	}, more...)
}

// action is a step of a build as -debug-actiongraph tells of it (cmd/go/internal/work/action.go: actionJSON).
type action struct {
	Mode, Package            string
	Cmd                      []string
	CmdReal, CmdUser, CmdSys time.Duration
}

// done is one run of go build: how long it took, the CPU time of it and all that it started, and its steps.
type done struct {
	wall, cpu int64
	actions   []action
}

// commands counts the programs that the build started.
func (d done) commands() (n int64) {
	for _, each := range d.actions {
		n += int64(len(each.Cmd))
	}
	return n
}

// tools is the CPU time of those programs.
func (d done) tools() (sum int64) {
	for _, each := range d.actions {
		sum += int64(each.CmdUser + each.CmdSys)
	}
	return sum
}

// took is how long the commands of one step took.
func (d done) took(mode, pkg string) int64 {
	for _, each := range d.actions {
		if each.Mode == mode && each.Package == pkg {
			return int64(each.CmdReal)
		}
	}
	fail("the build's action graph has no step %s of %s", mode, pkg)
	return 0
}

// goBuild builds the program as the file out/NAME.
func (b *bench) goBuild(name string, environment []string, flags ...string) done {
	graph := b.at("tmp", "graph.json")
	arguments := append([]string{"build", "-debug-actiongraph=" + graph, "-o", b.at("out", name)}, flags...)
	command := exec.Command(filepath.Join(b.goroot, "bin", "go"), append(arguments, ".")...)
	command.Dir = b.at("source")
	command.Env = b.environment(environment...)
	start := lab.Now()
	said, err := command.CombinedOutput()
	found := done{wall: lab.Now() - start}
	if err != nil {
		fail("go build: %v\n%s", err, ending(said))
	}
	found.cpu = int64(command.ProcessState.UserTime() + command.ProcessState.SystemTime())
	read, err := os.ReadFile(graph)
	check(err)
	check(json.Unmarshal(read, &found.actions))
	return found
}

func ending(said []byte) string {
	const shown = 2000
	if len(said) > shown {
		said = said[len(said)-shown:]
	}
	return strings.TrimSpace(string(said))
}

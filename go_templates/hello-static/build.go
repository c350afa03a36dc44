package main

import (
	"os"
	"os/exec"
	"strings"

	"${ module }/internal/lab"
)

// native is the target for which neither GOOS nor GOARCH is set.
const native = "native"

// rounds is how often a build with nothing to do is measured: it takes a tenth of a second.
const rounds = 5

// build measures a cold build, builds with nothing to do, and one after an edit; and looks at what was made.
func build(b *bench) {
	b.lay("main.go", programs[*imports])
	var setting []string
	if *target != native {
		goos, goarch, _ := strings.Cut(*target, "_")
		setting = []string{"GOOS=" + goos, "GOARCH=" + goarch}
	}
	cold := b.goBuild("hello", setting)
	lab.Observe("build_cold_ns", cold.wall)
	lab.Observe("build_cold_cpu_ns", cold.cpu)
	lab.Observe("go_cold_cpu_ns", cold.cpu-cold.tools())
	lab.Observe("cold_commands", cold.commands())
	lab.Observe("runtime_compile_ns", cold.took("build", "runtime"))
	lab.Observe("link_ns", cold.took("link", "hello"))
	made, err := os.ReadDir(b.at("out"))
	check(err)
	lab.Observe("files_made", int64(len(made)))
	for range rounds {
		cached := b.goBuild("hello", setting)
		lab.Observe("build_cached_ns", cached.wall)
		lab.Observe("cached_commands", cached.commands())
	}
	lab.Observe("size_bytes", b.size("hello"))
	b.goBuild("without-dwarf", setting, "-ldflags=-w")
	lab.Observe("size_without_dwarf_bytes", b.size("without-dwarf"))
	b.goBuild("stripped", setting, "-ldflags=-s -w")
	lab.Observe("size_stripped_bytes", b.size("stripped"))
	b.lay("main.go", strings.Replace(programs[*imports], "world", "again", 1))
	edited := b.goBuild("edited", setting)
	lab.Observe("build_edited_ns", edited.wall)
	lab.Observe("edited_commands", edited.commands())

	if *target != native {
		observe("is_of_target", formats[*target](b.at("out", "hello")))
		return
	}
	lookInto(b.at("out", "hello"), "")
	observe("runs", b.says("hello") == "hello, world")
	lab.Observe("runtime_functions", symbols(b.at("out", "hello")))
	lab.Observe("stripped_runtime_functions", functions(b.at("out", "stripped")))
}

func (b *bench) size(name string) int64 {
	found, err := os.Stat(b.at("out", name))
	check(err)
	return found.Size()
}

// says is what a program prints that is started with no environment, in an empty folder.
func (b *bench) says(name string) string {
	command := exec.Command(b.at("out", name))
	command.Dir = b.at("tmp")
	command.Env = []string{}
	said, err := command.CombinedOutput()
	check(err)
	return strings.TrimSpace(string(said))
}

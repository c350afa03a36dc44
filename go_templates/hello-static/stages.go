package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"${ module }/internal/lab"
)

// stages builds cold with a tool of ours before each of Go's (asTool), which has the compiler profile itself.
//
// The compiler's own timing (-bench) cannot tell lexing and parsing from the type check and the making of its intermediate
// form: all of that is its phase fe:parse. Where its CPU time goes is told by the functions on the stack of each sample.
func stages(b *bench) {
	b.lay("main.go", programs[*imports])
	self, err := os.Executable()
	check(err)
	folder := b.at("tools")
	check(os.Mkdir(folder, 0o755))
	cold := b.goBuild("hello", []string{toolsFolder + "=" + folder}, "-toolexec="+self)
	lab.Observe("build_watched_ns", cold.wall)
	lab.Observe("build_watched_cpu_ns", cold.cpu)

	spent := map[string]int64{}
	tools, compiled := spentByTools(folder)
	profiles, err := filepath.Glob(filepath.Join(folder, "*.profile"))
	check(err)
	sampled := int64(0)
	for _, path := range profiles {
		found, err := readProfile(path)
		check(err)
		for _, each := range found {
			spent[stageOf(each.stack)] += each.cpu
			sampled += each.cpu
		}
	}
	lab.Observe("packages_compiled", compiled)
	lab.Observe("compile_cpu_ns", tools["compile"])
	lab.Observe("compile_sampled_ns", sampled)
	lab.Observe("lex_ns", spent["lex"])
	spent["syntax"] = spent["parse"] + spent["lex"] // the parser asks for each token when it wants it: no pass of its own
	spent["assemble"] = tools["asm"]
	spent["link"] = tools["link"]
	own := cold.cpu
	for _, cpu := range tools {
		own -= cpu
	}
	spent["go"] = own
	for _, stage := range allStages {
		lab.Observe("stage_"+stage+"_ns", spent[stage])
	}
	phases := readPhases(filepath.Join(folder, phasesFile), "BenchmarkCompile:")
	observePhases("compile_", compilePhases, phases)
	lab.Observe("compile_hello_ns", phases["main:total"])
	observePhases("link_", linkPhases, readPhases(filepath.Join(folder, linkFile), "Benchmark"))
}

// allStages are those of a build: the compiler's (see stageOf), and other programs'.
var allStages = []string{
	"syntax", "typecheck", "ir", "optimise", "codegen", "object", "collect", "rest", "assemble", "link", "go",
}

// places say of the compiler's functions which stage they belong to; of a stack, the first place that any of its frames fits.
// They hold from Go 1.22 on (cmd/compile/internal/gc/main.go: Main).
var places = []struct{ function, stage string }{
	{"runtime.gcBgMarkWorker", "collect"},
	{"runtime.bgsweep", "collect"},
	{"cmd/compile/internal/gc.dumpobj", "object"},
	{"cmd/compile/internal/gc.dumpdata", "object"},
	{"cmd/compile/internal/noder.checkFiles", "typecheck"},
	{"cmd/compile/internal/syntax.(*scanner)", "lex"},
	{"cmd/compile/internal/syntax.(*source)", "lex"},
	{"cmd/compile/internal/syntax.", "parse"},
	{"cmd/compile/internal/ssa.Compile", "optimise"},
	{"cmd/compile/internal/ssagen.genssa", "codegen"},
	{"cmd/internal/obj.Flushplist", "codegen"},
	{"cmd/compile/internal/inline", "optimise"},
	{"cmd/compile/internal/devirtualize.", "optimise"},
	{"cmd/compile/internal/escape.", "optimise"},
	{"cmd/compile/internal/ssagen.buildssa", "ir"},
	{"cmd/compile/internal/walk.", "ir"},
	{"cmd/compile/internal/noder.", "ir"},
	{"cmd/compile/internal/gc.prepareFunc", "ir"},
}

func stageOf(stack []string) string {
	for _, place := range places {
		for _, function := range stack {
			if strings.HasPrefix(function, place.function) {
				return place.stage
			}
		}
	}
	return "rest"
}

// spentByTools sums up the CPU time of Go's tools, and counts the packages that were compiled.
func spentByTools(folder string) (cpu map[string]int64, compiled int64) {
	file, err := os.Open(filepath.Join(folder, usageFile))
	check(err)
	defer file.Close()
	cpu = map[string]int64{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var each usage
		check(json.Unmarshal(lines.Bytes(), &each))
		cpu[each.Tool] += each.CPU
		if each.Tool == "compile" {
			compiled++
		}
	}
	return cpu, compiled
}

// phase is one of a tool's own, as its timing calls it, and the name under which it is observed.
type phase struct{ own, name string }

var (
	compilePhases = []phase{
		{"fe:parse", "parse_to_ir"},
		{"fe:devirtualize-and-inline", "inline"},
		{"fe:escapes", "escape"},
		{"be:compilefuncs", "functions"},
		{"be:dumpobj", "object"},
	}
	linkPhases = []phase{
		{"Loadlib", "load"},
		{"Deadcode", "deadcode"},
		{"Dwarfcompress", "dwarfcompress"},
		{"Asmb", "write"},
		{"TotalTime", "total"},
	}
)

// observePhases sums each phase up over all that was compiled or linked.
func observePhases(prefix string, wanted []phase, found map[string]int64) {
	for _, each := range wanted {
		sum, is := int64(0), false
		for name, took := range found {
			if name == each.own || strings.HasSuffix(name, ":"+each.own) {
				sum, is = sum+took, true
			}
		}
		if !is {
			fail("this release's tools have no phase %s", each.own)
		}
		lab.Observe(prefix+each.name+"_ns", sum)
	}
}

// readPhases reads lines such as "BenchmarkCompile:runtime:fe:parse 1 539917187 ns/op 17.27 %".
func readPhases(path, prefix string) map[string]int64 {
	content, err := os.ReadFile(path)
	check(err)
	found := map[string]int64{}
	for _, line := range strings.Split(string(content), "\n") {
		words := strings.Fields(line)
		if len(words) < 4 || words[3] != "ns/op" || !strings.HasPrefix(words[0], prefix) {
			continue
		}
		took, err := strconv.ParseInt(words[2], 10, 64)
		check(err)
		found[strings.TrimPrefix(words[0], prefix)] += took
	}
	return found
}

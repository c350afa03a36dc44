package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// A sample belongs to the innermost work that the table knows, whatever called it.
func TestStageOf(t *testing.T) {
	const compiler = "cmd/compile/internal/"
	load := []string{compiler + "noder.writePkgStub", compiler + "noder.LoadPackage", compiler + "gc.Main", "main.main"}
	on := func(stack []string, top ...string) []string { return append(top, stack...) }
	for _, each := range []struct {
		stage string
		stack []string
	}{
		{"ir", load},
		{"typecheck", on(load, compiler+"types2.(*Checker).expr", compiler+"noder.checkFiles")},
		{"typecheck", on(load, compiler+"syntax.Unparen", compiler+"types2.(*Checker).expr", compiler+"noder.checkFiles")},
		{"parse", []string{compiler + "syntax.(*parser).expr", compiler + "syntax.Parse", compiler + "noder.LoadPackage.func1.1"}},
		{"lex", []string{compiler + "syntax.(*scanner).next", compiler + "syntax.(*parser).expr", compiler + "syntax.Parse"}},
		{"optimise", []string{compiler + "ssa.regalloc", compiler + "ssa.Compile", compiler + "ssagen.buildssa", compiler + "ssagen.Compile"}},
		{"ir", []string{compiler + "ssagen.(*state).stmt", compiler + "ssagen.buildssa", compiler + "ssagen.Compile"}},
		{"codegen", []string{"cmd/internal/obj/x86.span6", "cmd/internal/obj.Flushplist", compiler + "objw.(*Progs).Flush"}},
		{"optimise", []string{compiler + "noder.unifiedInlineCall", compiler + "inline.TryInlineCall"}},
		{"object", []string{compiler + "noder.WriteExports", compiler + "gc.dumpobj1", compiler + "gc.dumpobj"}},
		{"collect", []string{"runtime.scanobject", "runtime.gcDrain", "runtime.gcBgMarkWorker"}},
		{"rest", []string{"runtime.futex", "runtime.mcall"}},
		{"rest", nil},
	} {
		if got := stageOf(each.stack); got != each.stage {
			t.Errorf("%v: %s, not %s", each.stack, got, each.stage)
		}
	}
}

// A profile of one sample of two functions, one inlined in the other, 10 ms; cut off anywhere it is refused, or says less.
func TestReadProfile(t *testing.T) {
	content := []byte{}
	add := func(tag byte, inner ...byte) { content = append(append(content, tag<<3|2, byte(len(inner))), inner...) }
	add(6)                                                  // string 0: empty
	add(6, 'i', 'n')                                        // string 1
	add(6, 'o', 'u', 't')                                   // string 2
	add(5, 1<<3, 7, 2<<3, 1)                                // function 7: in
	add(5, 1<<3, 8, 2<<3, 2)                                // function 8: out
	add(4, 1<<3, 3, 4<<3|2, 2, 1<<3, 7, 4<<3|2, 2, 1<<3, 8) // location 3: in, inlined in out
	add(2, 1<<3|2, 1, 3, 2<<3|2, 5, 1, 0x80, 0xad, 0xe2, 4) // sample: location 3; 1, 10000000
	want := []sample{{stack: []string{"in", "out"}, cpu: 10_000_000}}

	if got, err := readProfile(packed(t, content)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for end := range content {
		if got, err := readProfile(packed(t, content[:end])); err == nil && len(got) > 0 {
			t.Errorf("cut off after %d bytes it is %v", end, got)
		}
	}
}

func packed(t *testing.T, content []byte) string {
	t.Helper()
	var buffer bytes.Buffer
	packing := gzip.NewWriter(&buffer)
	if _, err := packing.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := packing.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "profile")
	if err := os.WriteFile(path, buffer.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Both tools' lines are read, other text is not.
func TestReadPhases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phases")
	text := "commit: go1.27\nBenchmarkCompile:a/b:fe:parse  1  20 ns/op  1.00 %  3 lines\nBenchmarkCompile:main:fe:parse  1  22 ns/op  1 %\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{"a/b:fe:parse": 20, "main:fe:parse": 22}
	if got := readPhases(path, "BenchmarkCompile:"); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// A file is of its target by its header alone, and a text is of none.
func TestFormats(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	wasm, text := filepath.Join(t.TempDir(), "wasm"), filepath.Join(t.TempDir(), "text")
	for path, content := range map[string]string{wasm: "\x00asm\x01\x00\x00\x00rest", text: "MZ: hello"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for target, is := range formats {
		found := []bool{is(self), is(wasm), is(text), is(filepath.Join(t.TempDir(), "none"))}
		elf := target == "linux_amd64"
		module := target == "js_wasm" || target == "wasip1_wasm"
		if want := []bool{elf, module, false, false}; !reflect.DeepEqual(found, want) {
			t.Errorf("%s: %v, not %v", target, found, want)
		}
	}
}

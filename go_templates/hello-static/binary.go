package main

import (
	"bytes"
	"debug/elf"
	"debug/gosym"
	"debug/macho"
	"debug/pe"
	"os"

	"${ module }/internal/lab"
)

// inside is what the claim says is in every binary: the runtime's start, its scheduler, its allocator and its collector.
var inside = []string{"runtime.schedinit", "runtime.schedule", "runtime.mallocgc", "runtime.gcStart"}

// formats say, by target, whether a file is a program for it.
var formats = map[string]func(string) bool{
	"darwin_amd64":  isMachO(macho.CpuAmd64),
	"darwin_arm64":  isMachO(macho.CpuArm64),
	"freebsd_amd64": isELF(elf.EM_X86_64, elf.ELFOSABI_FREEBSD),
	"js_wasm":       isWasm,
	"linux_386":     isELF(elf.EM_386, elf.ELFOSABI_NONE),
	"linux_amd64":   isELF(elf.EM_X86_64, elf.ELFOSABI_NONE),
	"linux_arm64":   isELF(elf.EM_AARCH64, elf.ELFOSABI_NONE),
	"linux_riscv64": isELF(elf.EM_RISCV, elf.ELFOSABI_NONE),
	"wasip1_wasm":   isWasm,
	"windows_amd64": isPE(pe.IMAGE_FILE_MACHINE_AMD64),
	"windows_arm64": isPE(pe.IMAGE_FILE_MACHINE_ARM64),
}

func isELF(machine elf.Machine, system elf.OSABI) func(string) bool {
	return func(path string) bool {
		file, err := elf.Open(path)
		if err != nil {
			return false
		}
		defer file.Close()
		return file.Machine == machine && file.OSABI == system && (file.Type == elf.ET_EXEC || file.Type == elf.ET_DYN)
	}
}

func isPE(machine uint16) func(string) bool {
	return func(path string) bool {
		file, err := pe.Open(path)
		if err != nil {
			return false
		}
		defer file.Close()
		return file.Machine == machine && file.Characteristics&pe.IMAGE_FILE_EXECUTABLE_IMAGE != 0
	}
}

func isMachO(cpu macho.Cpu) func(string) bool {
	return func(path string) bool {
		file, err := macho.Open(path)
		if err != nil {
			return false
		}
		defer file.Close()
		return file.Cpu == cpu && file.Type == macho.TypeExec
	}
}

// isWasm looks for the magic number and version 1 of the binary format.
func isWasm(path string) bool {
	content, err := os.ReadFile(path)
	return err == nil && bytes.HasPrefix(content, []byte("\x00asm\x01\x00\x00\x00"))
}

// lookInto observes what makes an ELF file dynamic: the loader that it asks for, and the libraries that it needs.
func lookInto(path, prefix string) {
	file, err := elf.Open(path)
	check(err)
	defer file.Close()
	asks := false
	for _, program := range file.Progs {
		asks = asks || program.Type == elf.PT_INTERP
	}
	needed, err := file.ImportedLibraries()
	check(err)
	observe(prefix+"asks_for_loader", asks)
	lab.Observe(prefix+"needed_libraries", int64(len(needed)))
}

// symbols counts what of the runtime is in the symbol table.
func symbols(path string) (n int64) {
	file, err := elf.Open(path)
	check(err)
	defer file.Close()
	listed, err := file.Symbols()
	check(err)
	names := map[string]bool{}
	for _, each := range listed {
		names[each.Name] = true
	}
	return count(func(name string) bool { return names[name] })
}

// functions counts the same in the table by which the runtime finds its own functions: no flag takes that away.
func functions(path string) int64 {
	file, err := elf.Open(path)
	check(err)
	defer file.Close()
	if _, err := file.Symbols(); err == nil {
		fail("-ldflags='-s -w' left a symbol table")
	}
	text, lines := file.Section(".text"), file.Section(".gopclntab")
	if text == nil || lines == nil {
		fail("the binary has no .text or no .gopclntab")
	}
	content, err := lines.Data()
	check(err)
	table, err := gosym.NewTable(nil, gosym.NewLineTable(content, text.Addr))
	check(err)
	return count(func(name string) bool { return table.LookupFunc(name) != nil })
}

func count(has func(string) bool) (n int64) {
	for _, name := range inside {
		if has(name) {
			n++
		}
	}
	return n
}

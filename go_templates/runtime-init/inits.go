package main

import (
	"runtime"
	_ "unsafe" // for linkname

	"${ module }/internal/lab"
)

const most = 1024

// packages are those whose inits ran, in that order, the runtime's own among them; count is how many there are.
//
//go:linkname packages runtime.golabPackages
var packages [most]struct {
	pc         uintptr
	start, end int64
}

//go:linkname count runtime.golabCount
var count int64

// observeInits says how long each package's inits took, and what these are together, by what they are of.
func observeInits() {
	var all, std, own, tls int64
	for _, p := range packages[:min(int(count), most)] {
		name := packageOf(runtime.FuncForPC(p.pc).Name())
		took := p.end - p.start
		lab.Observe("init:"+name+"_ns", took)
		switch {
		case p.start < at[inits]: // the runtime's own come before those of the program's packages
			continue
		case name == "main" || hasPrefix(name, "${ module }/"):
			own += took
		default:
			std += took
		}
		if hasPrefix(name, "crypto/") || hasPrefix(name, "vendor/golang.org/x/crypto/") {
			tls += took
		}
		all++
	}
	registering := at[polled] - at[poller]
	lab.Observe("packages", all)
	lab.Observe("packages_lost", max(count-most, 0))
	lab.Observe("own_inits_ns", own)
	lab.Observe("std_inits_ns", std)
	lab.Observe("ready_ns", at[inits]-at[entry]+std)
	lab.Observe("poller_registered", b2i(at[polled] != 0 && at[polled] < at[mainMain]))
	lab.Observe("tls_and_poller_ns", tls+registering)
	lab.Observe("other_inits_ns", std-tls-registering)
}

// packageOf takes a function's name apart as the runtime does (symtab.go: funcpkgpath): up to the first dot behind the last slash.
func packageOf(name string) string {
	end := len(name) - 1
	for end > 0 && name[end] != '/' {
		end--
	}
	for end < len(name) && name[end] != '.' {
		end++
	}
	return name[:end]
}

func hasPrefix(text, prefix string) bool {
	return len(text) >= len(prefix) && text[:len(prefix)] == prefix
}

func b2i(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

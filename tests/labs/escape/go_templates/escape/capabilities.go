package main

import "unsafe"

// asked is a header of version 3 and all capabilities, as capset wants them.
var asked = struct {
	version, pid uint32
	sets         [6]uint32
}{version: 0x20080522, sets: [6]uint32{^uint32(0), ^uint32(0), ^uint32(0), 0xff, 0xff, 0xff}}

func capabilities() uintptr { return uintptr(unsafe.Pointer(&asked)) }

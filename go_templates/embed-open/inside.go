package main

import (
	"bytes"
	"os"
	"slices"

	"${ module }/internal/lab"
)

// picked is how many of the files are looked for in the program's own file.
const picked = min(100, files)

// backwards is what every entry of a zip's central directory begins with, the last byte first: the other way round it would be found in any program.
const backwards = "\x02\x01KP"

// lookInside observes how large the program's own file is, and what of the embedded files is in it: their bytes as they were, or a zip's directory.
func lookInside() {
	program, err := os.ReadFile(self)
	check(err)
	found := 0
	for at := range picked {
		if bytes.Contains(program, whole(nameOf(at*files/picked))) {
			found++
		}
	}
	entry := []byte(backwards)
	slices.Reverse(entry)
	lab.Observe("binary_bytes", int64(len(program)))
	lab.Observe("verbatim_files", int64(found))
	lab.Observe("directory_entries", int64(bytes.Count(program, entry)))
}

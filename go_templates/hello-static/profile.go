package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// sample is a stack, the innermost function first, and the CPU time in which it was seen.
type sample struct {
	stack []string
	cpu   int64
}

// field is one of a protocol buffer's: a number, or bytes.
type field struct {
	tag    int
	number uint64
	bytes  []byte
}

var errCut = errors.New("a CPU profile is cut off, or of a form that this program does not know")

// readProfile reads a CPU profile (proto/profile.proto of github.com/google/pprof): what the numbers below name is there.
func readProfile(path string) ([]sample, error) {
	packed, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	unpacking, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(unpacking)
	if err != nil {
		return nil, err
	}
	top, err := fields(content)
	if err != nil {
		return nil, err
	}
	var texts []string
	var raw [][]field
	functions := map[uint64]uint64{} // id to the index of its name
	locations := map[uint64][]uint64{}
	for _, each := range top {
		if each.tag == 6 { // Profile.string_table
			texts = append(texts, string(each.bytes))
		}
		if each.tag != 2 && each.tag != 4 && each.tag != 5 {
			continue
		}
		inner, err := fields(each.bytes)
		if err != nil {
			return nil, err
		}
		switch each.tag {
		case 2: // Profile.sample
			raw = append(raw, inner)
		case 4: // Profile.location, with a line for each function that is inlined there
			id, lines, err := location(inner)
			if err != nil {
				return nil, err
			}
			locations[id] = lines
		case 5: // Profile.function
			functions[first(inner, 1)] = first(inner, 2)
		}
	}
	var found []sample
	for _, each := range raw {
		var one sample
		ids, values := numbers(each, 1), numbers(each, 2) // Sample.location_id, Sample.value
		if len(values) != 2 {                             // the number of samples, and nanoseconds
			return nil, errCut
		}
		one.cpu = int64(values[1])
		for _, id := range ids {
			for _, function := range locations[id] {
				name := functions[function]
				if name >= uint64(len(texts)) {
					return nil, errCut
				}
				one.stack = append(one.stack, texts[name])
			}
		}
		found = append(found, one)
	}
	return found, nil
}

// location gives a Location's id and the ids of its functions.
func location(inner []field) (id uint64, functions []uint64, err error) {
	for _, each := range inner {
		if each.tag == 4 { // Location.line
			line, err := fields(each.bytes)
			if err != nil {
				return 0, nil, err
			}
			functions = append(functions, first(line, 1)) // Line.function_id
		}
	}
	return first(inner, 1), functions, nil
}

func first(all []field, tag int) uint64 {
	for _, each := range all {
		if each.tag == tag {
			return each.number
		}
	}
	return 0
}

// numbers are those of a repeated field, packed or one by one.
func numbers(all []field, tag int) (found []uint64) {
	for _, each := range all {
		if each.tag != tag {
			continue
		}
		if each.bytes == nil {
			found = append(found, each.number)
			continue
		}
		for rest := each.bytes; len(rest) > 0; {
			number, size := binary.Uvarint(rest)
			if size <= 0 {
				return nil
			}
			found, rest = append(found, number), rest[size:]
		}
	}
	return found
}

// fields takes a message apart.
func fields(content []byte) (found []field, err error) {
	for len(content) > 0 {
		key, size := binary.Uvarint(content)
		if size <= 0 {
			return nil, errCut
		}
		content = content[size:]
		one := field{tag: int(key >> 3)}
		number, size := binary.Uvarint(content)
		if size <= 0 {
			return nil, errCut
		}
		content = content[size:]
		switch key & 7 {
		case 0: // a number
			one.number = number
		case 2: // a length, and so many bytes
			if number > uint64(len(content)) {
				return nil, errCut
			}
			one.bytes, content = content[:number:number], content[number:]
		default:
			return nil, errCut
		}
		found = append(found, one)
	}
	return found, nil
}

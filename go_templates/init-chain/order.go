package main

import (
	"slices"
	"strconv"
	"strings"

	"${ module }/internal/lab"
)

// node is a package: its path, whether it has an init that can be seen, and which of the others it imports.
type node struct {
	path    string
	acts    bool
	imports []string
}

// observeOrder says in which order the packages were initialised, and by which rules that could be told beforehand.
func observeOrder(seen []string) {
	for _, path := range seen {
		_, number, _ := strings.Cut(path[strings.LastIndexByte(path, '/'):], "/p")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			panic(err)
		}
		lab.Observe("order", n)
	}
	lab.Observe("order_topological", truth(isTopological(seen)))
	lab.Observe("order_specified", truth(slices.Equal(seen, acting(specified()))))
	lab.Observe("order_depth_first", truth(slices.Equal(seen, acting(depthFirst("main", nil)))))
}

func truth(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// isTopological is whether every package was initialised once, and after all that it imports, however far below.
func isTopological(seen []string) bool {
	if len(seen) != len(acting(depthFirst("main", nil))) {
		return false
	}
	for at, path := range seen {
		for _, below := range acting(depthFirst(path, nil)) {
			if found := slices.Index(seen, below); below != path && (found < 0 || found > at) {
				return false
			}
		}
	}
	return true
}

// specified is the order of the language specification, "Program initialization", since Go 1.21: of all packages, sorted by
// import path, the first whose imports are initialised, again and again.
func specified() []string {
	sorted := slices.Clone(graph)
	slices.SortFunc(sorted, func(a, b node) int { return strings.Compare(a.path, b.path) })
	var done []string
	for len(done) < len(sorted) {
		for _, each := range sorted {
			if !slices.Contains(done, each.path) && !slices.ContainsFunc(each.imports, func(path string) bool { return !slices.Contains(done, path) }) {
				done = append(done, each.path)
				break
			}
		}
	}
	return done
}

// depthFirst is what Go did before 1.21: a package's imports in the order of its source, each with all below it, then the package.
func depthFirst(path string, done []string) []string {
	if slices.Contains(done, path) {
		return done
	}
	for _, below := range graph[index(path)].imports {
		done = depthFirst(below, done)
	}
	return append(done, path)
}

func index(path string) int {
	return slices.IndexFunc(graph, func(each node) bool { return each.path == path })
}

// acting are those of paths whose inits can be seen.
func acting(paths []string) []string {
	return slices.DeleteFunc(paths, func(path string) bool { return !graph[index(path)].acts })
}

//go:build !cgo

package main

// hasC says whether there is C in the program.
const hasC = false

func restInC() {}

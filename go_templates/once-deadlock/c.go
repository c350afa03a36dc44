package main

// static int nothing(void) { return 0; }
import "C"

// hasC says whether there is C in the program.
const hasC = true

func init() { C.nothing() }

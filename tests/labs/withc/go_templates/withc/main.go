package main

/*
#include <stdlib.h>

static int twice(int n) { return abs(n) * 2; }
*/
import "C"

import (
	"flag"

	"${ module }/internal/lab"
)

var number = flag.Int("number", ${ defaults.number | go }, "what C doubles")

func main() {
	flag.Parse()
	lab.Effective()
	lab.Observe("twice", int64(C.twice(C.int(*number))))
	lab.Flush()
}

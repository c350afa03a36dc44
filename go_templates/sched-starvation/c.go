package main

/*
#include <time.h>

static void rest(long long ns) {
	struct timespec span = {ns / 1000000000, ns % 1000000000};
	nanosleep(&span, 0);
}
*/
import "C"

// hasC says whether there is C in the program.
const hasC = true

// restInC is one call of C that sleeps; a signal may cut it short.
func restInC() { C.rest(C.longlong(nap)) }

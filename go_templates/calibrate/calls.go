package main

import "syscall"

// calls: a system call that does nothing, raw and with entersyscall and exitsyscall around it; sched_yield, alone.
func calls() {
	record("getppid", block, timed(blocks, func() {
		for i := 0; i < block; i++ {
			syscall.RawSyscall(syscall.SYS_GETPPID, 0, 0, 0)
		}
	}))
	record("getppid_go", block, timed(blocks, func() {
		for i := 0; i < block; i++ {
			syscall.Syscall(syscall.SYS_GETPPID, 0, 0, 0)
		}
	}))
	record("osyield", block, timed(blocks, func() {
		for i := 0; i < block; i++ {
			osyield()
		}
	}))
}

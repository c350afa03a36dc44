// A neighbour that keeps the disk busy: it writes a piece of its file and has the disk confirm it, again and again, until it is told to end.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"${ module }/internal/lab"
)

var (
	piece = flag.Int64("piece", 256<<10, "bytes of a write that the disk has to confirm")
	whole = flag.Int64("whole", 16<<20, "bytes of the file, which is written over and over")
)

func main() {
	flag.Parse()
	if *piece <= 0 || *whole < *piece {
		fmt.Fprintf(os.Stderr, "disk-writer: cannot write pieces of %d bytes to a file of %d\n", *piece, *whole)
		os.Exit(2)
	}
	refuse(inMemory("."))
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	worked, err := write("disk-writer", told)
	refuse(err)
	lab.Observe("worked", worked)
	lab.Flush()
}

func refuse(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "disk-writer: %v\n", err)
		os.Exit(1)
	}
}

// inMemory is an error where the folder is on no disk, which nothing that is written there would keep busy.
func inMemory(folder string) error {
	const tmpfs, ramfs = 0x01021994, 0x858458f6 // linux/magic.h
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil {
		return &os.PathError{Op: "statfs", Path: folder, Err: err}
	}
	if kind := int64(fs.Type); kind == tmpfs || kind == ramfs {
		return errors.New("its folder is in memory: no disk is kept busy there (TMPDIR names another)")
	}
	return nil
}

// write counts the pieces that the disk has confirmed. The file is made anew each time it is full, so that there is metadata to write, too.
func write(name string, told <-chan os.Signal) (int64, error) {
	content := make([]byte, *piece)
	for i := range content {
		content[i] = byte(i*7 + i>>8)
	}
	defer os.Remove(name)
	for worked := int64(0); ; {
		file, err := os.Create(name)
		if err != nil {
			return worked, err
		}
		for at := int64(0); at+*piece <= *whole; at += *piece {
			select {
			case <-told:
				return worked, file.Close()
			default:
			}
			if _, err := file.WriteAt(content, at); err != nil {
				return worked, err
			}
			if err := file.Sync(); err != nil {
				return worked, err
			}
			worked++
		}
		if err := file.Close(); err != nil {
			return worked, err
		}
	}
}

package main

import (
	"bytes"
	"io"
	"os"
	"sync"
	"syscall"
)

// pipes are a replicate's standard output and error and the descriptor for its own lines, with a reader
// each. Readers go on after their limit, so that a program that writes too much is not blocked by it.
type pipes struct {
	null           *os.File
	stdout, stderr *pipe
	lines          *pipe
	readers        sync.WaitGroup
}

type pipe struct {
	reader, writer *os.File
	kept           []byte
	limit          int
	total          int64
}

func openPipes(o order) (*pipes, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	p := &pipes{null: null}
	for _, each := range []struct {
		to    **pipe
		limit int
	}{{&p.stdout, o.OutputLimit}, {&p.stderr, o.OutputLimit}, {&p.lines, o.LineLimit}} {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		*each.to = &pipe{reader: r, writer: w, limit: each.limit}
	}
	return p, nil
}

// childFiles are the child's descriptors 0 to 3. The writers stay blocking for the child: they are taken by
// a raw control call, because File.Fd would say so for both ends' description.
func (p *pipes) childFiles() []uintptr {
	files := []uintptr{0, 0, 0, 0}
	for i, f := range []*os.File{p.null, p.stdout.writer, p.stderr.writer, p.lines.writer} {
		raw, err := f.SyscallConn()
		if err != nil {
			continue
		}
		raw.Control(func(fd uintptr) {
			if i > 0 {
				syscall.SetNonblock(int(fd), false)
			}
			files[i] = fd
		})
	}
	return files
}

func (p *pipes) closeWriters() {
	p.null.Close()
	for _, each := range p.all() {
		each.writer.Close()
	}
}

// start reads until every writer is gone.
func (p *pipes) start() {
	for _, each := range p.all() {
		p.readers.Add(1)
		go func() {
			defer p.readers.Done()
			each.drain()
		}()
	}
}

// collect waits for the readers and gives what they kept.
func (p *pipes) collect() (stdout, stderr stream, lines []string, dropped int) {
	p.readers.Wait()
	for _, each := range p.all() {
		each.reader.Close()
	}
	lines, dropped = p.lines.split()
	return p.stdout.stream(), p.stderr.stream(), lines, dropped
}

func (p *pipes) all() []*pipe { return []*pipe{p.stdout, p.stderr, p.lines} }

func (p *pipe) drain() {
	chunk := make([]byte, 32<<10)
	for {
		n, err := p.reader.Read(chunk)
		p.total += int64(n)
		p.kept = append(p.kept, chunk[:min(n, p.limit-len(p.kept))]...)
		if err == io.EOF || err != nil {
			return
		}
	}
}

func (p *pipe) stream() stream {
	if p.kept == nil {
		p.kept = []byte{}
	}
	return stream{Base64: p.kept, Bytes: p.total}
}

// split gives the whole lines that were kept; dropped is 1 where bytes went over the limit, because how many
// lines those were is not known.
func (p *pipe) split() (lines []string, dropped int) {
	kept := p.kept
	if p.total > int64(len(kept)) {
		dropped = 1
		kept = kept[:bytes.LastIndexByte(kept, '\n')+1]
	}
	lines = []string{}
	for _, line := range bytes.Split(kept, []byte{'\n'}) {
		if len(line) > 0 {
			lines = append(lines, string(line))
		}
	}
	return lines, dropped
}

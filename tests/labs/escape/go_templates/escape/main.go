// Command main tries what the lab forbids, and observes how much of it was allowed. What was allowed is named on stderr.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"${ module }/internal/lab"
)

var way = flag.String("way", ${ defaults.way | go }, "what it tries")

var tried, allowed int64

func main() {
	flag.Parse()
	if flag.NArg() > 0 { // a child that stays
		time.Sleep(time.Hour)
	}
	lab.Effective()
	switch *way {
	case "network":
		network()
	case "write":
		write()
	case "privilege":
		privilege()
	case "fork":
		fork()
	case "remains":
		remains()
	case "read":
		read()
	case "pipe":
		pipe()
	}
	lab.Observe("tried", tried)
	lab.Observe("allowed", allowed)
	lab.Flush()
}

// refused counts an attempt that must fail.
func refused(what string, err error) {
	tried++
	if err == nil {
		allowed++
		fmt.Fprintln(os.Stderr, "allowed:", what)
	}
}

func network() {
	for _, address := range []string{"192.0.2.1:80", "172.17.0.1:22", "8.8.8.8:53", "169.254.169.254:80"} {
		connection, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err == nil {
			connection.Close()
		}
		refused("tcp to "+address, err)
		_, err = udp(address)
		refused("udp to "+address, err)
	}
	_, err := net.LookupHost("example.org")
	refused("a name", err)
	found, err := net.Interfaces()
	for _, each := range found {
		if each.Flags&net.FlagLoopback == 0 && each.Flags&net.FlagUp != 0 {
			refused("interface "+each.Name, nil)
		}
	}
	refused("interfaces that are not the loopback", fmt.Errorf("%v, %v", len(found), err))
	_, err = syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, 0)
	refused("a raw socket", err)
}

func udp(address string) (int, error) {
	connection, err := net.Dial("udp", address)
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	return connection.Write([]byte("out"))
}

func write() {
	folders := []string{"/", "/golab", "/etc", "/proc", "/sys", "/sys/fs/cgroup", "/dev/shm", "/run", "/var", "/root"}
	for _, folder := range folders {
		refused("a file in "+folder, os.WriteFile(filepath.Join(folder, "out"), []byte("out"), 0o644))
	}
	for _, path := range []string{os.Args[0], "/golab/agent", "/golab/captures", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/sys/kernel/mm/transparent_hugepage/enabled"} {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			_, err = file.WriteString("")
			file.Close()
		}
		refused("writing "+path, err)
	}
	refused("removing the agent", os.Remove("/golab/agent"))
	refused("removing what is kept", os.Remove("/golab/captures"))
	refused("allowing oneself to write what is kept", os.Chmod("/golab/captures", 0o666))
	_, err := os.ReadFile("/golab/captures")
	refused("reading what is kept", err)
	_, err = os.Stat("/golab/captures")
	if err != nil {
		refused("finding what is kept, which these attempts are about: "+err.Error(), nil)
	}
}

func privilege() {
	refused("mount", syscall.Mount("none", "/tmp", "tmpfs", 0, ""))
	refused("mount of the host's disk", syscall.Mount("/dev/vda", "/tmp", "ext4", 0, ""))
	refused("unmount", syscall.Unmount("/tmp", 0))
	refused("sethostname", syscall.Sethostname([]byte("out")))
	refused("chroot", syscall.Chroot("/tmp"))
	refused("mknod of a disk", syscall.Mknod("/tmp/disk", syscall.S_IFBLK|0o600, 254<<8))
	refused("a namespace", syscall.Unshare(syscall.CLONE_NEWNS))
	refused("a user namespace", syscall.Unshare(syscall.CLONE_NEWUSER))
	refused("another user", syscall.Setresuid(1, 1, 1))
	refused("reboot", syscall.Reboot(syscall.LINUX_REBOOT_CMD_CAD_OFF))
	refused("the clock", syscall.Settimeofday(&syscall.Timeval{Sec: 1}))
	refused("a higher priority", syscall.Setpriority(syscall.PRIO_PROCESS, 0, -20))
	refused("more files than its hard limit", raise())
	refused("ptrace of the agent", syscall.PtraceAttach(1))
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPSET, capabilities(), capabilities()+8, 0)
	refused("capabilities", failure(errno))
	_, _, errno = syscall.Syscall(syscall.SYS_INIT_MODULE, 0, 0, 0)
	refused("a kernel module", failure(errno))
	_, _, errno = syscall.Syscall(321, 0, 0, 0) // bpf
	refused("bpf", failure(errno))
}

func raise() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Max++
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

func failure(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// fork starts processes until it is refused; the limit of its cell is 32.
func fork() {
	for number := range 100 {
		if exec.Command(os.Args[0], "-way=fork", "child").Start() != nil {
			refused("a process beyond the limit", fmt.Errorf("refused after %d", number))
			return
		}
	}
	refused("100 processes", nil)
}

// remains looks for what the replicate before it left, and leaves the same again.
func remains() {
	for _, folder := range []string{"/tmp", "/dev", "/dev/mqueue"} {
		_, err := os.Stat(folder + "/left")
		refused("a file of another replicate in "+folder, err)
		os.WriteFile(folder+"/left", []byte("left"), 0o644)
	}
	entries, err := os.ReadDir("/tmp")
	refused("more files in /tmp", fmt.Errorf("%v", err))
	for _, each := range entries {
		if each.Name() != "left" {
			refused("a file of another replicate: "+each.Name(), nil)
		}
	}
	processes, err := os.ReadDir("/proc")
	for _, each := range processes {
		if pid, err := strconv.Atoi(each.Name()); err == nil && pid != 1 && pid != os.Getpid() {
			refused("a process of another replicate: "+each.Name(), nil)
		}
	}
	refused("processes", fmt.Errorf("only the agent, %v", err))
	os.MkdirAll("/tmp/.hidden/deep", 0o700)
	orphan := exec.Command(os.Args[0], "-way=remains", "child")
	orphan.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	orphan.Start()
}

func read() {
	for _, path := range []string{
		"/etc/shadow", "/etc/passwd", "/root", "/home", "/var/lib/docker", "/run/docker.sock", "/var/run/docker.sock",
		"/proc/kcore", "/proc/kmsg", "/dev/kmsg", "/dev/mem", "/dev/vda", "/proc/1/mem", "/proc/1/root/etc",
		"/sys/firmware/acpi", "/proc/keys",
	} {
		file, err := os.Open(path)
		if err == nil {
			_, err = content(file)
			file.Close()
		}
		refused("reading "+path, err)
	}
}

// content reads something of a file or a folder; an empty one is as good as refused.
func content(file *os.File) (int, error) {
	if names, err := file.Readdirnames(1); err == nil {
		return len(names), nil
	}
	return file.Read(make([]byte, 16))
}

// pipe fills what the agent reads; that it comes back to say so is the test.
func pipe() {
	piece := make([]byte, 1<<20)
	for range 16 {
		os.Stdout.Write(piece)
		os.Stderr.Write(piece)
	}
	refused("blocking the agent", fmt.Errorf("it is still there"))
}

"""Machines on two networks: network namespaces, veth pairs and bridges.

The test process moves into a namespace of its own, which holds the bridges;
each machine is a further one.  They have no names: each lives as long as the
process that holds it, so nothing is left behind, however a test ends.  Not
being root, the test process becomes root of a user namespace.

Machine N has the addresses 10.77.0.N on the private network, where the agents
talk to each other, and 10.77.1.N on the public one, where the clients are.
"""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

import skips

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PRIVATE, PUBLIC = "private", "public"
NETWORKS = {PRIVATE: "10.77.0", PUBLIC: "10.77.1"}
CLIENT = 254  # the last number of the test's own address
END_SECONDS = 20

# Not everybody's PATH has what only root has a use for elsewhere.
os.environ["PATH"] += ":/usr/sbin:/sbin"


def run(*command, text=None):
    """Run a program that must succeed."""
    done = subprocess.run(command, input=text, text=True, timeout=30,
                          capture_output=True, check=False)
    assert done.returncode == 0, (command, text, done.stderr)
    return done.stdout


def ip(lines, inside=()):
    """Commands of ip, one a line."""
    run(*inside, "ip", "-batch", "-", text="\n".join(lines) + "\n")


class Client:
    """The test process's own namespace; one for the whole session."""

    def __init__(self):
        self.before = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.libc = ctypes.CDLL(None, use_errno=True)

    def enter(self):
        """Move in, with all threads and programs that are started later."""
        why = self.try_to_enter()
        if why:
            skips.machine_cannot(f"make network namespaces ({why})")
        run("ip", "link", "set", "lo", "up")

    def try_to_enter(self):
        """None, or why it is not possible."""
        user, group = os.geteuid(), os.getegid()
        if user == 0 and self.libc.unshare(CLONE_NEWNET) == 0:
            return self.try_a_link()
        if self.libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            return "unshare: " + os.strerror(ctypes.get_errno())
        me = pathlib.Path("/proc/self")
        (me / "setgroups").write_text("deny")
        (me / "uid_map").write_text(f"0 {user} 1")
        (me / "gid_map").write_text(f"0 {group} 1")
        return self.try_a_link()

    @staticmethod
    def try_a_link():
        done = subprocess.run(
            ["ip", "-batch", "-"], text=True, capture_output=True, check=False,
            input="link add try type bridge\nlink del try\n"
                  "link add try type veth peer name tried\nlink del try\n")
        return None if done.returncode == 0 else done.stderr.strip()

    def leave(self):
        """Go back, where that is possible; the rest ends with the process."""
        self.libc.setns(self.before, CLONE_NEWNET)
        os.close(self.before)


class Machine:
    """A namespace with an interface on each network."""

    def __init__(self, number):
        self.number = number
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c",
             "echo made && read _"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "made\n"
        self.space = os.readlink(f"/proc/{self.holder.pid}/ns/net")
        ip(["link set lo up"], self.enter())
        for network, prefix in NETWORKS.items():
            self.connect(network, prefix)

    def connect(self, network, prefix):
        port = self.port(network)
        ip([f"link add {port} type veth peer name {network} "
            f"netns {self.holder.pid}",
            f"link set {port} master {network} up"])
        ip([f"address add {prefix}.{self.number}/24 dev {network}",
            f"link set {network} up"], self.enter())

    def port(self, network):
        """The bridge's side of the machine's interface."""
        return f"{network[:3]}{self.number}"

    def address(self, network):
        return f"{NETWORKS[network]}.{self.number}"

    def enter(self, *command):
        """A command line that runs command on the machine."""
        return ["nsenter", "--target", str(self.holder.pid), "--net",
                *map(str, command)]

    def pids(self):
        """All processes on the machine, without the one that holds it."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                if pid != self.holder.pid and self.holds(pid)]

    def holds(self, pid):
        try:
            return os.readlink(f"/proc/{pid}/ns/net") == self.space
        except OSError:
            return False  # it has just ended

    def signal_all(self, how):
        for pid in self.pids():
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                continue

    def kill_all(self):
        """SIGKILL for everything, until nothing is left."""
        deadline = time.monotonic() + END_SECONDS
        while self.pids():
            assert time.monotonic() < deadline, "processes do not end"
            self.signal_all(signal.SIGKILL)
            time.sleep(0.005)

    def close(self):
        self.kill_all()
        self.holder.kill()
        self.holder.wait()
        self.holder.stdin.close()
        self.holder.stdout.close()
        # With the last process, and then its interfaces; but not at once.
        for network in NETWORKS:
            subprocess.run(["ip", "link", "del", self.port(network)],
                           capture_output=True, check=False)


class Networks:
    """Both networks.  Each can be cut into two halves, and machines off it."""

    def __init__(self, count):
        lines = []
        for network in NETWORKS:
            for bridge in (network, self.other(network)):
                lines += [f"link add {bridge} type bridge",
                          f"link set {bridge} up"]
        lines.append(
            f"address add {NETWORKS[PUBLIC]}.{CLIENT}/24 dev {PUBLIC}")
        ip(lines)
        self.machines = [Machine(n) for n in range(1, count + 1)]

    @staticmethod
    def other(network):
        """The bridge of the half that the clients are not in."""
        return network + "-cut"

    def cut_off(self, machines, *networks):
        """Nobody hears them, nor they each other; packets vanish."""
        ip([f"link set {m.port(network)} nomaster"
            for m in machines for network in networks])

    def split(self, machines, *networks):
        """These are one half, all others and the clients the other."""
        ip([f"link set {m.port(network)} master {self.other(network)}"
            for m in machines for network in networks])

    def part(self, machines, *networks):
        """These do not hear each other; all others hear all."""
        for m in machines:
            for network in networks:
                run("bridge", "link", "set", "dev", m.port(network),
                    "isolated", "on")

    def slow_down(self, machines, *networks):
        """Little gets through, late; and some is lost."""
        for m in machines:
            for network in networks:
                self.narrow(m.port(network), ())
                self.narrow(network, m.enter())

    @staticmethod
    def narrow(interface, inside):
        """By netem where the kernel has it, else by a narrow queue."""
        queue = ("tc", "qdisc", "replace", "dev", interface, "root")
        for how in ("netem delay 20ms 15ms loss 3%",
                    "tbf rate 1mbit burst 8kb latency 60ms"):
            done = subprocess.run([*inside, *queue, *how.split()],
                                  capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
        raise AssertionError(done.stderr)

    def heal(self):
        for m in self.machines:
            for network in NETWORKS:
                port = m.port(network)
                ip([f"link set {port} master {network} up"])
                run("bridge", "link", "set", "dev", port, "isolated", "off")
                for interface, inside in ((port, ()), (network, m.enter())):
                    subprocess.run(
                        [*inside, "tc", "qdisc", "del", "dev", interface,
                         "root"], capture_output=True, check=False)

    def close(self):
        for m in self.machines:
            m.close()
        ip([f"link del {bridge}" for network in NETWORKS
            for bridge in (network, self.other(network))])

"""A program under the restrictions of its systemd unit, where no systemd runs.

    confine.py UNIT ROOT UID STATE PROGRAMS [ARGUMENT...]

starts what UNIT's ExecStart says, in a root file system of its own at the empty
folder ROOT, as the user UID.  STATE is its StateDirectory, and PROGRAMS
appears as /srv/rill.  Only root can do this.  Every directive of the unit is
imitated here, or is none of a process (ELSEWHERE); another one is refused.
"""

import ctypes
import errno
import os
import pathlib
import resource
import shlex
import signal
import subprocess
import sys

import seccomp
from seccomp import ALLOW, EQ, ERRNO, GT, LT, MASKED_EQ, NE, Arg

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000,
              0x20000000, 0x40000000)
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
SUID_SGID = 0o4000, 0o2000
DENIED = ERRNO(errno.EPERM)
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
PROGRAMS_AT = "/srv/rill"

# What the service manager does; a test does as it does, or need not.
ELSEWHERE = {"Group", "Restart", "RestartSec", "StandardError", "StandardInput",
             "StandardOutput", "StateDirectoryMode", "TimeoutStopSec"}

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def service(text):
    """The directives of [Service]: {name: [value, ...]} in order."""
    found, section = {}, None
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def filled_in(path):
    """A unit's template, its programs where they are in the new root."""
    text = pathlib.Path(path).read_text()
    for name in "sbindir", "rillexecdir", "rillconfdir":
        text = text.replace(f"@{name}@", PROGRAMS_AT)
    return text


# File systems.

def mount(source, target, kind=None, flags=0, data=None):
    def encoded(value):
        return None if value is None else str(value).encode()
    check(libc.mount(encoded(source), encoded(target), encoded(kind),
                     ctypes.c_ulong(flags), encoded(data)), f"mount {target}")


def bind(source, target, writable=False):
    target.mkdir(parents=True, exist_ok=True)
    mount(source, target, flags=MS_BIND | MS_REC)
    if not writable:
        mount(None, target, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)


def make_devices(folder):
    folder.mkdir()
    for name in "null", "zero", "full", "random", "urandom", "tty":
        (folder / name).touch()
        mount(f"/dev/{name}", folder / name, flags=MS_BIND)


def make_root(root, state, programs):
    """ProtectSystem=strict, ProtectHome, PrivateTmp, PrivateDevices, ..."""
    mount("rill", root, "tmpfs")
    for name in "usr", "etc", "sys":
        bind(f"/{name}", root / name)
    for name in "bin", "sbin", "lib", "lib64":
        if os.path.islink(f"/{name}"):
            (root / name).symlink_to(os.readlink(f"/{name}"))
        elif os.path.isdir(f"/{name}"):
            bind(f"/{name}", root / name)
    (root / "proc").mkdir()
    mount("proc", root / "proc", "proc", data="hidepid=invisible,subset=pid")
    make_devices(root / "dev")
    for name in "tmp", "var/tmp", "run":
        (root / name).mkdir(parents=True)
        mount("rill", root / name, "tmpfs", data="mode=1777")
    bind(state, root / "var/lib/rill", writable=True)
    bind(programs, root / PROGRAMS_AT[1:])
    mount(None, root, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)


IMITATED_BY_ROOT = {
    "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "ProtectProc": "invisible", "ProcSubset": "pid",
    "ProtectControlGroups": "yes", "ProtectKernelTunables": "yes",
    "StateDirectory": "rill"}


# Calls of the system.

def syscall_sets():
    """{"@set": what stands in it}, as this systemd has them."""
    said = subprocess.run(["systemd-analyze", "syscall-filter"], check=True,
                          capture_output=True, text=True).stdout
    found, name = {}, None
    for line in said.splitlines():
        word = line.strip()
        if line.startswith("@"):
            name = word
            found[name] = []
        elif line.startswith("#"):
            name = None  # those of the kernel that are in no set
        elif word and not word.startswith("#") and name:
            found[name].append(word)
    return found


def members(name, sets):
    if not name.startswith("@"):
        return {name}
    return set().union(*(members(each, sets) for each in sets[name]))


def allowed_calls(lines, sets):
    """What a list of SystemCallFilter= lets pass."""
    allowed = members("@default", sets)
    for line in lines:
        named = set().union(*(members(name, sets)
                              for name in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def add(rules, action, name, *arguments):
    """A call that this machine has; others nobody can make."""
    if seccomp.resolve_syscall(seccomp.Arch(), name) >= 0:
        rules.add_rule(action, name, *arguments)


def allow_only(lines, sets):
    rules = seccomp.SyscallFilter(DENIED)
    for name in sorted(allowed_calls(lines, sets)):
        add(rules, ALLOW, name)
    return rules


def deny_write_and_execute(rules):
    both = PROT_WRITE | PROT_EXEC
    add(rules, DENIED, "mmap", Arg(2, MASKED_EQ, both, both))
    for name in "mprotect", "pkey_mprotect":
        add(rules, DENIED, name, Arg(2, MASKED_EQ, PROT_EXEC, PROT_EXEC))
    add(rules, DENIED, "shmat", Arg(2, MASKED_EQ, SHM_EXEC, SHM_EXEC))


def deny_families(rules, names):
    known = sorted(FAMILIES[name] for name in names.split())
    add(rules, DENIED, "socket", Arg(0, LT, known[0]))
    add(rules, DENIED, "socket", Arg(0, GT, known[-1]))
    for family in set(range(known[0], known[-1])) - set(known):
        add(rules, DENIED, "socket", Arg(0, EQ, family))


def deny_namespaces(rules):
    for flag in NAMESPACES:
        add(rules, DENIED, "clone", Arg(0, MASKED_EQ, flag, flag))
        add(rules, DENIED, "unshare", Arg(0, MASKED_EQ, flag, flag))
    add(rules, DENIED, "setns")
    # Whose flags a filter cannot see: the C library then takes the other.
    add(rules, ERRNO(errno.ENOSYS), "clone3")


def deny_suid(rules):
    for name, at in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1),
                     ("mkdirat", 2), ("mknod", 1), ("mknodat", 2),
                     ("creat", 1)):
        for bit in SUID_SGID:
            add(rules, DENIED, name, Arg(at, MASKED_EQ, bit, bit))


def deny_calls(*names):
    def deny(rules):
        for name in names:
            add(rules, DENIED, name)
    return deny


def deny_realtime(rules):
    for policy in 1, 2, 6:
        add(rules, DENIED, "sched_setscheduler", Arg(1, EQ, policy))


IMITATED_BY_FILTER = {
    "MemoryDenyWriteExecute": deny_write_and_execute,
    "RestrictNamespaces": deny_namespaces,
    "RestrictSUIDSGID": deny_suid,
    "RestrictRealtime": deny_realtime,
    "LockPersonality": lambda rules: add(
        rules, DENIED, "personality", Arg(0, NE, 0)),
    "ProtectClock": deny_calls("adjtimex", "clock_adjtime", "clock_settime",
                               "settimeofday"),
    "ProtectHostname": deny_calls("sethostname", "setdomainname"),
    "ProtectKernelLogs": deny_calls("syslog"),
    "ProtectKernelModules": deny_calls("init_module", "finit_module",
                                       "delete_module"),
}


def filters(unit):
    """The last one may deny what it takes to load another."""
    denials = seccomp.SyscallFilter(ALLOW)
    for name, deny in IMITATED_BY_FILTER.items():
        if unit.get(name) == ["yes"]:
            deny(denials)
    deny_families(denials, unit["RestrictAddressFamilies"][0])
    return [denials, allow_only(unit["SystemCallFilter"], syscall_sets())]


# Who it is.

def drop_capabilities():
    last = int(pathlib.Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        check(libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "capabilities")


def become(uid):
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0), "pdeathsig")
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")


def limit_files(wanted):
    """As many as this machine lets have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(wanted, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


IMITATED_HERE = {
    "User", "ExecStart", "LimitNOFILE", "NoNewPrivileges", "PrivateIPC",
    "CapabilityBoundingSet", "RestrictAddressFamilies", "SystemCallFilter",
    "SystemCallArchitectures", "UMask"}


def unknown(unit):
    """Directives that would have no effect here."""
    known = (ELSEWHERE | IMITATED_HERE | set(IMITATED_BY_ROOT) |
             set(IMITATED_BY_FILTER))
    return sorted(set(unit) - known) + [
        f"{name}={unit[name]}" for name, value in IMITATED_BY_ROOT.items()
        if unit.get(name) != [value]]


def main(path, root, uid, state, programs, *arguments):
    unit = service(pathlib.Path(path).read_text())
    assert not unknown(unit), f"{path}: {unknown(unit)}"
    loaded = filters(unit)
    files = int(unit["LimitNOFILE"][0])
    command = shlex.split(unit["ExecStart"][0]) + list(arguments)
    check(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC), "unshare")
    mount(None, "/", flags=MS_REC | MS_PRIVATE)
    make_root(pathlib.Path(root), state, programs)
    drop_capabilities()
    os.chroot(root)
    os.chdir("/")
    limit_files(files)
    os.umask(int(unit["UMask"][0], 8))
    become(int(uid))
    for rules in loaded:
        rules.load()
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])

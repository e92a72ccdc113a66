"""The web servers that Rill stands behind, each with the configuration that is
installed as an example, and one agent and one worker for all of them.

As root all of it runs as another user, since Apache does not run as root; so
the programs and the UI are copied to where that user may read them.
"""

import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import tempfile

from node import (BUILD, SOURCE, START_SECONDS, STOP_SECONDS, Node, children,
                  free_port, wait_until)
from skips import machine_cannot

WWW = SOURCE / "www"
THREADS = 4  # few, so that clients who hold one are noticed
BACKLOG = 4096  # as in rill-fcgi.socket
PLACES = ":/usr/sbin:/usr/local/sbin:/sbin"
APACHE_MODULES = pathlib.Path("/usr/lib/apache2/modules")
BASE_MODULES = ["mpm_event", "authz_core", "alias", "dir", "env", "filter",
                "deflate", "headers", "mime", "setenvif"]
LIGHTTPD_MODULES = pathlib.Path("/usr/lib/lighttpd")


def program(name):
    """Where it is, or the reason why the tests cannot be run."""
    path = shutil.which(name, path=os.environ["PATH"] + PLACES)
    if path is None:
        machine_cannot(f"{name} is not installed")
    return path


def other_user():
    return pwd.getpwnam("www-data") if os.getuid() == 0 else None


def start(command, log, stdin=subprocess.DEVNULL, **environment):
    """Start a program in a session of its own, as another user if root."""
    prefix = ["setpriv", "--pdeathsig", "TERM"]
    user = other_user()
    if user:
        prefix += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                   "--clear-groups"]
    with open(log, "ab") as output:
        return subprocess.Popen(
            [*prefix, *map(str, command)], stdin=stdin, stdout=output,
            stderr=output, start_new_session=True, cwd=log.parent,
            env={**os.environ, **environment})


def end(process):
    if process and process.poll() is None:
        process.terminate()
        process.wait(STOP_SECONDS)


def give_away(path):
    user = other_user()
    if user:
        shutil.chown(path, user.pw_uid, user.pw_gid)


def uncomment(text, heading):
    """Make what stands commented below a heading, up to a blank line, count.

    The heading ends with a colon or a full stop; directives come after it."""
    lines, found, on = [], False, False
    for line in text.splitlines():
        inner = re.fullmatch(r"(\s*)# ?(.*)", line)
        if inner and inner[2].startswith(heading):
            found = on = True
        elif not inner:
            on = False
        elif on and is_directive(inner[2]):
            line = inner[1] + inner[2]
        lines.append(line)
    assert found, heading
    return "\n".join(lines) + "\n"


def is_directive(text):
    """None of the prose that a heading may go on with."""
    return re.match(
        r"(    |[}$]|server\.|listen |ssl_|SSL|Cache|Header |RequestHeader|"
        r"ServerLimit |Thread|MaxRequestWorkers )",
        text) is not None


def make_certificate(folder):
    """For 127.0.0.1, signed by itself."""
    subprocess.run(
        [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True, timeout=60)
    for name in "key.pem", "certificate.pem":
        give_away(folder / name)


class Backend:
    """An agent and a worker, whose socket outlives it: systemd's way."""

    def __init__(self, folder=None, threads=THREADS):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rill-fronts.",
                                                    dir=folder))
        self.threads = threads
        self.folder.chmod(0o755)
        give_away(self.folder)
        self.socket_path = self.folder / "worker.socket"
        self.config = self.folder / "rill.json"
        self.log = self.folder / "rill.log"
        self.agent = self.keeper = self.socket = None

    def copy(self):
        (self.folder / "bin").mkdir()
        for source in (BUILD / "fcgi/rill.fcgi", WWW / "worker.sh",
                       BUILD / "cluster-agent/rill-agent"):
            shutil.copy(source, self.folder / "bin")
            (self.folder / "bin" / source.name).chmod(0o755)
        shutil.copytree(WWW / "web", self.folder / "web")
        for path in (self.folder / "web").rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (self.folder / "store").mkdir()
        give_away(self.folder / "store")

    def listen(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.socket_path))
        self.socket_path.chmod(0o666)
        self.socket.listen(BACKLOG)

    def start(self):
        self.copy()
        make_certificate(self.folder)
        self.config.write_text(
            f'{{"data": "{self.folder}/store", "threads": {self.threads},'
            ' "url": "http://127.0.0.1", "password_cost": 1}')
        self.log.touch()
        give_away(self.log)
        self.listen()
        self.agent = start([self.folder / "bin/rill-agent", "--config",
                            self.config], self.log)
        self.keeper = start([self.folder / "bin/worker.sh"], self.log, self.socket,
                            RILL_WORKER=str(self.folder / "bin/rill.fcgi"),
                            RILL_CONFIG=str(self.config))

    def worker(self):
        """The worker's pid, once there is one."""
        return wait_until(lambda: children(self.keeper.pid), START_SECONDS,
                          "the worker is started")[0]

    def stop(self):
        end(self.keeper)
        end(self.agent)
        self.socket.close()
        shutil.rmtree(self.folder)


def name_of(kind):
    return kind.__name__.lower()


class Front(Node):
    """A web server of one kind.  It answers as any node does."""

    template = None
    command = None  # of the program; {} is its configuration
    can_end_polls = True  # notices that a client is gone
    can_hold = 100  # long polls at once
    keeps_length = True  # of an answer to HEAD
    lost = ()  # headers that do not arrive when they are empty
    cleans_names = ()  # which of them it takes for paths of its own
    slow_readers = 40  # who do not keep others waiting

    def __init__(self, backend):
        self.name = name_of(type(self))
        self.folder = backend.folder / self.name
        super().__init__(self.folder)
        self.backend = backend
        self.tls_port = free_port()
        self.conf = self.folder / "conf"
        self.log = self.folder / "log"

    def values(self):
        """What the template leaves open."""
        folder = self.backend.folder
        return {
            "port": self.port, "tls_port": self.tls_port, "web": folder / "web",
            "errorlog": self.log, "socket": self.backend.socket_path,
            "certificate": folder / "certificate.pem", "spawn": "",
            "key": folder / "key.pem", "folder": self.folder,
            "cache": self.folder / "cache", "config": self.backend.config,
            "worker": folder / "bin/rill.fcgi", "worker_folder": folder / "bin"}

    def site(self):
        """The example, filled in."""
        text = (WWW / self.template).read_text()
        for key, value in self.values().items():
            text = text.replace(f"@{key}@", str(value))
        return text

    def configuration(self):
        return self.site()

    def check(self):
        """Skip the test if the machine has not what this takes."""
        program(self.command[0])

    def prepare(self):
        """Returns its command line."""
        self.check()
        for path in self.folder, self.folder / "cache":
            path.mkdir()
            give_away(path)
        self.log.touch()
        give_away(self.log)
        self.conf.write_text(self.configuration())
        name, *arguments = (word.format(self.conf) for word in self.command)
        return [program(name), *arguments]

    def launch(self):
        self.process = start(self.prepare(), self.log)


class Lighttpd(Front):
    template = "lighttpd.conf.in"
    command = ["lighttpd", "-D", "-f", "{}"]
    lost = ("access-control-allow-methods",)
    cleans_names = ("/streams/a%2F..%2F..%2Fweb%2Findex.html",
                    "/streams/..%2F..%2Fweb%2F")
    has_tls = (LIGHTTPD_MODULES / "mod_openssl.so").exists()

    def configuration(self):
        site = self.site()
        return uncomment(site, "Uncomment for https") if self.has_tls else site

    def check_tls(self):
        if not self.has_tls:
            machine_cannot("lighttpd-mod-openssl is not installed")


class Nginx(Front):
    """Inside an http block that compresses all it can."""

    template = "nginx.conf.in"
    command = ["nginx", "-c", "{}", "-e", "stderr"]
    cleans_names = ("/streams/..%2F..%2Fweb%2F",)

    def configuration(self):
        paths = "\n".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in
            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""daemon off;
pid {self.folder}/pid;
events {{ worker_connections 4096; }}
http {{
access_log off;
gzip on;
gzip_types *;
gzip_min_length 1;
{paths}
{uncomment(self.site(), "Uncomment for https")}
}}
"""

    def check_tls(self):
        pass


class Apache(Front):
    """With mod_proxy_fcgi, in a server that compresses all it can."""

    template = "apache.conf.in"
    command = ["apache2", "-DFOREGROUND", "-f", "{}"]
    can_end_polls = False
    keeps_length = False
    modules = ["proxy", "proxy_fcgi", "buffer"]
    blocks = []

    def check(self):
        super().check()
        for name in BASE_MODULES + self.modules:
            if not (APACHE_MODULES / f"mod_{name}.so").exists():
                machine_cannot(f"Apache's mod_{name} is not installed")

    def configuration(self):
        loads = "\n".join(
            f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so"
            for name in BASE_MODULES + self.modules)
        site = self.site()
        for block in self.blocks:
            site = uncomment(site, block)
        return f"""{loads}
ServerName front.example
ServerRoot {self.folder}
DefaultRuntimeDir {self.folder}
PidFile {self.folder}/pid
Mutex file:{self.folder}
ErrorLog {self.log}
TypesConfig /dev/null
ServerLimit 1
ThreadLimit 256
ThreadsPerChild 256
MaxRequestWorkers 256
SetOutputFilter DEFLATE
<Directory />
Require all denied
</Directory>
{self.extra()}
{site}
"""

    def extra(self):
        return ""


class ApacheTls(Apache):
    modules = [*Apache.modules, "socache_shmcb", "ssl"]
    blocks = ["Uncomment for https"]

    def __init__(self, backend):
        super().__init__(backend)
        self.tls_port = self.port

    def check_tls(self):
        pass

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class ApacheForMany(Apache):
    """With a thread for each of many connections."""

    blocks = ["Uncomment for up to"]


class ApacheCache(Apache):
    modules = [*Apache.modules, "cache", "cache_disk"]
    blocks = ["Uncomment to answer for Rill"]


class Fcgid(Apache):
    template = "apache-fcgid.conf.in"
    modules = ["fcgid"]
    can_hold = 20
    keeps_length = True
    slow_readers = 20  # each holds a process

    def extra(self):
        return f"""FcgidIPCDir {self.folder}
FcgidProcessTableFile {self.folder}/table"""


class KeptNginx(Nginx):
    """Keeps its connections to the worker."""

    def configuration(self):
        to_worker = f"unix:{self.backend.socket_path};"
        text = super().configuration().replace("keep_conn off", "keep_conn on")
        text = text.replace(f"pass {to_worker}", "pass rill;")
        return text.replace(
            "http {\n", f"http {{\nupstream rill {{ server {to_worker} "
            "keepalive 32; }\n")


class KeptApache(Apache):
    def configuration(self):
        return super().configuration().replace("disablereuse", "enablereuse")


KINDS = [Lighttpd, Nginx, Apache, Fcgid]

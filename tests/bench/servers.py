# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared: started on free loopback ports, stopped by their id."""
import glob
import os
import signal
import socket
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
ANSWER = ('{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":'
          '{"uid":"705ab4f5-6393-11e8-b7cc-42010a800002","allowed":true}}')

# Reads the whole body into memory, as a webhook must, then answers a fixed 200. (A plain
# `return 200` would throw the body away in pieces of 4 KiB, which costs nginx more from
# 12 KB on.) No tickets: the API server never resumes a session.
NGINX_CONF = """
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
daemon off;
pid {work}/nginx.pid;
error_log {work}/nginx.log;
worker_processes {threads};
events {{ worker_connections 2048; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_timeout 120;
    keepalive_requests 100000000;
    client_max_body_size 8m;
    client_body_buffer_size 8m;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {work}/tls.crt;
        ssl_certificate_key {work}/tls.key;
        ssl_protocols TLSv1.3;
        ssl_session_tickets off;
        location / {{ echo_read_request_body; echo_exec @answer; }}
        location @answer {{ return 200 '{answer}\n'; }}
    }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_certificate(work):
    """A CA and a leaf for localhost, ECDSA P-256."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=work, check=True, stderr=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2",
            "-subj", "/CN=bench CA", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-new", *key, "-keyout", "tls.key", "-out", "tls.csr", "-subj", "/CN=localhost")
    with open(f"{work}/leaf.cnf", "w", encoding="ascii") as f:
        f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"
                "keyUsage=critical,digitalSignature\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-out", "tls.crt", "-extfile", "leaf.cnf")
    os.chmod(f"{work}/tls.key", 0o600)


class Server:
    """A process with its children. Use with `with`: it is stopped in any case."""

    def __init__(self, name, argv, port, log):
        self.name, self.port = name, port
        self.log = log
        with open(log, "wb") as f:
            self.process = subprocess.Popen(argv, stdout=f, stderr=f, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait(self, port, seconds=20):
        """Until the port takes connections."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        self.__exit__()
        with open(self.log, encoding="utf-8", errors="replace") as f:
            raise SystemExit(f"{self.name} did not start:\n{f.read()[-2000:]}")

    def pids(self):
        found = [self.process.pid]
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/children"):
            with open(path, encoding="ascii") as f:
                found += [int(p) for p in f.read().split()]
        return found

    def cpu(self):
        """Seconds of utime and stime so far, all processes and threads."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                fields = f.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def memory(self, key):
        """VmRSS or VmHWM in MiB; the main process."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") as f:
            for line in f:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) / 1024
        raise SystemExit(f"{self.name} has ended")


def nginx(work, threads):
    port = free_port()
    conf = f"{work}/nginx.conf"
    with open(conf, "w", encoding="ascii") as f:
        f.write(NGINX_CONF.format(work=work, port=port, threads=threads, answer=ANSWER))
    argv = ["/usr/sbin/nginx", "-p", work, "-c", conf]
    return Server("nginx", argv, port, f"{work}/nginx.out").wait(port)


def go_program(work, name):
    """A program of this folder in Go, of its standard library alone; its path."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    settings = {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-ldflags=-s -w", "-o", f"{work}/{name}", "main.go"], check=True, cwd=source,
                   env=settings)
    return f"{work}/{name}"


def byhand(work, threads):
    """A webhook in Go."""
    port, program = free_port(), go_program(work, "byhand")
    argv = ["env", f"GOMAXPROCS={threads}", program, f"127.0.0.1:{port}", f"{work}/tls.crt", f"{work}/tls.key"]
    return Server("the webhook in Go", argv, port, f"{work}/byhand.out").wait(port)


def guard(program, work, threads=None, policies=None, wait=True):
    """oke-guard with the built-in pack, and the policies of a folder."""
    port, health = free_port(), free_port()
    argv = [program, "serve", "--listen", f"127.0.0.1:{port}",
            "--health-listen", f"127.0.0.1:{health}", "--grace", "0",
            "--tls-cert", f"{work}/tls.crt", "--tls-key", f"{work}/tls.key"]
    if threads:
        argv += ["--threads", str(threads)]
    if policies:
        argv += ["--policy", policies]
    server = Server("oke-guard", argv, port, f"{work}/oke-guard-{port}.log")
    server.health = health
    return server.wait(port) if wait else server

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The image as a registry and a kubelet would meet it: opened, accounted for, and run.

    test_image.py ARCH...

Reads build/image/oke-guard-ARCH.tar ($IMAGE names another folder). To run it, its layers are
unpacked and entered by chroot, on a read-only mount, as 65532, without any capability; that needs
root or sudo. An architecture that is not this machine's runs under qemu-user.
"""
import calendar
import contextlib
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGE = pathlib.Path(os.environ.get("IMAGE", "build/image"))
ARCHES = {"amd64": ("x86_64", "X86-64", "x86_64-linux-gnu"), "arm64": ("aarch64", "AArch64", "aarch64-linux-gnu")}
PROGRAMS = ["oke-guard", "oke-guard-agent"]
LIMIT = 32_000_000
USER = 65532
PATIENCE = 60
SBOM = "usr/share/doc/oke-guard/sbom.spdx.json"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, str(path)], check=True, text=True, capture_output=True).stdout


class Image:
    """The archive's files, its layers' members, and an unpacked copy."""

    def __init__(self, arch):
        self.arch, self.machine = arch, ARCHES[arch][0]
        self.archive = ROOT / IMAGE / f"oke-guard-{arch}.tar"
        with tarfile.open(self.archive) as tar:
            self.members = tar.getmembers()
            self.files = {m.name: tar.extractfile(m).read() for m in self.members if m.isfile()}
        self.index = json.loads(self.files["index.json"])
        self.manifest = json.loads(self.blob(self.index["manifests"][0]))
        self.config = json.loads(self.blob(self.manifest["config"]))
        self.layers = [gzip.decompress(self.blob(d)) for d in self.manifest["layers"]]
        self.folder = tempfile.TemporaryDirectory(prefix="oke-guard-image-")
        self.root = pathlib.Path(self.folder.name) / "root"
        self.root.mkdir(mode=0o755)
        os.chmod(self.folder.name, 0o755)
        self.entries = {}
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
                self.last = {m.name: m for m in tar.getmembers()}
                self.entries.update(self.last)
                tar.extractall(self.root)
        self.sbom = json.loads((self.root / SBOM).read_text())

    def blob(self, descriptor):
        return self.files["blobs/" + descriptor["digest"].replace(":", "/")]

    def regular(self):
        return {name for name, m in self.entries.items() if m.isfile()}

    def elves(self):
        for name in sorted(self.regular()):
            if (self.root / name).read_bytes()[:4] == b"\x7fELF":
                yield name, self.root / name

    def inside(self, name):
        """Where a path leads when / is the image's root; None when it leads nowhere."""
        at = ""
        for part in pathlib.PurePosixPath(name).parts:
            at = os.path.normpath(os.path.join(at, part)).lstrip("/")
            entry = self.entries.get(at)
            if entry and entry.issym():
                base = "" if entry.linkname.startswith("/") else os.path.dirname(at)
                at = self.inside(os.path.normpath(os.path.join("/", base, entry.linkname)).lstrip("/"))
            if at is None or at not in self.entries:
                return None
        return at

    def library(self, soname):
        """As the loader looks for it: no cache, no path but its own."""
        triplet = ARCHES[self.arch][2]
        for folder in (f"lib/{triplet}", f"usr/lib/{triplet}", "lib", "usr/lib"):
            found = self.inside(f"{folder}/{soname}")
            if found:
                return found
        return None


class Case(unittest.TestCase):
    """Run once for each architecture; see load_tests."""

    def __init__(self, method, image=None):
        super().__init__(method)
        self.image = image

    def __str__(self):
        return f"{self.image.arch} {type(self).__name__}.{self._testMethodName}"

    def shortDescription(self):
        return None


class Archive(Case):
    def test_layout(self):
        """An image layout whose every blob is what its name says, and is used."""
        files = self.image.files
        self.assertEqual(json.loads(files["oci-layout"]), {"imageLayoutVersion": "1.0.0"})
        manifest = self.image.manifest
        used = [self.image.index["manifests"][0], manifest["config"], *manifest["layers"]]
        blobs = {name for name in files if name.startswith("blobs/")}
        self.assertEqual(blobs, {"blobs/" + d["digest"].replace(":", "/") for d in used})
        for descriptor in used:
            data = self.image.blob(descriptor)
            self.assertEqual(sha256(data), descriptor["digest"])
            self.assertEqual(len(data), descriptor["size"])
        docker = json.loads(files["manifest.json"])[0]
        self.assertEqual(docker["Config"], "blobs/" + manifest["config"]["digest"].replace(":", "/"))
        self.assertEqual(len(docker["Layers"]), len(manifest["layers"]))

    def test_name(self):
        version = re.search(r'"(.+)"', (ROOT / "lib/base/version.h").read_text())[1]
        self.assertEqual(len(self.image.index["manifests"]), 1)
        names = self.image.index["manifests"][0]["annotations"]
        self.assertEqual(set(names.values()), {f"localhost/oke-guard:{version}"})
        self.assertEqual(self.image.manifest["annotations"]["org.opencontainers.image.version"], version)
        self.assertEqual(self.image.config["config"]["Labels"], self.image.manifest["annotations"])

    def test_configuration(self):
        config = self.image.config
        self.assertEqual((config["os"], config["architecture"]), ("linux", self.image.arch))
        self.assertEqual(self.image.index["manifests"][0]["platform"]["architecture"], self.image.arch)
        self.assertEqual(config["config"]["User"], f"{USER}:{USER}")
        self.assertEqual(config["config"]["Entrypoint"], ["/usr/bin/oke-guard"])
        self.assertEqual(config["config"]["WorkingDir"], "/")
        self.assertEqual(config["rootfs"]["diff_ids"], [sha256(layer) for layer in self.image.layers])
        self.assertEqual(len(config["history"]), len(self.image.layers))

    def test_size(self):
        packed = sum(len(data) for name, data in self.image.files.items() if name.startswith("blobs/"))
        unpacked = sum(m.size for m in self.image.entries.values())
        self.assertLess(packed, LIMIT)
        self.assertLess(unpacked, LIMIT)

    def test_nothing_of_the_machine(self):
        """No owner, name or time that the builder could bring in."""
        created = calendar.timegm(time.strptime(self.image.config["created"], "%Y-%m-%dT%H:%M:%SZ"))
        ours = {name: m.mtime for name, m in self.image.entries.items() if name in self.image.last}
        self.assertEqual(set(ours.values()), {created})
        packed = {m.mtime for name, m in self.image.entries.items() if name not in ours}
        self.assertLess(max(packed), time.time())
        self.assertEqual({m.mtime for m in self.image.members}, {0})
        for m in [*self.image.entries.values(), *self.image.members]:
            self.assertEqual((m.uid, m.gid, m.uname, m.gname), (0, 0, "", ""), m.name)
        for name, path in self.image.elves():
            self.assertNotIn(str(ROOT).encode(), path.read_bytes(), name)


class Contents(Case):
    def test_plain_files(self):
        """Files, folders and links: no setuid, nothing that others may write, no device, no way out."""
        for m in self.image.entries.values():
            self.assertTrue(m.isfile() or m.isdir() or m.issym(), m.name)
            if not m.issym():
                self.assertEqual(m.mode & 0o7022, 0, m.name)
            self.assertNotIn("..", pathlib.PurePosixPath(m.name).parts)
            if m.issym():
                self.assertIsNotNone(self.image.inside(m.name), f"{m.name} -> {m.linkname} leads nowhere")

    def test_programs(self):
        """The two programs and the loader; no shell, nothing else to run."""
        folders = {"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/libexec"}
        self.assertEqual({n for n in self.image.entries if os.path.dirname(n) in folders},
                         {f"usr/bin/{p}" for p in PROGRAMS})
        triplet = ARCHES[self.image.arch][2]
        executable = {n for n in self.image.regular() if self.image.entries[n].mode & 0o111}
        loaders = {n for n in executable if re.fullmatch(rf"usr/lib/{triplet}/(ld-linux-.*|libc)\.so\.\d", n)}
        self.assertEqual(executable - loaders, {f"usr/bin/{p}" for p in PROGRAMS})
        for n in executable:
            self.assertEqual((self.image.root / n).read_bytes()[:4], b"\x7fELF", n)

    def test_needs(self):
        """What an ELF file needs is in the image, and what is in the image is needed."""
        needed = set()
        for name, path in self.image.elves():
            self.assertIn(ARCHES[self.image.arch][1], readelf(path, "-h"), name)
            dynamic = readelf(path, "-d")
            self.assertNotRegex(dynamic, "RPATH|RUNPATH", name)
            for soname in re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic):
                found = self.image.library(soname)
                self.assertIsNotNone(found, f"{name} needs {soname}")
                needed.add(found)
        for program in PROGRAMS:
            loader = re.search(r"interpreter: /(\S+)\]", readelf(self.image.root / "usr/bin" / program, "-l"))[1]
            found = self.image.inside(loader)
            self.assertIsNotNone(found, loader)
            needed.add(found)
        shipped = {name for name, _ in self.image.elves()} - {f"usr/bin/{p}" for p in PROGRAMS}
        # glibc opens this one by itself, for threads that end themselves.
        self.assertEqual({n for n in shipped - needed if "/libgcc_s.so" not in n}, set())

    def test_hardened(self):
        for program in PROGRAMS:
            path = self.image.root / "usr/bin" / program
            self.assertIn("DYN (Position-Independent Executable file)", readelf(path, "-h"))
            self.assertRegex(readelf(path, "-d"), r"BIND_NOW")
            segments = readelf(path, "-l")
            self.assertIn("GNU_RELRO", segments)
            self.assertRegex(segments, r"GNU_STACK.* RW ")
            self.assertIn("__stack_chk_fail", readelf(path, "--dyn-syms"))
            self.assertIn("_chk@", readelf(path, "--dyn-syms"), "no fortified function")
            self.assertNotRegex(readelf(path, "-S"), r"\.symtab|\.debug_")

    def test_debug_information(self):
        """What was stripped lies beside, under the same build id."""
        for program in PROGRAMS:
            debug = ROOT / IMAGE / self.image.arch / "debug" / f"{program}.debug"
            ids = [re.search(r"Build ID: (\w+)", readelf(p, "-n"))[1]
                   for p in (debug, self.image.root / "usr/bin" / program)]
            self.assertEqual(ids[0], ids[1])
            self.assertIn(".debug_info", readelf(debug, "-S"))

    def test_user(self):
        passwd = (self.image.root / "etc/passwd").read_text()
        self.assertIn(f"oke-guard:x:{USER}:{USER}:", passwd)
        self.assertIn(f"oke-guard:x:{USER}:", (self.image.root / "etc/group").read_text())


class Provenance(Case):
    def packages(self):
        return {p["name"]: p for p in self.image.sbom["packages"]}

    def owners(self):
        """Path: the packages that contain it."""
        names = {p["SPDXID"]: p["name"] for p in self.image.sbom["packages"]}
        paths = {f["SPDXID"]: f["fileName"][2:] for f in self.image.sbom["files"]}
        owners = {}
        for r in self.image.sbom["relationships"]:
            if r["relationshipType"] == "CONTAINS" and r["relatedSpdxElement"] in paths:
                owners.setdefault(paths[r["relatedSpdxElement"]], []).append(names[r["spdxElementId"]])
        return owners

    def test_beside_and_inside(self):
        beside = (ROOT / IMAGE / f"oke-guard-{self.image.arch}.spdx.json").read_bytes()
        self.assertEqual(beside, (self.image.root / SBOM).read_bytes())

    def test_document(self):
        sbom = self.image.sbom
        self.assertEqual((sbom["spdxVersion"], sbom["dataLicense"]), ("SPDX-2.3", "CC0-1.0"))
        elements = [sbom["SPDXID"], *(e["SPDXID"] for e in sbom["packages"] + sbom["files"])]
        self.assertEqual(len(elements), len(set(elements)))
        for r in sbom["relationships"]:
            self.assertIn(r["spdxElementId"], elements)
            self.assertIn(r["relatedSpdxElement"], elements)
        for e in elements:
            self.assertRegex(e, r"^SPDXRef-[A-Za-z0-9.-]+$")

    def test_every_file(self):
        """Each file of the image belongs to exactly one package, with its right checksums."""
        owners, files = self.owners(), {f["fileName"][2:]: f for f in self.image.sbom["files"]}
        self.assertEqual(set(files), self.image.regular() - {SBOM})
        for name, record in files.items():
            self.assertEqual(len(owners.get(name, [])), 1, name)
            data = (self.image.root / name).read_bytes()
            sums = {c["algorithm"]: c["checksumValue"] for c in record["checksums"]}
            self.assertEqual(sums["SHA256"], hashlib.sha256(data).hexdigest(), name)
            self.assertEqual(sums["SHA1"], hashlib.sha1(data).hexdigest(), name)

    def test_every_package(self):
        """Each has its licence file, a known licence or none, and its record for scanners."""
        known = [line.split("\t") for line in (ROOT / "tools/image/licences.tsv").read_text().splitlines()
                 if not line.startswith("#")]
        licences, used = dict(known), set()
        self.assertEqual(len(licences), len(known))
        for name, package in self.packages().items():
            if name in ("oke-guard", "localhost/oke-guard"):
                continue
            doc = f"usr/share/doc/{name}/copyright"
            self.assertGreater(self.image.entries[doc].size, 0)
            self.assertEqual(self.owners()[doc], [name])
            status = (self.image.root / "var/lib/dpkg/status.d" / name).read_text()
            self.assertIn(f"Package: {name}\n", status)
            self.assertIn(f"\nVersion: {package['versionInfo']}\n", status)
            source = re.match(r"built from: (\S+) ", package["sourceInfo"])[1]
            self.assertEqual(package["licenseDeclared"], licences.get(source), f"{source} in tools/image/licences.tsv")
            used.add(source)
            self.assertTrue(package["externalRefs"][0]["referenceLocator"].startswith(f"pkg:deb/debian/{name}@"))
        self.assertEqual(set(licences) - used, set(), "no longer in the image")

    def test_licence_texts(self):
        """The texts that licence files refer to are there."""
        for name in self.image.regular():
            if name.endswith("/copyright"):
                data = (self.image.root / name).read_text(errors="replace")
                for text in re.findall(r"/usr/share/common-licenses/(L?GPL-[\d.]*\d|Apache-2\.0)", data):
                    self.assertIsNotNone(self.image.inside(f"usr/share/common-licenses/{text}"), f"{name}: {text}")

    def test_scanners_know_the_system(self):
        release = (self.image.root / "etc/os-release").read_text()
        self.assertRegex(release, r"(?m)^ID=debian$")
        self.assertIn("etc/debian_version", self.image.entries)


# $1 the root, $2 what is writable below /certs, $3 the emulator or nothing, $4 settings; then the command.
ENTER = """
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount --bind "$2" "$1/certs"
[ -z "$3" ] || mount --bind "$3" "$1/emulator"
root=$1
settings=$4
shift 4
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid \\
	env -i $settings "$(command -v chroot)" --userspec=65532:65532 --groups= "$root" "$@"
"""


class Root:
    """The image's root, entered as a container would be: read-only but for the folder /certs."""

    def __init__(self, image):
        self.root = image.root
        self.certs = pathlib.Path(image.folder.name) / "certs"
        self.certs.mkdir(exist_ok=True)
        (self.root / "certs").mkdir(exist_ok=True)
        (self.root / "emulator").touch()
        self.sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        self.emulator = "" if platform.machine() == image.machine else shutil.which(f"qemu-{image.machine}-static")
        subprocess.run([*self.sudo, "chown", f"{USER}:{USER}", str(self.certs)], check=True)

    def command(self, program, *arguments, settings=""):
        return [*self.sudo, "unshare", "--mount", "--", "sh", "-ec", ENTER, "sh", str(self.root), str(self.certs),
                self.emulator, settings, *(["/emulator"] if self.emulator else []), f"/usr/bin/{program}", *arguments]

    def run(self, program, *arguments, settings=""):
        return subprocess.run(self.command(program, *arguments, settings=settings), text=True, capture_output=True,
                              timeout=PATIENCE, check=False)

    def give_back(self):
        """So that who runs the test may remove it."""
        subprocess.run([*self.sudo, "chown", "-R", f"{os.getuid()}:{os.getgid()}", str(self.certs)], check=True)

    def issue(self):
        """A pair for 127.0.0.1, made by the image's own program, and the context of who trusts it."""
        made = self.run("oke-guard", "certs", "issue", "--force", "--dir", "/certs", "--name", "127.0.0.1")
        if made.returncode:
            raise AssertionError(made.stderr)
        # The key is 65532's alone; a test's own server wants to read it, and to put a token there.
        subprocess.run([*self.sudo, "chmod", "-R", "a+rwX", str(self.certs)], check=True)
        return ssl.create_default_context(cafile=str(self.certs / "ca.crt"))


def opened_later(text, program):
    """Libraries that glibc was asked for once the program ran (LD_DEBUG=files)."""
    _, started, later = text.partition(f"initialize program: /usr/bin/{program}")
    if not started:
        raise AssertionError("no word from the loader:\n" + text[-2000:])
    return re.findall(r"file=(\S+) .*dynamically loaded", later)


class Serving:
    """oke-guard serve in the image."""

    def __init__(self, root):
        self.lines, self.ready = [], threading.Event()
        self.process = subprocess.Popen(root.command(
            "oke-guard", "serve", "--listen=127.0.0.1:0", "--health-listen=127.0.0.1:0", "--tls-cert=/certs/tls.crt",
            "--tls-key=/certs/tls.key", "--grace=0", settings="LD_DEBUG=files"), stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not self.ready.wait(PATIENCE):
            self.process.kill()
            raise AssertionError("not serving:\n" + "".join(self.lines))

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if line.startswith("{") and json.loads(line).get("msg") == "serving":
                self.port = int(json.loads(line)["listen"].rsplit(":", 1)[1])
                self.ready.set()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.reader.join()
        self.process.stderr.close()
        return status


class Gone(BaseHTTPRequestHandler):
    """An API server that has no such object."""
    protocol_version = "HTTP/1.1"

    def do_DELETE(self):
        body = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound",
                           "code": 404}).encode()
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def api_server(certs):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gone)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "tls.crt", certs / "tls.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Runs(Case):
    def setUp(self):
        self.root = Root(self.image)
        self.addCleanup(self.root.give_back)

    def test_words(self):
        version = self.image.manifest["annotations"]["org.opencontainers.image.version"]
        for program in PROGRAMS:
            says = self.root.run(program, "--version")
            self.assertEqual((says.returncode, says.stdout), (0, f"{program} {version}\n"), says.stderr)
            self.assertIn(f"Usage: {program} COMMAND", self.root.run(program, "--help").stdout)

    def test_nothing_can_be_written(self):
        tried = self.root.run("oke-guard", "certs", "issue", "--dir", "/", "--name", "x.y.svc")
        self.assertEqual(tried.returncode, 2, tried.stderr)
        self.assertIn("Read-only file system", tried.stderr)

    def test_serves(self):
        """A denial over TLS 1.3, as 65532 with no capability, and not one library opened on the way."""
        context = self.root.issue()
        serving = Serving(self.root)
        try:
            request = urllib.request.Request(
                f"https://127.0.0.1:{serving.port}/validate?timeout=2s", headers={"Content-Type": "application/json"},
                data=(ROOT / "tests/data/reviews/example.json").read_bytes())
            with urllib.request.urlopen(request, context=context, timeout=PATIENCE) as answer:
                verdict = json.load(answer)["response"]
            self.assertIs(verdict["allowed"], False)
            self.assertIn("[coredns/scale]", verdict["status"]["message"])
            if not self.root.sudo:
                status = pathlib.Path(f"/proc/{serving.process.pid}/status").read_text()
                for line in (rf"Uid:(\t{USER}){{4}}$", rf"Gid:(\t{USER}){{4}}$", r"Groups:\s*$", r"CapEff:\t0+$",
                             r"NoNewPrivs:\t1$"):
                    self.assertRegex(status, "(?m)^" + line)
        finally:
            ended = serving.stop()
        self.assertEqual(ended, 0)
        self.assertEqual(opened_later("".join(serving.lines), "oke-guard"), [])

    def test_agent_calls(self):
        """The agent meets an API server over TLS with libcurl, and opens no library on the way."""
        self.root.issue()
        (self.root.certs / "token").write_text("a-token\n")
        with api_server(self.root.certs) as server:
            done = self.root.run(
                "oke-guard-agent", "remove", "--webhook-configuration", "oke-guard", "--server",
                f"https://127.0.0.1:{server.server_port}", "--token-file", "/certs/token", "--ca-file",
                "/certs/ca.crt", settings="LD_DEBUG=files")
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/oke-guard"
        self.assertEqual([(p.split("?")[0], token) for p, token in server.asked], [(path, "Bearer a-token")])
        self.assertEqual(opened_later(done.stderr, "oke-guard-agent"), [])


def load_tests(loader, *_):
    suite = unittest.TestSuite()
    for arch in ARCHITECTURES:
        image = Image(arch)
        unittest.addModuleCleanup(image.folder.cleanup)
        for case in (Archive, Contents, Provenance, Runs):
            suite.addTests(case(name, image) for name in loader.getTestCaseNames(case))
    return suite


if __name__ == "__main__":
    ARCHITECTURES = [a for a in sys.argv[1:] if a in ARCHES]
    if not ARCHITECTURES or len(ARCHITECTURES) != len(sys.argv) - 1:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1], verbosity=2)

# SPDX-License-Identifier: Apache-2.0
"""What a program tells a shell: completion in real shells, manual pages, help, version, its name."""

import json
import os
import pathlib
import pty
import select
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAMS = ("oke-guard", "oke-guard-agent")
SHELLS = ("bash", "zsh", "fish")
FILES = ("audit.log", "deploy.yaml", "values one.yaml")

# A line up to the cursor, and what may follow: exactly.
LINES = [
    ("a command", "oke-guard ser", {"serve"}),
    ("commands that begin alike", "oke-guard ver", {"version", "versions"}),
    ("all that certs has", "oke-guard certs ", {"issue", "check", "show"}),
    ("a command of a command", "oke-guard policy ex", {"explain"}),
    ("a long option", "oke-guard check --kube", {"--kubernetes"}),
    ("an option of a command of a command", "oke-guard certs issue --al", {"--algorithm"}),
    ("one that another command has", "oke-guard versions --kube", set()),
    ("the value of a choice", "oke-guard review -o j", {"json"}),
    ("behind the long name", "oke-guard review --output ", {"text", "json"}),
    ("after an equals sign", "oke-guard review --output=te", {"text"}),
    ("a file as operand", "oke-guard check dep", {"deploy.yaml"}),
    ("behind options", "oke-guard check --fail-on warn -n app dep", {"deploy.yaml"}),
    ("a file with a blank", "oke-guard check val", {"values one.yaml"}),
    ("a file as value", "oke-guard check --config dep", {"deploy.yaml"}),
    ("a value that nobody knows", "oke-guard check --namespace ", set()),
    ("a command without operands", "oke-guard serve dep", set()),
    ("a name, not a file", "oke-guard policy explain dep", set()),
    ("files or a command", "oke-guard replay m", {"merge"}),
    ("files behind it", "oke-guard replay merge aud", {"audit.log"}),
    ("help of a command", "oke-guard help gen", {"generate"}),
    ("help of a command's command", "oke-guard help certs is", {"issue"}),
    ("no file behind help", "oke-guard help check ", set()),
    ("the shells", "oke-guard completion ", {"bash", "zsh", "fish"}),
    ("the agent", "oke-guard-agent pub", {"publish"}),
    ("the agent's options", "oke-guard-agent publish --conf", {"--configmap"}),
]


def run(*argv, **more):
    return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120, check=False, **more)


class Terminal:
    """A shell at a terminal of its own, to type at."""

    def __init__(self, argv, env, cwd):
        self.shown = ""
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(cwd)
            os.execvpe(argv[0], argv, env)

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, ready, what):
        end = time.monotonic() + 60
        while not ready():
            if time.monotonic() > end:
                raise AssertionError(f"{what} has not come; the terminal shows {self.shown[-2000:]!r}")
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.shown += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"the shell ended: {self.shown[-2000:]!r}") from None

    def end(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


# What a completion adds is written down, on its way to the terminal.
ZSH = """
autoload -Uz compinit; compinit -u -D
for p in oke-guard oke-guard-agent; do source $SCRIPTS/$p.zsh; done
compadd() {
	local -a hits
	if [[ " $* " == *' -'[OAD]' '* ]]; then builtin compadd "$@"; return; fi
	builtin compadd -A hits "$@"
	print -rl -- "${(Q@)hits}" >> $OUT
	builtin compadd "$@"
}
zstyle ':completion:*' menu no
setopt no_beep; unsetopt auto_menu
tab() { zle complete-word; : > $OUT.done }
zle -N tab; bindkey '^I' tab
PS1='ready> '
"""
BASH = """
for p in oke-guard oke-guard-agent; do source $SCRIPTS/$p.bash; done
PS1='ready> '
listed() { for f in _oke_guard _oke_guard_agent; do
	eval "original_$(declare -f $f)"
	eval "$f() { original_$f; printf '%s\\n' \\"\\${COMPREPLY[@]}\\" >> $OUT; : > $OUT.done; }"
done; }
listed
bind 'set bell-style none'
"""


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="oke-guard-shell-")
        cls.at = pathlib.Path(cls.folder.name)
        (cls.at / "files").mkdir()
        (cls.at / "bin").mkdir()
        for name in FILES:
            (cls.at / "files" / name).touch()
        for program in PROGRAMS:
            (cls.at / "bin" / program).symlink_to(BUILD / program)
            for shell in SHELLS:
                made = run(BUILD / program, "completion", shell)
                assert made.returncode == 0, made.stdout
                (cls.at / f"{program}.{shell}").write_text(made.stdout, encoding="utf-8")
        cls.out = cls.at / "out"
        cls.env = {"PATH": f"{cls.at}/bin:{os.environ['PATH']}", "HOME": str(cls.at), "TERM": "dumb", "LC_ALL": "C.UTF-8",
                   "SCRIPTS": str(cls.at), "OUT": str(cls.out), "INPUTRC": "/dev/null"}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def answers(self, argv, start):
        """The completions of each line, by a shell at a terminal."""
        done = self.at / "out.done"
        done.unlink(missing_ok=True)
        terminal = Terminal(argv, self.env, self.at / "files")
        try:
            (self.at / "start").write_text(start, encoding="utf-8")
            terminal.type(f". {self.at}/start; : > $OUT.done\r")
            terminal.wait_for(done.exists, "the prompt")
            for _, line, _ in LINES:
                done.unlink()
                self.out.write_text("", encoding="utf-8")
                terminal.type(f"{line}\t")
                terminal.wait_for(done.exists, f"an answer to {line!r}")
                terminal.type("\x15")  # a blank line
                yield {word.rstrip("= ") for word in self.out.read_text(encoding="utf-8").splitlines() if word}
        finally:
            terminal.end()

    def compare(self, answers):
        for (why, line, want), got in zip(LINES, answers, strict=True):
            with self.subTest(why, line=line):
                self.assertEqual(got, want)

    def test_bash(self):
        self.compare(self.answers(["bash", "--norc", "-i"], BASH))

    def test_zsh(self):
        self.compare(self.answers(["zsh", "-f", "-i"], ZSH))

    def test_fish(self):
        answers = []
        for _, line, _ in LINES:
            script = "".join(f"source {self.at}/{p}.fish; " for p in PROGRAMS) + 'complete -C "$LINE"'
            done = run("fish", "--no-config", "-c", script, env=self.env | {"LINE": line}, cwd=self.at / "files")
            self.assertEqual(done.returncode, 0, done.stdout)
            words = {row.split("\t")[0].replace("\\ ", " ") for row in done.stdout.splitlines()}
            answers.append({w.split("=", 1)[1] if "=" in line and "=" in w else w for w in words})
        self.compare(answers)

    def test_every_option_is_offered(self):
        """By each shell, for each command: as many as the table has."""
        for program in PROGRAMS:
            pages = json.loads(run(BUILD / program, "help", "-o", "json").stdout)["commands"]
            scripts = {s: (self.at / f"{program}.{s}").read_text(encoding="utf-8") for s in SHELLS}
            for page in pages:
                for option in page["options"]:
                    with self.subTest(program, command=page["command"], option=option["name"]):
                        self.assertRegex(scripts["bash"], rf"'{page['command']}'\) echo '.*--{option['name']} ")
                        self.assertRegex(scripts["fish"], rf'in "{page["command"]}".* -l {option["name"]}\b')
                        name = page["command"].replace(" ", "__").replace("-", "_")
                        body = scripts["zsh"].split(f"__{name}() {{\n", 1)[1].split("\n}\n", 1)[0]
                        self.assertRegex(body, rf"--{option['name']}\b")

    def test_scripts_are_clean(self):
        for program in PROGRAMS:
            checked = run("shellcheck", "-s", "bash", "-S", "warning", "-e", "SC2207", self.at / f"{program}.bash")
            self.assertEqual(checked.returncode, 0, checked.stdout)


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="oke-guard-man-")
        cls.at = pathlib.Path(cls.folder.name)
        made = run("/usr/bin/python3", ROOT / "tools" / "man.py", cls.at, *(BUILD / p for p in PROGRAMS),
                   env=os.environ | {"SOURCE_DATE_EPOCH": "1764547200"})
        assert made.returncode == 0, made.stdout
        cls.pages = sorted((cls.at / "man1").iterdir())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_there_is_one_for_each_command(self):
        want = set()
        for program in PROGRAMS:
            for page in json.loads(run(BUILD / program, "help", "-o", "json").stdout)["commands"]:
                want.add("-".join([program, *page["command"].split()]) + ".1")
        self.assertEqual({p.name for p in self.pages}, want)

    def test_mandoc_and_man_find_no_fault(self):
        linted = run("mandoc", "-Tlint", "-Wstyle", *self.pages)
        self.assertEqual((linted.stdout, linted.returncode), ("", 0))
        for page in self.pages:
            shown = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page, env=os.environ | {"MANWIDTH": "80"})
            self.assertEqual(shown.returncode, 0, shown.stdout)
            self.assertNotIn("warning", shown.stdout.splitlines()[0].lower())
            self.assertNotRegex(shown.stdout, r"(?m)^(man|troff|<standard input>).*: warning")

    def test_apropos_finds_them(self):
        for page in self.pages:
            said = run("lexgrog", page)
            self.assertEqual(said.returncode, 0, said.stdout)
            self.assertRegex(said.stdout, rf': "{page.stem} - \S.{{10,}}"$')

    def test_what_a_reader_sees(self):
        shown = run("man", "-l", "-Tascii", self.at / "man1" / "oke-guard-check.1",
                    env=os.environ | {"MANWIDTH": "100", "MANPAGER": "cat", "GROFF_NO_SGR": "1"}).stdout
        plain = run("col", "-bx", input=shown).stdout
        for part in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
            self.assertRegex(plain, rf"(?m)^{part}$")
        self.assertRegex(plain, r"(?m)^\s+oke-guard check --kubernetes 1\.36 manifests/$")
        self.assertIn("-o, --output text|json|", plain)
        self.assertIn("OKE_GUARD_CONFIG", plain)
        self.assertIn("oke-guard-scan(1)", plain)

    def test_the_same_bytes_again(self):
        with tempfile.TemporaryDirectory() as other:
            run("/usr/bin/python3", ROOT / "tools" / "man.py", other, *(BUILD / p for p in PROGRAMS),
                env=os.environ | {"SOURCE_DATE_EPOCH": "1764547200"})
            for page in self.pages:
                self.assertEqual(page.read_bytes(), (pathlib.Path(other) / "man1" / page.name).read_bytes())


class Words(unittest.TestCase):
    def test_help_is_what_the_option_says(self):
        for program in PROGRAMS:
            for page in json.loads(run(BUILD / program, "help", "-o", "json").stdout)["commands"]:
                words = page["command"].split()
                with self.subTest(program, words=words):
                    helped, asked = run(BUILD / program, "help", *words), run(BUILD / program, *words, "--help")
                    self.assertEqual((helped.returncode, helped.stdout), (0, asked.stdout))
                    for option in page["options"]:
                        self.assertRegex(asked.stdout, rf"--{option['name']}\b")

    def test_help_of_what_is_not_there(self):
        for words, want in (
            (["chekc"], "oke-guard: there is no command 'chekc'; did you mean 'check'?\n"),
            (["certs", "Issue"], "oke-guard certs: there is no command 'Issue'; did you mean 'issue'?\n"),
            (["check", "x"], "oke-guard help: 'check' has no commands of its own\n"),
            (["-o", "json", "check"], "oke-guard help: -o json prints every command; leave 'check' out\n"),
        ):
            done = run(BUILD / "oke-guard", "help", *words)
            self.assertEqual((done.returncode, done.stdout), (2, want))

    def test_version(self):
        for program in PROGRAMS:
            said = run(BUILD / program, "version")
            self.assertEqual((said.returncode, said.stdout), (0, run(BUILD / program, "--version").stdout))
            told = json.loads(run(BUILD / program, "version", "-o", "json").stdout)
            self.assertEqual(said.stdout, f"{told['program']} {told['version']}\n")

    def test_the_other_case_is_told(self):
        for words, want in (
            ("SERVE", "did you mean 'serve'?"),
            ("check -o JSON x", "did you mean 'json'?"),
            ("check -O json x", "did you mean -o?"),
            ("check --Kubernetes 1.36 x", "did you mean --kubernetes?"),
            ("check --fail-on DENY x", "did you mean 'deny'?"),
            ("certs ISSUE", "did you mean 'issue'?"),
            ("policy Lint x", "did you mean 'lint'?"),
            ("alpha LIST", "did you mean 'list'?"),
            ("alpha list --stage Alpha", "did you mean 'alpha'?"),
            ("learn SHOW", "did you mean 'show'?"),
            ("scan MERGE", "did you mean 'merge'?"),
            ("replay Merge", "did you mean 'merge'?"),
            ("generate Webhook-Configuration", "did you mean 'webhook-configuration'?"),
            ("completion BASH", "did you mean 'bash'?"),
            ("policy explain COREDNS/scale", "did you mean 'coredns'?"),
            ("policy explain coredns/SCALE", "did you mean 'scale'?"),
        ):
            with self.subTest(words):
                done = run(BUILD / "oke-guard", *words.split())
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn(want, done.stdout)


class Plugin(unittest.TestCase):
    """kubectl runs kubectl-oke_guard for `kubectl oke-guard`."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.plugin = pathlib.Path(folder.name) / "kubectl-oke_guard"
        self.plugin.symlink_to(BUILD / "oke-guard")

    def test_usage_and_messages_can_be_typed(self):
        for words, want in (
            ("", "kubectl oke-guard: name a command, for example 'oke-guard serve'; kubectl oke-guard --help lists them\n"),
            ("SERVE", "kubectl oke-guard: there is no command 'SERVE'; did you mean 'serve'?\n"),
            ("certs x", "kubectl oke-guard certs: there is no command 'x'; try kubectl oke-guard certs --help\n"),
            ("check", "kubectl oke-guard check: name a file or folder with manifests, or - for the standard input\n"),
            ("check --zzzz", "kubectl oke-guard check: there is no option --zzzz; try --help\n"),
            ("check -o xml x", "kubectl oke-guard check: --output expects one of "),
            ("scan --check NO", "kubectl oke-guard scan: --check: there is no check 'NO'; `kubectl oke-guard scan --list`"),
            ("help check", "Usage: kubectl oke-guard check "),
        ):
            with self.subTest(words):
                self.assertIn(want, run(self.plugin, *words.split()).stdout)

    def test_names_of_other_things_stay(self):
        """A Service, a namespace, a configuration are called oke-guard as well."""
        for page in json.loads(run(BUILD / "oke-guard", "help", "-o", "json").stdout)["commands"]:
            words = page["command"].split()
            plain, plugin = (run(p, *words, "--help").stdout for p in (BUILD / "oke-guard", self.plugin))
            with self.subTest(words=words):
                self.assertEqual(plugin.replace("kubectl oke-guard", "oke-guard"), plain)
                self.assertIn("Usage: kubectl oke-guard", plugin)
                self.assertNotRegex(plugin, r"--(service|namespace|name) kubectl")
                self.assertNotRegex(plugin, r"(?m)(^|\| |`)oke-guard (check|scan|certs|replay|policy|review|serve) ")



BAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostUsers: false, containers: [{name: a, image: b}]}\n"


class Looks(unittest.TestCase):
    """Colour and progress are for terminals, and for those who want them."""

    def shown(self, *argv, ends=None, **env):
        with tempfile.TemporaryDirectory() as cwd:
            (pathlib.Path(cwd) / "pod.yaml").write_text(BAD, encoding="utf-8")
            (pathlib.Path(cwd) / "bad.yaml").write_text("a: b: c\n", encoding="utf-8")
            clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
            script = f"stty -opost; {' '.join(str(a) for a in argv)}; echo ended"
            terminal = Terminal(["sh", "-c", script], clean | {"TERM": "xterm"} | env, cwd)
            try:
                terminal.wait_for(lambda: "ended\n" in terminal.shown, "the end")
            finally:
                terminal.end()
        return terminal.shown

    def test_colour(self):
        check = (BUILD / "oke-guard", "check", "--kubernetes", "1.26", "pod.yaml")
        self.assertRegex(self.shown(*check), "pod.yaml:4: \033\\[3[13]m(warn|deny)\033\\[0m \\[alpha/fields\\]")
        self.assertIn("\033[", self.shown(*check, NO_COLOR=""))
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
            self.assertNotIn("\033", self.shown(*check, **env), env)
        self.assertNotIn("\033", self.shown(*check, "|", "cat"))
        self.assertIn("\033[31merror:\033[0m ", self.shown(BUILD / "oke-guard", "check", "bad.yaml"))
        scan = (BUILD / "oke-guard", "scan", "--from", ROOT / "tests/data/scan/example")
        self.assertIn("\033[31m", self.shown(*scan))
        self.assertNotIn("\033", self.shown(*scan, NO_COLOR="1"))

    def test_progress(self):
        """What takes long shows how far it is; nothing of it is left, nothing of it is in a file."""
        # The input ends so much later than a slow machine has begun to read it that the second is over.
        wait = 8 if os.environ.get("SANITIZE") else 3
        feed = f"(printf '{BAD}---\n'; sleep {wait}; for i in 1 2 3; do printf '{BAD}---\n'; done)".replace("\n", "\\n")
        long = ("oke-guard", "check", "--kubernetes", "1.26", "-")
        long = (feed, "|", BUILD / long[0], *long[1:])
        shown = self.shown(*long)
        self.assertIn("objects judged, now stdin\r\033[K", shown)
        self.assertEqual(shown.count("[alpha/fields]"), 4, shown)
        self.assertTrue(shown.endswith("ended\n"), shown)
        self.assertNotIn("judged, now", self.shown(*long, "2>&1", "|", "cat"))
        self.assertNotIn("judged, now", self.shown(*long, TERM="dumb"))


if __name__ == "__main__":
    unittest.main()

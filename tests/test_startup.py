"""A program that `botwo run` starts is routed from its first S3 client on; so are its children."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import botwo
from botwo._activate import child_environment

CONFIG = """
[clients.own]
application = true
[clients.lakefs]
endpoint_url = "https://lakefs.example.com"
[[mapping]]
bucket_name = "moved"
client = "lakefs"
mapped_bucket_name = "moved-repo"
[[mapping]]
bucket_name = "*"
client = "own"
"""
# Every way to make a client; what `tell` gives of each is what the bucket `moved` is called.
WAYS = """
import boto3, botocore.session
from boto3 import client as imported_before
boto3.setup_default_session()
session, core = boto3.Session(), botocore.session.get_session()
own = "https://own.example.com"
WAYS = {
    "boto3.client": lambda: boto3.client("s3"),
    "imported before": lambda: imported_before("s3"),
    "boto3.resource": lambda: boto3.resource("s3").Bucket("moved").meta.client,
    "Session before, client": lambda: session.client("s3"),
    "Session before, resource": lambda: session.resource("s3").meta.client,
    "Session after, client": lambda: boto3.Session().client(service_name="s3"),
    "botocore before": lambda: core.create_client("s3"),
    "botocore after": lambda: botocore.session.Session().create_client("s3"),
    "endpoint_url, client": lambda: boto3.client("s3", endpoint_url=own),
    "endpoint_url, resource": lambda: boto3.resource("s3", endpoint_url=own).meta.client,
}
def told(client):
    asked = {"Bucket": "moved", "Key": "x"}
    return client.generate_presigned_url("get_object", Params=asked).split("?")[0]
def tell(*_):
    print({name: told(make()) for name, make in WAYS.items()}, flush=True)
"""
OWN = "https://own.example.com/moved/x"
PLAIN = "https://moved.s3.amazonaws.com/x"
ROUTED = "https://lakefs.example.com/moved-repo/x"
KINDS = [
    "boto3.client", "imported before", "boto3.resource", "Session before, client",
    "Session before, resource", "Session after, client", "botocore before", "botocore after",
]  # fmt: skip
LEFT_ALONE = dict.fromkeys(["endpoint_url, client", "endpoint_url, resource"], OWN)


Done: TypeAlias = "subprocess.CompletedProcess[str]"


class Programs:
    """Programs of one folder, with a config file beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "botwo.toml"
        self.config.write_text(CONFIG)
        self.environment = {
            **os.environ,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "of-the-program",
            "AWS_SECRET_ACCESS_KEY": "x",
            # Where botwo is imported from, if it is not installed: first, as in a checkout.
            "PYTHONPATH": str(Path(botwo.__file__).parent.parent),
        }

    def write(self, name: str, text: str) -> Path:
        """Write a module of the folder."""
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    def run(
        self, *command: str, routed: bool = True, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python with a command, as `botwo run` does."""
        environment = {**self.environment, **more}
        if routed:
            environment = child_environment(self.config, environment)
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """Programs in a folder of the test's own."""
    return Programs(tmp_path)


def _printed(done: Done) -> list[str]:
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.split()


def _pool(method: str) -> str:
    return (
        "import multiprocessing\n"
        'if __name__ == "__main__":\n'
        f'    with multiprocessing.get_context("{method}").Pool(1) as pool: pool.map(tell, [0])\n'
    )


_SUBPROCESS = """
import subprocess, sys
if len(sys.argv) > 1: tell()
else: subprocess.run([sys.executable, "job.py", "child"], check=True)
"""
# A master that loads the program, and forks workers that serve it, as gunicorn does.
_PREFORK = """
import os
next(iter(WAYS.values()))()
for _ in range(2):
    if not os.fork():
        tell()
        os._exit(0)
    os.wait()
"""
# How a program's processes begin: the end of the job, and Python's command line.
MODELS = {
    "python script": ("tell()", ["job.py"]),
    "python -m": ("tell()", ["-m", "job"]),
    "fork": (_pool("fork"), ["job.py"]),
    "spawn": (_pool("spawn"), ["job.py"]),
    "forkserver": (_pool("forkserver"), ["job.py"]),
    "subprocess": (_SUBPROCESS, ["job.py"]),
    "prefork": (_PREFORK, ["job.py"]),
}


def tell(programs: Programs, ways: str, model: str, how: str) -> list[Any]:
    """Have each of a process model's processes tell what each way to make a client gives.

    Args:
        programs: Where they run.
        ways: The beginning of the job, which says what the ways are.
        model: One of `MODELS`.
        how: ``run``, ``install`` or ``without``.
    """
    ending, command = MODELS[model]
    install = 'if __name__ == "__main__":\n    import botwo\n    botwo.install("botwo.toml")\n'
    if model == "subprocess":  # the child inherits the parent's
        install = f"import sys\nif len(sys.argv) == 1:\n{textwrap.indent(install, '    ')}"
    programs.write("job.py", ways + (install if how == "install" else "") + ending)

    done = programs.run(*command, routed=how == "run")

    assert (0, "") == (done.returncode, done.stderr)
    return [ast.literal_eval(line) for line in done.stdout.splitlines()]


in_each_model = pytest.mark.parametrize(
    ("model", "how"),
    [
        ("python script", "without"),
        *((model, how) for model in MODELS for how in ("run", "install")),
    ],
)


@in_each_model
def test_each_way_to_make_a_client_in_each_process_model(
    programs: Programs, model: str, how: str
) -> None:
    """However a process begins and a client is made, it is routed under `botwo run` and after an
    install, and plain without; one with an endpoint of its own is left alone.
    """
    told = tell(programs, WAYS, model, how)

    expected = dict.fromkeys(KINDS, PLAIN if how == "without" else ROUTED) | LEFT_ALONE
    assert [expected] * (2 if model == "prefork" else 1) == told


def test_a_console_script_is_routed(programs: Programs) -> None:
    """A script with a line that names its interpreter is a program like any other."""
    script = programs.write("job", f"#!{sys.executable}\n{WAYS}tell()\n")
    script.chmod(0o755)

    done = subprocess.run(
        [str(script)],
        env=child_environment(programs.config, programs.environment),
        capture_output=True,
        text=True,
        check=True,
    )

    assert dict.fromkeys(KINDS, ROUTED) | LEFT_ALONE == ast.literal_eval(done.stdout)


def test_a_hidden_sitecustomize_is_still_loaded(programs: Programs) -> None:
    """The sitecustomize that was found before is imported too, under its name."""
    programs.write(
        "site/sitecustomize.py", "import sys\nprint(__name__, sys.modules[__name__].__file__)\n"
    )

    done = programs.run("-c", "", PYTHONPATH=str(programs.folder / "site"))

    assert ["sitecustomize", str(programs.folder / "site/sitecustomize.py")] == _printed(done)


def test_without_a_hidden_sitecustomize_there_is_none_to_miss(programs: Programs) -> None:
    """Where nothing is hidden, Python starts without a word."""
    assert [] == _printed(programs.run("-c", ""))


@pytest.mark.parametrize(
    "broken", ["[clients", "[clients.one]\n", None], ids=["no TOML", "no default", "no file"]
)
def test_a_broken_config_stops_the_program(programs: Programs, broken: str | None) -> None:
    """The first S3 client raises what is wrong with the file; what comes before it runs."""
    programs.config.unlink() if broken is None else programs.config.write_text(broken)
    programs.write("job.py", 'import boto3\nprint("begun")\nboto3.client("s3")\nprint("ended")\n')

    done = programs.run("job.py", AWS_DEFAULT_REGION="eu-central-1")

    assert (1, "begun\n") == (done.returncode, done.stdout)
    assert f"problem in {programs.config}" in done.stderr


def test_a_python_without_botwo_says_so(programs: Programs, tmp_path: Path) -> None:
    """A Python that has botocore and no botwo stops at its S3 clients, at each of them."""
    package = tmp_path / "elsewhere" / "botocore"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "session.py").write_text(
        "class Session:\n    def create_client(self, name): return name\n"
    )
    startup = child_environment(programs.config, {})["PYTHONPATH"]

    done = programs.run(
        "-S", "-c",
        "import sitecustomize, botocore.session\n"
        "print(botocore.session.Session().create_client('sqs'))\n"
        "try: botocore.session.Session().create_client('s3')\n"
        "except ImportError: botocore.session.Session().create_client('s3')\n",
        routed=False,
        PYTHONPATH=os.pathsep.join([startup, str(tmp_path / "elsewhere")]),
        BOTWO_CONFIG=str(programs.config),
    )  # fmt: skip

    assert (1, "sqs\n") == (done.returncode, done.stdout)
    assert "`botwo run` is active, but" in done.stderr


def test_a_program_that_installs_under_run_is_routed_once(programs: Programs) -> None:
    """An install in a program that is run so goes before what it was run with, and is undone."""
    programs.write("other.toml", CONFIG.replace("moved-repo", "other-repo"))
    programs.write(
        "job.py",
        f"import botwo\n{WAYS}def say(): print(told(boto3.client('s3')))\n"
        "say()\nbotwo.install('other.toml')\nsay()\nbotwo.uninstall()\nsay()\n",
    )

    other = ROUTED.replace("moved-repo", "other-repo")
    assert [ROUTED, other, ROUTED] == _printed(programs.run("job.py"))


def test_nothing_is_imported_before_the_program_does(programs: Programs) -> None:
    """A program that imports no botocore has no module more than the start-up ones."""
    tell = "import sys; print(*sorted(sys.modules))"

    without = set(_printed(programs.run("-c", tell, routed=False)))
    within = set(_printed(programs.run("-c", tell)))

    assert {"sitecustomize", "botwo_startup"} == within - without


def test_imports_at_the_same_time_wait_for_nothing(programs: Programs) -> None:
    """Threads that import botwo and boto3 at once get routed clients."""
    programs.write(
        "job.py",
        """
        import threading
        made = []
        def of_boto3():
            import boto3
            made.append(boto3.client("s3"))
        def of_botwo():
            import botwo
        threads = [threading.Thread(target=work) for work in (of_boto3, of_botwo) * 3]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(sorted({repr(client) for client in made}))
        """,
    )

    done = programs.run("job.py")

    shown = "['<botwo routed S3 client over own, lakefs: 2 rules>']\n"
    assert (0, "", shown) == (done.returncode, done.stderr, done.stdout)


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_without_a_config_file_the_program_stops(programs: Programs, value: str | None) -> None:
    """The start-up folder alone on the path routes nothing and says so, at the first client."""
    programs.config.unlink()
    programs.write("job.py", "import boto3\nboto3.client('s3')\n")
    environment = child_environment(programs.config, programs.environment)
    del environment["BOTWO_CONFIG"]
    if value is not None:
        environment["BOTWO_CONFIG"] = value
    programs.environment = {**environment, "XDG_CONFIG_HOME": str(programs.folder)}

    done = programs.run("job.py", routed=False)

    assert 1 == done.returncode
    assert "ConfigError" in done.stderr


def test_a_relative_config_is_of_the_folder_where_the_program_began(programs: Programs) -> None:
    """A program that goes elsewhere keeps its file."""
    programs.write("job.py", f"import os\nos.chdir('/')\n{WAYS}print(told(boto3.client('s3')))\n")
    environment = child_environment(programs.config, programs.environment)
    programs.environment = {**environment, "BOTWO_CONFIG": "botwo.toml"}

    assert [ROUTED] == _printed(programs.run("job.py", routed=False))


def test_an_empty_entry_of_the_path_stays_the_current_folder(programs: Programs) -> None:
    """What Python found on an empty entry of PYTHONPATH it finds still."""
    kept = child_environment(programs.config, {"PYTHONPATH": f"{os.pathsep}src"})["PYTHONPATH"]
    without = child_environment(programs.config, {"PYTHONPATH": ""})["PYTHONPATH"]

    assert ["", "src"] == kept.split(os.pathsep)[1:]
    assert os.pathsep not in without


def test_the_environment_names_the_folder_once(programs: Programs) -> None:
    """A child of a child has the start-up folder on its path once, before the others."""
    once = child_environment(programs.config, {"PYTHONPATH": "a"})

    assert once == child_environment(programs.config, once)
    assert "a" == once["PYTHONPATH"].partition(os.pathsep)[2]


def test_a_relative_config_is_found_from_any_folder(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a child inherits is an absolute path."""
    monkeypatch.chdir(programs.folder)

    environment: Any = child_environment(Path("botwo.toml"), {})

    assert str(programs.config) == environment["BOTWO_CONFIG"]

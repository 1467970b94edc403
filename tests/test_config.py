"""A config file: where it is found, what it says, and everything that is wrong with one."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import botocore
import pytest
from botocore.config import Config as BotocoreConfig

import botwo

Write = Callable[..., Path]

STORES = """
[clients.aws]
application = true

[clients.lakefs]
type = "lakefs"
endpoint_url = "https://lakefs.example.com"
aws_access_key_id = "AKIAIOSFODNN7EXAMPLE"
aws_secret_access_key = "${LAKEFS_SECRET}"
"""
RULES = """
[[mapping]]
bucket_name = "a"
client = "lakefs"
key_prefix = "${LAKEFS_BRANCH:-main}/"

[[mapping]]
bucket_name = "*"
client = "aws"
"""
DEFAULT = '\n[[mapping]]\nbucket_name = "*"\nclient = "one"\n'
OWN = "application = true\n"
SECRET = "of-the-environment"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of the test's own, a region, and the secret that the file refers to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("LAKEFS_SECRET", SECRET)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "of-the-user"))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a config file of the test's folder."""

    def written(text: str, name: str = "botwo.toml") -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return written


def told(text: str, write: Write, name: str = "botwo.toml") -> list[str]:
    """Give the problems that a file is said to have."""
    with pytest.raises(botwo.ConfigError) as caught:
        botwo.load(write(text, name))
    return [str(problem) for problem in caught.value.problems]


def one(table: str, write: Write) -> Any:
    """Give the client that a file with one client makes."""
    config = botwo.load(write(f"[clients.one]\n{table}{DEFAULT}"))
    return config.factories["one"]()


class TestFinding:
    def test_a_file_that_is_named_is_read(self, write: Write) -> None:
        """The argument wins over everything."""
        write("no TOML")
        file = write(STORES + RULES, "other/named.toml")

        config = botwo.load(str(file))

        assert file == config.path

    def test_the_environment_names_one(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """BOTWO_CONFIG wins over the current folder."""
        write("no TOML")
        file = write(STORES + RULES, "other/named.toml")
        monkeypatch.setenv("BOTWO_CONFIG", "other/named.toml")

        config = botwo.load()

        assert file == config.path

    def test_the_current_folder_has_one(self, write: Write) -> None:
        """botwo.toml of the current folder wins over pyproject.toml there."""
        file = write(STORES + RULES)
        write("[tool.botwo]", "pyproject.toml")

        config = botwo.load()

        assert file == config.path

    def test_a_project_has_one(self, write: Write) -> None:
        """The table [tool.botwo] of pyproject.toml in the current folder is one."""
        text = (STORES + RULES).replace("[clients", "[tool.botwo.clients")
        file = write(text.replace("[[mapping", "[[tool.botwo.mapping"), "pyproject.toml")

        config = botwo.load()

        assert (file, ["a", "*"]) == (config.path, [rule["bucket_name"] for rule in config.mapping])

    @pytest.mark.skipif(sys.platform != "linux", reason="other platforms keep it elsewhere")
    def test_a_user_has_one(self, write: Write) -> None:
        """Where the project says nothing of botwo, the user's own file is read."""
        write("[tool.other]", "pyproject.toml")
        file = write(STORES + RULES, "of-the-user/botwo/botwo.toml")

        config = botwo.load()

        assert file == config.path

    @pytest.mark.parametrize("start", ["", "\ufeff"], ids=["broken", "with a mark"])
    def test_a_project_file_that_might_be_meant_is_not_passed_over(
        self, write: Write, start: str
    ) -> None:
        """A pyproject.toml that has such a table is the file, even if it cannot be read."""
        write(STORES + RULES, "of-the-user/botwo/botwo.toml")
        file = write(f"{start}[tool.botwo]\nbroken =\n", "pyproject.toml")

        with pytest.raises(botwo.ConfigError) as caught:
            botwo.load()

        assert str(file) == caught.value.problems[0].file

    def test_what_is_there_by_the_name_is_meant(self, write: Write, tmp_path: Path) -> None:
        """A link to nowhere is an error, and no reason to look for another file."""
        write(STORES + RULES, "of-the-user/botwo/botwo.toml")
        (tmp_path / "botwo.toml").symlink_to("nowhere")

        with pytest.raises(botwo.ConfigError, match="No such file"):
            botwo.load()

    def test_none_is_an_error_that_says_where_it_looked(self, tmp_path: Path) -> None:
        """Without any file the error names every place."""
        with pytest.raises(botwo.ConfigError) as caught:
            botwo.load()

        places = [str(tmp_path / name) for name in ("botwo.toml", "pyproject.toml", "of-the-user")]
        assert [True] * 3 == [place in str(caught.value) for place in places]

    def test_one_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        """A file that is named and missing is never replaced by another one."""
        with pytest.raises(botwo.ConfigError, match="No such file"):
            botwo.load(tmp_path / "none.toml")

    def test_an_empty_variable_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A BOTWO_CONFIG that is set and empty is a mistake, not a wish."""
        monkeypatch.setenv("BOTWO_CONFIG", "")

        with pytest.raises(botwo.ConfigError, match="BOTWO_CONFIG: is empty"):
            botwo.load()


class TestReading:
    def test_json_is_read_as_toml_is(self, write: Write) -> None:
        """The same structure in JSON gives the same clients and rules; null is absent."""
        document = {
            "$schema": "botwo.schema.json",
            "clients": {
                "aws": {"application": True},
                "lakefs": {
                    "type": "lakefs",
                    "endpoint_url": "https://lakefs.example.com",
                    "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
                    "aws_secret_access_key": "${LAKEFS_SECRET}",
                    "region_name": None,
                },
            },
            "mapping": [
                {"bucket_name": "a", "client": "lakefs", "key_prefix": "${LAKEFS_BRANCH:-main}/"},
                {"bucket_name": "*", "client": "aws"},
            ],
        }
        expected = botwo.load(write(STORES + RULES))

        config = botwo.load(write(json.dumps(document), "botwo.json"))

        assert expected.mapping == config.mapping
        assert [made.options for made in expected.factories.values()] == [
            made.options for made in config.factories.values()
        ]

    def test_the_environment_fills_in_what_it_is_asked_for(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A variable that is set wins over the default beside it."""
        file = write(STORES + RULES)
        defaults = botwo.load(file).mapping[0]["key_prefix"]
        monkeypatch.setenv("LAKEFS_BRANCH", "dev")

        config = botwo.load(file)

        assert ("main/", "dev/") == (defaults, config.mapping[0]["key_prefix"])

    def test_every_option_reaches_the_client(self, write: Write) -> None:
        """What boto3.client takes is given to it under its own name."""
        client = one(
            'endpoint_url = "http://store.example.com:9000"\nregion_name = "eu-west-1"\n'
            'aws_access_key_id = "id"\naws_secret_access_key = "${LAKEFS_SECRET}"\n'
            'aws_session_token = "${LAKEFS_SECRET}"\nverify = false\nuse_ssl = false\n'
            'config = { connect_timeout = 7, s3 = { addressing_style = "path" }, '
            'retries = { mode = "adaptive", max_attempts = 2 }, '
            'proxies = { http = "http://proxy.example.com" } }\n',
            write,
        )

        credentials = client._request_signer._credentials
        assert "http://store.example.com:9000" == client.meta.endpoint_url
        assert "eu-west-1" == client.meta.region_name
        assert ("id", SECRET, SECRET) == (
            credentials.access_key, credentials.secret_key, credentials.token,
        )  # fmt: skip
        assert (7, "path", "adaptive") == (
            client.meta.config.connect_timeout,
            client.meta.config.s3["addressing_style"],
            client.meta.config.retries["mode"],
        )
        assert {"http": "http://proxy.example.com"} == client.meta.config.proxies
        assert client._endpoint.http_session._verify is False

    def test_a_file_of_certificates_lies_beside_the_config(
        self, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """A relative name in the config is relative to it, whatever the current folder is."""
        file = write('[clients.one]\nverify = "ca.pem"\n' + DEFAULT)
        monkeypatch.chdir("/")

        options = botwo.load(file).factories["one"].options

        assert str(tmp_path / "ca.pem") == options["verify"]

    def test_a_profile_is_looked_up(
        self, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """A client may have the credentials and the region of an AWS profile."""
        profiles = write(
            "[ceph]\naws_access_key_id = of-ceph\naws_secret_access_key = x\nregion = eu-north-1\n",
            "credentials",
        )
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))

        client = one('profile_name = "ceph"\n', write)

        assert "of-ceph" == client._request_signer._credentials.access_key

    def test_unsigned_signs_nothing(self, write: Write) -> None:
        """A public bucket is read with `signature_version = "unsigned"`."""
        client = one('config.signature_version = "unsigned"\n', write)

        assert botocore.UNSIGNED is client.meta.config.signature_version

    def test_what_is_allowed_and_odd_is_a_warning(self, write: Write) -> None:
        """A client that no rule uses is a warning, which names the file."""
        file = write(f"[clients.one]\n[clients.two]\n{DEFAULT}")

        with pytest.warns(botwo.ConfigWarning, match=r"botwo\.toml: no rule uses .* 'two'"):
            botwo.load(file)

    def test_the_programs_own_client_is_boto3s_where_nothing_is_installed(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Outside activation the client that is the program's own comes from the default chain."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-chain")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        config = botwo.load(write(STORES + RULES))

        client = config.client()

        assert "eu-central-1" == client.meta.region_name
        assert "of-the-chain" == client._request_signer._credentials.access_key

    def test_a_resource_is_made_too(self, write: Write) -> None:
        """A config gives boto3's resource, whose client is the routed one."""
        config = botwo.load(write(STORES + RULES))

        bucket = config.resource().Bucket("a")

        assert ("s3.Bucket(name='a')", repr(config.client())) == (
            repr(bucket),
            repr(bucket.meta.client),
        )


class TestSecrets:
    def test_a_file_holds_one(self, write: Write) -> None:
        """A secret is what its file has, but white space around it; it lies beside the config."""
        write(f"{SECRET}\n", "secret.txt")

        client = one(
            'aws_access_key_id = "id"\naws_secret_access_key = { file = "secret.txt" }\n', write
        )

        assert SECRET == client._request_signer._credentials.secret_key

    def test_a_command_prints_one(self, write: Write) -> None:
        """A secret is what a command prints; no shell reads its words."""
        words = json.dumps([sys.executable, "-c", "print('$HOME;')"])

        client = one(
            f'aws_access_key_id = "id"\naws_secret_access_key = {{ command = {words} }}\n', write
        )

        assert "$HOME;" == client._request_signer._credentials.secret_key

    @pytest.mark.parametrize(
        "said",
        [
            '"a-plain-secret"', '"${NO_SUCH:-a-plain-secret}"', '"a-plain-secret${LAKEFS_SECRET}"',
        ],
    )  # fmt: skip
    def test_a_plain_one_is_refused_and_not_repeated(self, write: Write, said: str) -> None:
        """A secret that stands in the file, wholly or in part, is refused without being shown."""
        text = f'[clients.one]\naws_access_key_id = "id"\naws_secret_access_key = {said}\n{DEFAULT}'

        problems = told(text, write)

        assert 1 == len(problems)
        assert problems[0].startswith("line 3, clients.one.aws_secret_access_key: a plain secret;")
        assert "a-plain-secret" not in problems[0]

    @pytest.mark.parametrize(
        "table",
        [
            'endpoint_url = "https://user:a-plain-secret@store.example.com"',
            'endpoint_url = "user:a-plain-secret@store.example.com"',
            'endpoint_url = "${ENDPOINT}"',
            'endpoint_url = ["https://user:a-plain-secret@store.example.com"]',
            'config.proxies.http = "user:a-plain-secret@proxy.example.com:80"',
            'config.proxies.http = "http://user:a-plain-secret/x@proxy.example.com"',
            'config.proxies.http = "http://user:${SECRET_OF:-a-plain-secret}@proxy.example.com"',
            'aws_access_key_id = "id"\n[[mapping]]\naws_secret_access_key = "a-plain-secret"',
            'config.proxies.http = "http://user:a-plain-secret@proxy.example.com"',
            'aws_secret_acces_key = "a-plain-secret"',
            'aws_secret_access_key = ["a-plain-secret"]\naws_access_key_id = "id"',
        ],
    )
    def test_none_is_repeated_in_an_error(
        self, write: Write, monkeypatch: pytest.MonkeyPatch, table: str
    ) -> None:
        """Whatever is wrong around a secret, it is not shown."""
        monkeypatch.setenv("ENDPOINT", "ftp://a-plain-secret")
        problems = told(f"[clients.one]\n{table}\n{DEFAULT}", write)

        assert problems
        assert not [problem for problem in problems if "a-plain-secret" in problem]

    def test_none_is_in_a_pickle_or_a_repr(self, write: Write) -> None:
        """A config and its client carry where secrets are found, never what they are."""
        config = botwo.load(write(STORES + RULES))
        client = config.client()
        client.generate_presigned_url("get_object", Params={"Bucket": "a", "Key": "x"})

        carried = [pickle.dumps(config), pickle.dumps(client)]
        shown = f"{config!r} {client!r} {config.factories!r}"

        assert not [pickled for pickled in carried if SECRET.encode() in pickled]
        assert SECRET not in shown

    def test_a_command_is_not_shown(self, write: Write) -> None:
        """What a command is given to get at a secret may be one itself."""
        keys = 'aws_access_key_id = "id"\naws_secret_access_key = { command = ["x s.token"] }\n'
        config = botwo.load(write(f"[clients.one]\n{keys}{DEFAULT}"))

        with pytest.raises(botwo.ConfigError) as caught:
            config.client()

        assert "s.token" not in f"{config!r}{caught.value}"

    def test_a_command_that_asks_s3_does_not_need_itself(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A secret's command runs without what `botwo run` set."""
        monkeypatch.setenv("BOTWO_CONFIG", "botwo.toml")
        startup = str(Path(botwo.__file__).with_name("_startup"))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([startup, "kept"]))
        told = "import os; print(os.environ.get('BOTWO_CONFIG'), os.environ['PYTHONPATH'])"
        words = json.dumps([sys.executable, "-c", told])

        client = one(
            f'aws_access_key_id = "id"\naws_secret_access_key = {{ command = {words} }}\n', write
        )

        assert "None kept" == client._request_signer._credentials.secret_key

    def test_one_is_looked_up_where_the_client_is_made(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What comes out of a pickle takes its secrets from where it is, and its names from where
        the file was read.
        """
        carried = pickle.dumps(botwo.load(write(STORES + RULES)).client())
        monkeypatch.setenv("LAKEFS_SECRET", "of-the-worker")
        monkeypatch.setenv("LAKEFS_BRANCH", "of-the-worker")

        client = pickle.loads(carried)

        lakefs = client._botwo_stores["lakefs"]
        assert "of-the-worker" == lakefs._request_signer._credentials.secret_key
        url = client.generate_presigned_url("get_object", Params={"Bucket": "a", "Key": "x"})
        assert url.startswith("https://lakefs.example.com/a/main/x?")

    @pytest.mark.parametrize(
        ("said", "found"),
        [
            ('{ file = "none.txt" }', "cannot be read; No such file or directory"),
            ('{ file = "~no-such-user-of-botwo/x" }', "cannot be read"),
            ('{ file = "lines.txt" }', "is more than one line"),
            ('{ command = ["a\\u0000b"] }', "failed; embedded null byte"),
            ('{ file = "botwo.toml.empty" }', "is unset or empty"),
            ('{ command = ["no-such-command-of-botwo"] }', "failed; No such file or directory"),
            ('{ command = ["PYTHON", "-c", "exit(3)"] }', "failed; it ended with exit status 3"),
            ('{ command = ["PYTHON", "-c", ""] }', "is unset or empty"),
        ],
    )
    def test_one_that_is_not_there_stops_the_client(
        self, write: Write, said: str, found: str
    ) -> None:
        """A file or a command that gives no secret is an error of that field, when it is needed."""
        write("\n", "botwo.toml.empty")
        write("# a comment\nhush", "lines.txt")
        said = said.replace('"PYTHON"', json.dumps(sys.executable))

        with pytest.raises(botwo.ConfigError) as caught:
            one(f'aws_access_key_id = "id"\naws_secret_access_key = {said}\n', write)

        [problem] = caught.value.problems
        assert "clients.one.aws_secret_access_key" == problem.place
        assert found in str(problem)

    def test_one_that_the_environment_lacks_stops_the_reading(self, write: Write) -> None:
        """A variable that is to hold a secret is missed before the client is needed."""
        text = (
            '[clients.one]\naws_access_key_id = "id"\naws_secret_access_key = "${NO_SUCH}"\n'
            + DEFAULT
        )

        problems = told(text, write)

        place = "line 3, clients.one.aws_secret_access_key"
        assert [f"{place}: NO_SUCH is unset or empty; set it in the environment"] == problems


class TestProblems:
    def test_all_are_told_by_file_line_and_field(self, write: Write) -> None:
        """One error has every problem of the file, in the order of its lines."""
        file = write(
            'typo = 1\n[clients.one]\nendpoint_ur = "x"\nverify = 3\n'
            "[clients.one.config]\nconect_timeout = 3\n"
            '[clients."b c"]\nendpoint_url = "localhost:900"\n'
            '[[mapping]]\nbucket_name = "a"\nclient = "on"\nkey_prefix = "${NO_SUCH}"\n'
        )

        with pytest.raises(botwo.ConfigError) as caught:
            botwo.load(file)

        assert (
            f"8 problems in {file}:\n"
            "  line 1, typo: no such field; known: '$schema', 'clients', 'mapping'\n"
            "  line 3, clients.one.endpoint_ur: no such field; did you mean 'endpoint_url'?\n"
            "  line 4, clients.one.verify: 3; Expected `bool | str | null`, got `int`\n"
            "  line 6, clients.one.config.conect_timeout: no such option of botocore's; "
            "did you mean 'connect_timeout'?\n"
            "  line 8, clients.\"b c\".endpoint_url: 'localhost:900'; "
            "give a URL: https://HOST or http://HOST:PORT\n"
            "  line 11, mapping[0].client: 'on'; no such client; did you mean 'one'?\n"
            "  line 12, mapping[0].key_prefix: '${NO_SUCH}'; "
            "set NO_SUCH in the environment, or write ${NO_SUCH:-default}\n"
            "  mapping: no default rule; end it with "
            '{"bucket_name": "*", "client": ...}'
        ) == str(caught.value)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", ["clients: no client", "mapping: no default rule"]),
            ("clients = 3\nmapping = 4", ["line 1, clients: what is", "line 2, mapping: 4"]),
            (f"[clients]\none = 3{DEFAULT}", ["line 2, clients.one: what is written there"]),
            (
                f'[clients.one]\napplication = true\nregion_name = "x"{DEFAULT}',
                ["line 3, clients.one.region_name: set; the program's own client"],
            ),
            (
                f'[clients.one]\napplication = true\ntype = "lakefs"{DEFAULT}',
                ["line 3, clients.one.type: set; the program's own client"],
            ),
            (
                f'[clients.one]\n{OWN}[clients.two]\n{OWN}region_name = "x"{DEFAULT}',
                ["line 4, clients.two.application: true; clients.one is the program's own client"],
            ),
            (
                f'[clients.one]\ntype = "lakefs"{DEFAULT}',
                ["line 1, clients.one.endpoint_url: missing"],
            ),
            (
                f'[clients.one]\ntype = "minio"{DEFAULT}',
                ["line 2, clients.one.type: 'minio'; known: 'lakefs', 's3': leave it out for"],
            ),
            (
                f'[clients.one]\naws_access_key_id = "id"{DEFAULT}',
                ["line 1, clients.one.aws_secret_access_key: missing"],
            ),
            (
                f'[clients.one]\naws_session_token = "${{LAKEFS_SECRET}}"{DEFAULT}',
                ["line 1, clients.one.aws_access_key_id: missing"],
            ),
            (
                f'[clients.one]\nendpoint_url = "http://[x"{DEFAULT}',
                ["line 2, clients.one.endpoint_url: 'http://[x'; give a URL"],
            ),
            (
                f'[clients.one]\nregion_name = "${{EMPTY}}"{DEFAULT}',
                ["line 2, clients.one.region_name: '${EMPTY}'; set EMPTY"],
            ),
            (
                f'[clients.one]\nconfig.s3.addressing_style = "pth"{DEFAULT}',
                ["line 2, clients.one.config: botocore refuses it; S3 addressing style pth"],
            ),
            (
                f'[clients.one]\nconfig.proxies = ["x"]{DEFAULT}',
                ["line 2, clients.one.config.proxies: what is written there"],
            ),
            (
                f'[clients.one]\nregion_name = "${{1}}"{DEFAULT}',
                ["line 2, clients.one.region_name: '${1}'; write ${NAME}"],
            ),
            (
                f'[clients.one]\naws_access_key_id = "i"\naws_secret_access_key = {{}}{DEFAULT}',
                ["line 3, clients.one.aws_secret_access_key: what is written there"],
            ),
        ],
    )  # fmt: skip
    def test_each_is_told(
        self, write: Write, monkeypatch: pytest.MonkeyPatch, text: str, expected: list[str]
    ) -> None:
        """What a file may not say is told with its place."""
        monkeypatch.setenv("EMPTY", "")
        problems = told(text, write)

        starts = [problem[: len(start)] for problem, start in zip(problems, expected, strict=True)]
        assert expected == starts

    @pytest.mark.parametrize(
        ("text", "name", "expected"),
        [
            ("[clients\n", "botwo.toml", "line 1, syntax: Expected ']'"),
            ("a = 1\nb = ?", "botwo.toml", "line 2, syntax: Invalid value"),
            ('{"clients":\n {,', "botwo.json", "line 2, syntax: Expecting"),
            ("[]", "botwo.json", "config: is no table"),
            ("[" * 100_000, "botwo.json", "syntax: it cannot be read: maximum recursion"),
            ('{"mapping": [{"client": "a", "client": "b"}]}', "botwo.json", "syntax: 'client'"),
        ],
    )
    def test_what_cannot_be_read_is_told(
        self, write: Write, text: str, name: str, expected: str
    ) -> None:
        """A file that is no TOML or JSON, or says a thing twice, is told with its line."""
        [problem] = told(text, write, name)

        assert problem.startswith(expected)

    def test_a_file_that_is_no_text_is_told(self, tmp_path: Path) -> None:
        """Bytes that are not UTF-8 are a problem, not a traceback."""
        (tmp_path / "botwo.toml").write_bytes(b"\xff")

        with pytest.raises(botwo.ConfigError, match="is not UTF-8"):
            botwo.load()


class TestLakeFS:
    def test_a_client_of_the_type_has_what_a_gateway_needs(self, write: Write) -> None:
        """Signature Version 4, path style, no needless checksums, a region; a setting wins."""
        client = one(
            'type = "lakefs"\nendpoint_url = "https://lakefs.example.com"\n'
            "config.s3.payload_signing_enabled = true\n"
            'config.response_checksum_validation = "when_supported"\n',
            write,
        )

        config = client.meta.config
        assert "us-east-1" == client.meta.region_name
        assert ("s3v4", "when_required", "when_supported") == (
            config.signature_version,
            config.request_checksum_calculation,
            config.response_checksum_validation,
        )
        assert {"addressing_style": "path", "payload_signing_enabled": True}.items() <= (
            config.s3.items()
        )

    def test_lakefs_client_has_them_too(self) -> None:
        """`botwo.lakefs_client` makes one in Python; what is said there wins."""
        given = BotocoreConfig(signature_version="s3v4a", s3={"payload_signing_enabled": True})

        client = botwo.lakefs_client(
            "https://lakefs.example.com", region_name="eu-west-1", config=given
        )

        config = client.meta.config
        assert ("eu-west-1", "s3v4a") == (client.meta.region_name, config.signature_version)
        assert {"addressing_style": "path", "payload_signing_enabled": True}.items() <= (
            config.s3.items()
        )

    def test_other_clients_stay_as_boto3_makes_them(self) -> None:
        """The settings are the client's own, never the process's."""
        botwo.lakefs_client("https://lakefs.example.com")

        client = boto3.client("s3")

        assert "when_supported" == client.meta.config.request_checksum_calculation

"""Which addresses the chart finds in texts that users write, such as variables and arguments, by the real Helm."""

from __future__ import annotations

import json
import random
import string
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from conftest import ROOT

TEMPLATES = ROOT / "chartgen/fragments/base/templates"
SEED = 11
# A text, and what is found in it.
TABLE = {
    # With a scheme, in any case.
    "http://api.example.com": ["http://api.example.com"],
    "HTTP://API.Example.COM:8080/V1": ["http://api.example.com:8080"],
    "--url=https://api.example.com:8443/v1?x=http": ["https://api.example.com:8443"],
    "http://minio:9000": ["http://minio:9000"],
    "http://my_minio:9000/": ["http://my_minio:9000"],
    "https://example.com./x": ["https://example.com"],
    "http://host:8080/@scope/package": ["http://host:8080"],
    "http://[fd00::2]:8443/": ["http://[fd00::2]:8443"],
    "http://[FD00::2]": ["http://[fd00::2]"],
    "http://[2001:db8:0:1:2:3:4:5]:80": ["http://[2001:db8:0:1:2:3:4:5]:80"],
    # With a user.
    "redis://:secret@cache:6379/0": ["redis://cache:6379"],
    "redis://h:6379/0": ["redis://h:6379"],
    "postgresql://user:p%40ss@db.example.com/data": ["postgresql://db.example.com"],
    "postgresql://user:p@ss@db.example.com:5433/data": ["postgresql://db.example.com:5433"],
    "postgresql://user:p/a#s?s@db:5433/data": ["postgresql://db:5433"],
    "postgresql://user:p;a,s(s)=@db:5433/data": ["postgresql://db:5433"],
    "postgresql://$(USER):$(PASSWORD)@db:5433/data": ["postgresql://db:5433"],
    # Drivers.
    "postgresql+asyncpg://user:password@db.data.svc:5432/x": ["postgresql+asyncpg://db.data.svc:5432"],
    "jdbc:postgresql://db.example.com:5432/x": ["postgresql://db.example.com:5432"],
    "jdbc:sqlserver://db.example.com:1433;database=x": ["sqlserver://db.example.com:1433"],
    "mongodb+srv://u:p@cluster.example.com/x": ["mongodb+srv://cluster.example.com"],
    "mongodb://u:p@a.example.com:27017,b.example.com:27018/x": [
        "mongodb://a.example.com:27017",
        "mongodb://b.example.com:27018",
    ],
    "user:password@tcp(db:3306)/data?parseTime=true": ["tcp://db:3306"],
    "user:password@tcp(10.0.0.7)/data": ["mysql://10.0.0.7"],
    "user:password@tcp([fd00::7]:3306)/data": ["tcp://[fd00::7]:3306"],
    "user:password@unix(/run/mysql.sock)/data": [],
    # Object stores, whose buckets are no hosts.
    "s3://bucket/model": ["https://s3.amazonaws.com"],
    "--model=S3://bucket.example.com/model": ["https://s3.amazonaws.com"],
    "gs://bucket/model": ["https://storage.googleapis.com"],
    "az://container/model": ["https://blob.core.windows.net"],
    "abfss://container@account.dfs.core.windows.net/x": ["https://dfs.core.windows.net"],
    "hf://team/model": ["https://huggingface.co"],
    # Lists.
    "http://10.0.0.5:8001/v1;http://10.0.0.6:8002": ["http://10.0.0.5:8001", "http://10.0.0.6:8002"],
    "http://a:1,http://b:2": ["http://a:1", "http://b:2"],
    "[http://a:1, http://b:2]": ["http://a:1", "http://b:2"],
    '{"url": "http://a:1/x", "other": "b.example.com:7443"}': ["http://a:1", "tcp://b.example.com:7443"],
    r"{\"url\": \"http://a:1\"}": ["http://a:1"],
    "(http://a:1)": ["http://a:1"],
    "exec program --cache=redis://10.0.0.8 2>&1": ["redis://10.0.0.8"],
    # Without a scheme: a host with a domain or an address, and a port.
    "a.data.svc:9092,b.data.svc.cluster.local:9092": ["tcp://a.data.svc:9092", "tcp://b.data.svc.cluster.local:9092"],
    "[a.example.com:9092,10.0.0.2:9093]": ["tcp://a.example.com:9092", "tcp://10.0.0.2:9093"],
    "10.0.0.9:6380/0": ["tcp://10.0.0.9:6380"],
    "[fd00::9]:6380": ["tcp://[fd00::9]:6380"],
    "--broker=Kafka.Example.com:9092": ["tcp://kafka.example.com:9092"],
    "user:password@db.example.com:5432/x": ["tcp://db.example.com:5432"],
    "1.2.3.4:65535": ["tcp://1.2.3.4:65535"],
    # No addresses.
    "1.2.3.4:65536": [],
    "1.2.3.4:99999": [],
    "1.2.3.4:0": [],
    "1.2.3.4:080": [],
    "http://h:70000/": [],
    "http://h:0": [],
    "300.2.3.4:8080": [],
    "http://1.2.3": [],
    "http://[1:2:3]:80": [],
    "http://[1::2::3]:80": [],
    "http://[::ffff:10.0.0.1]:80": [],
    "llama3.2:70": [],
    "main:8000": [],
    "registry.example.com:5000/team/model:7b": [],
    "localhost:8000": [],
    "http://localhost:8000": [],
    "http://127.0.0.1:8000": [],
    "http://0.0.0.0:8000": [],
    "0.0.0.0:9001": [],
    "http://[::1]:8000": [],
    "http://[::]:8000": [],
    "tcp://*:5557": [],
    "http://$(HOST):80": [],
    "http://${HOST}:80": [],
    "http://%s:80": [],
    "unix:///run/x.sock": [],
    "file:///models": [],
    "file://host/models": [],
    "sqlite:////data/x.db": [],
    "12:30:45": [],
    "a: b": [],
    "::": [],
    "http://": [],
    "http:///x": [],
    "http://.:80": [],
    "http://a..b:80": [],
}


@pytest.fixture
def found(helm: str, write: Callable[..., Any]) -> Callable[[dict[str, list[Any]]], dict[str, list[str]]]:
    """What the template finds in each of the given lists of maps and lists."""

    def rendered(texts: dict[str, list[Any]], key: str = "found") -> dict[str, list[str]]:
        names = {f"n{n}": given for n, given in enumerate(texts.values())}
        chart = write(
            {
                "Chart.yaml": {"apiVersion": "v2", "name": "little", "version": "1.0.0"},
                "templates/_network.tpl": (TEMPLATES / "_network.tpl").read_text(encoding="utf-8"),
                "templates/a.yaml": (
                    "found:\n{{- range $name, $given := .Values.texts }}\n"
                    '  {{ $name }}: {{ include "fragment.urlsIn" $given }}\n{{- end }}\n'
                    "hidden:\n{{- range $name, $given := .Values.texts }}\n"
                    '  {{ $name }}: {{ include "fragment.hiddenIn" (list "env" (first $given)) }}\n{{- end }}\n'
                ),
                "values.yaml": json.dumps({"texts": names}),
            }
        )
        command = [helm, "template", "x", str(chart)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        answers = yaml.safe_load(out)[key]
        return {text: answers[f"n{n}"] for n, text in enumerate(texts)}

    return rendered


def test_every_form_of_an_address_is_decided(found):
    said = found({text: [{"VARIABLE": text}] for text in TABLE})
    assert said == TABLE
    assert found({text: [{}, [text]] for text in TABLE}) == TABLE


# Variables whose names say what they have, and what is found in their texts.
VARIABLES = [
    ({"REDIS_HOST": "redis"}, ["redis://redis"]),
    ({"REDIS_HOST": "Redis.Cache", "REDIS_PORT": "6380"}, ["redis://redis.cache:6380"]),
    ({"REDIS_HOST": "redis:6381", "REDIS_PORT": "6380"}, ["redis://redis:6381"]),
    ({"SENTINEL_HOSTS": "a, b", "SENTINEL_PORT": "26379"}, ["tcp://a:26379", "tcp://b:26379"]),
    ({"PGHOST": "10.0.0.7", "PGPORT": "6432"}, ["postgres://10.0.0.7:6432"]),
    ({"CHROMA_HTTP_HOST": "chroma.data.svc", "CHROMA_HTTP_PORT": 8000}, ["tcp://chroma.data.svc:8000"]),
    ({"DB_HOST": "[fd00::1]", "DB_PORT": "5432"}, ["tcp://[fd00::1]:5432"]),
    ({"KAFKA_BROKERS": "k0:9092,k1:9092"}, ["tcp://k0:9092", "tcp://k1:9092"]),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, ["tcp://collector:4317"]),
    ({"HTTPS_PROXY": "proxy:3128"}, ["tcp://proxy:3128"]),
    ({"STORE_ENDPOINT": "http://store:9000"}, ["http://store:9000"]),
    ({"DB_HOST": "db", "DB_PORT": "$(PORT)"}, ["tcp://db"]),
    ({"TRITON_URL": "triton:8001"}, ["tcp://triton:8001"]),
    ({"NATS_URL": "a:4222, b:4222"}, ["nats://a:4222", "nats://b:4222"]),
    # No addresses, or not those to which the pod connects.
    ({"HOST": "main"}, []),
    ({"HOSTNAME": "main"}, []),
    ({"SERVER_HOST": "0.0.0.0", "SERVER_PORT": "8080"}, []),
    ({"OLLAMA_HOST": "0.0.0.0:11434"}, []),
    ({"BIND_ADDRESS": "10.0.0.9", "LISTEN_ADDR": "eth0"}, []),
    ({"NO_PROXY": "localhost,.svc,store.example.com"}, []),
    ({"CACHE_HOST": "localhost"}, []),
    ({"CACHE_HOST": "$(POD)"}, []),
    ({"CACHE_HOST": "true", "RAY_ADDRESS": "auto"}, []),
    ({"CACHE_HOST": "12"}, []),
    ({"CACHE_HOST": "a/b"}, []),
    ({"MAIL_ADDRESS": "someone@example.com"}, []),
    ({"SERVER": "uvicorn"}, []),
    ({"ALLOWED_HOSTS": "chat.example.com", "TRUSTED_PROXY": "10.0.0.9"}, []),
    ({"BASE_URL": "/api", "MODEL_URI": "main", "IMAGE_URL": "main:v1"}, []),
    ({"MODEL": "llama"}, []),
]


def test_hosts_are_read_where_the_name_of_a_variable_says_so(found):
    said = found({str(env): [env] for env, _ in VARIABLES})
    assert said == {str(env): urls for env, urls in VARIABLES}


def test_what_is_refused_from_a_secret_is_read_as_text(found):
    """The same names have an address, whether its text is in the values or in a Secret."""
    words = [
        "",
        "MAIL_",
        "SMTP_FROM_",
        "ALLOWED_",
        "REDIS_",
        "PG",
        "DB",
        "MY_",
        "NO_",
        "BIND_",
        "REDIRECT_",
        "S",
        "api_",
    ]
    ends = [
        "HOST",
        "HOSTS",
        "HOSTNAME",
        "ADDR",
        "ADDRESS",
        "ADDRESSES",
        "BROKERS",
        "SERVER",
        "ENDPOINT",
        "PROXY",
        "PORT",
        "NAME",
    ]
    names = [word + end for word in words for end in ends]
    secret = {"valueFrom": {"secretKeyRef": {"name": "own", "key": "own"}}}
    read = found({name: [{name: "db.far.example.com"}] for name in names})
    hidden = found({name: [{name: secret}] for name in names}, "hidden")
    assert {name for name in names if read[name]} == {name for name in names if hidden[name]}
    assert {"REDIS_HOST", "PGHOST", "DBHOST", "api_BROKERS"} <= {name for name in names if hidden[name]}
    assert not {
        "HOST",
        "MAIL_ADDRESS",
        "SMTP_FROM_ADDRESS",
        "NO_PROXY",
        "BIND_HOST",
        "REDIRECT_HOST",
        "SHOST",
        "PGPORT",
    } & {n for n in names if hidden[n]}


def test_bucket_is_read_at_the_endpoint_that_a_variable_names(found):
    environment = {"AWS_ENDPOINT_URL": "http://minio.storage:9000", "AWS_REGION": "eu"}
    arguments = ["--model=s3://bucket/model", "gs://bucket"]
    assert found({"": [environment, arguments]}) == {
        "": ["http://minio.storage:9000", "https://storage.googleapis.com"]
    }


def word(chance: random.Random, letters: str = string.ascii_letters) -> str:
    return "".join(chance.choices(letters, k=chance.randint(1, 6)))


def host(chance: random.Random, far: bool) -> str:
    kind = chance.choice(["name", "IPv4", "IPv6"])
    if kind == "IPv4":
        return f"{chance.choice([1, 10, 126, 128, 255])}." + ".".join(str(chance.randint(0, 255)) for _ in range(3))
    if kind == "IPv6":
        groups = [f"{chance.randint(1, 0xFFFF):{chance.choice(['x', 'X', '04x'])}}" for _ in range(8)]
        first, last = chance.randint(0, 4), chance.randint(5, 8)
        return (
            f"[{chance.choice([':'.join(groups), ':'.join(groups[:first]) + '::' + ':'.join(groups[last:] or ['2'])])}]"
        )
    labels = [word(chance) + chance.choice(["", "-" + word(chance), str(chance.randint(0, 9))])]
    labels += [word(chance) for _ in range(chance.randint(1 if far else 0, 3))]
    return ".".join(labels)


def user(chance: random.Random) -> str:
    password = word(chance, string.ascii_letters + string.digits + "$()*+,-._~!=;&%@:")
    return chance.choice(["", "", f"{word(chance)}@", f"{word(chance)}:{password}@", f":{password}@"])


def address(chance: random.Random) -> tuple[str, str]:
    """A text by the grammar, and what is to be found in it."""
    port = chance.choice([10, 80, 443, 8080, 65535, chance.randint(10, 65535)])
    kind = chance.choice(["url", "url", "url", "driver", "bare"])
    if kind == "url":
        scheme = chance.choice(["http", "HTTPS", "grpc", "postgresql+asyncpg", "redis", "Amqps", "h2.x-y"])
        place, end = host(chance, far=False), chance.choice(["", f":{port}", f":{chance.randint(1, 9)}"])
        rest = chance.choice(["", "/", "/a/b:c", "?x=y", "#z", "/0"])
        return f"{scheme}://{user(chance)}{place}{end}{rest}", f"{scheme}://{place}{end}".lower()
    place = host(chance, far=True)
    if kind == "driver":
        end = chance.choice(["", f":{port}"])
        scheme = "tcp" if end else "mysql"
        return f"{word(chance)}:{word(chance)}@tcp({place}{end})/x", f"{scheme}://{place}{end}".lower()
    return f"{place}:{port}{chance.choice(['', '/', '/x'])}", f"tcp://{place}:{port}".lower()


def test_address_that_the_grammar_makes_is_found_with_its_scheme_host_and_port(found):
    chance = random.Random(SEED)
    made: dict[str, list[str]] = {}
    around = ["{}", "--flag={}", '"{}"', "run {} now", '{{"key": "{}"}}', "'{}'"]
    while len(made) < 600:
        text, expected = address(chance)
        if "localhost" not in text:
            made[chance.choice(around).format(text)] = [expected]
    said = found({text: [{"VARIABLE": text}] for text in made})
    assert {text: urls for text, urls in said.items() if urls != made[text]} == {}


def test_addresses_of_a_list_are_all_found(found):
    chance = random.Random(SEED)
    made: dict[str, list[str]] = {}
    while len(made) < 200:
        pairs = [address(chance) for _ in range(chance.randint(2, 4))]
        separator = chance.choice([" ", "\n", '", "'])
        made[separator.join(text for text, _ in pairs)] = [url for _, url in pairs]
    said = found({text: [[text]] for text in made})
    assert {text: urls for text, urls in said.items() if set(urls) != set(made[text])} == {}

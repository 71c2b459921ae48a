"""A stand-in for kit of KitOps: its commands inspect, pull and unpack, its store, and its failures as kit 1.7 has them.

A ModelKit may build on another, which its Kitfile names as the model's path. `pull` brings that one too, and enters it
under the wrong repository, so that `unpack` does not find it and takes it from the registry, unchecked.

What is taken over from the real program, beside what each function says: `unpack` is content with a filter that
matches nothing, writes files under their final names, and checks nothing that it reads; `pull` checks what it fetches,
resumes, and believes any file with a blob's name; a partial file that is corrupt stays, and fails every later pull.
Where nothing in KITOPS_HOME forbids it, every command asks the internet for a newer version: here that is a line in
KIT_ASKED.
"""

import base64
import contextlib
import hashlib
import http.client
import io
import json
import os
import ssl
import sys
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor

HOME = os.environ.get("KITOPS_HOME") or os.path.join(os.environ["HOME"], ".local/share/kitops")
STORAGE = f"{HOME}/storage"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.kitops.modelkit.config.v1+json"
SECTIONS = ("model", "code", "datasets", "docs")


class Failure(Exception):
    pass


class Missing(Failure):
    pass


def main(arguments):
    if not os.path.exists(f"{HOME}/disable-update-notifications") and os.environ.get("KIT_ASKED"):
        with open(os.environ["KIT_ASKED"], "a") as file:
            file.write(f"{arguments[0]}\n")
    command, words, flags = parse(arguments)
    if command == "--help":
        print("Available Commands: inspect pull unpack --plain-http --concurrency --filter --remote")
        return
    store, remote = Store(words[0]), Remote(words[0], "plain-http" in flags)
    if command == "inspect":
        inspect(remote if "remote" in flags else store)
    elif command == "pull":
        print(f"Pulling {words[0]}")
        pull(store, remote, int(flags.get("concurrency", ["5"])[0]))
    elif command == "unpack":
        unpack(words[0], "plain-http" in flags, flags["dir"][0], flags.get("filter", []))


def parse(arguments):
    short = {"d": "dir", "f": "filter", "o": "overwrite", "i": "ignore-existing", "r": "remote"}
    takes = {"dir", "filter", "concurrency"}
    words, flags, rest = [], {}, list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "--help":
            words.append(word)
            continue
        name, _, value = word.lstrip("-").partition("=")
        name = short.get(name, name)
        flags.setdefault(name, []).append(value or (rest.pop(0) if name in takes else ""))
    return words[0], words[1:], flags


def split(reference):
    """registry, repository, tag or digest; a tag before a digest counts for nothing."""
    registry, _, rest = reference.partition("/")
    if "." not in registry and ":" not in registry:
        raise Failure("Invalid arguments: registry is required when pulling")
    repository, _, digest = rest.partition("@")
    repository, _, tag = repository.partition(":")
    if repository.lower() != repository:
        raise Failure(f"Invalid arguments: repository ({repository}) name must be lowercase")
    return registry, repository, digest or tag


# --- the registry ---------------------------------------------------------------------------------------------------


class Remote:
    def __init__(self, reference, plain):
        self.reference, self.plain = reference, plain
        self.registry, self.repository, self.name = split(reference)
        self.authorization = {}  # once the registry has asked for it

    def manifest(self):
        """The manifest's digest, and its bytes."""
        answer = self.ask("HEAD", f"manifests/{self.name}")
        digest = answer.getheader("Docker-Content-Digest")
        return digest, self.ask("GET", f"manifests/{digest}").read()

    def blob(self, digest):
        return self.ask("GET", f"blobs/{digest}").read()

    def ask(self, method, path, begin=0):
        url = f"{'http' if self.plain else 'https'}://{self.registry}/v2/{self.repository}/{path}"
        said = f'{method} "{url}"'
        headers = {"Accept": MANIFEST, **({"Range": f"bytes={begin}-"} if begin else {})}
        try:
            answer = self.send(method, path, {**headers, **self.authorization})
            if answer.status == 401 and not self.authorization:
                if not (auth := credential(self.registry)):
                    raise Failure(f"{said}: basic credential not found")
                self.authorization = {"Authorization": f"Basic {auth}"}
                answer = self.send(method, path, {**headers, **self.authorization})
        except ssl.SSLCertVerificationError:
            raise Failure(f"{said}: tls: failed to verify certificate: x509: unknown authority") from None
        except ssl.SSLError:
            raise Failure(f"{said}: tls: first record does not look like a TLS handshake") from None
        except http.client.HTTPException:
            raise Failure(f"{said}: EOF") from None
        except OSError as error:
            raise Failure(f"{said}: dial tcp {self.registry}: connect: {error.strerror}") from None
        if answer.status == 404:
            raise Missing(f"{self.reference}: not found")
        if answer.status >= 400:
            text = {401: "Unauthorized", 403: "Forbidden", 400: "Bad Request"}.get(answer.status, "")
            raise Failure(f"{said}: response status code {answer.status}: {text}")
        return answer

    def send(self, method, path, headers):
        if self.plain:
            connection = http.client.HTTPConnection(self.registry, timeout=60)
        else:
            connection = http.client.HTTPSConnection(self.registry, timeout=60, context=authorities())
        connection.request(method, f"/v2/{self.repository}/{path}", headers=headers)
        return connection.getresponse()


def authorities():
    """What Go trusts: every certificate in the folders of SSL_CERT_DIR."""
    context = ssl.create_default_context()
    for folder in filter(None, os.environ.get("SSL_CERT_DIR", "").split(":")):
        for path in sorted(os.scandir(folder), key=lambda entry: entry.name) if os.path.isdir(folder) else []:
            if path.is_file():
                with contextlib.suppress(ssl.SSLError, OSError):
                    context.load_verify_locations(path.path)
    return context


def credential(registry):
    for path in (f"{HOME}/credentials.json", f"{os.environ.get('DOCKER_CONFIG', '/nowhere')}/config.json"):
        try:
            with open(path) as file:
                found = json.load(file)
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise Failure(f"failed to decode config file at {path}: invalid config format: {error}") from None
        if registry in found.get("auths", {}):
            return found["auths"][registry]["auth"]
    return None


# --- the store ------------------------------------------------------------------------------------------------------


class Store:
    def __init__(self, reference):
        self.reference = reference
        self.registry, self.repository, self.name = split(reference)
        encoded = base64.urlsafe_b64encode(f"{self.registry}/{self.repository}".encode()).decode()
        self.index, self.tags = f"{STORAGE}/{encoded}-index.json", f"{STORAGE}/{encoded}-tags.json"

    def read(self, path):
        try:
            with open(path) as file:
                return json.load(file)
        except FileNotFoundError:
            return {}
        except ValueError:
            raise Failure("Invalid OCI Image Index: failed to decode index file: EOF") from None

    def has(self):
        self.read(f"{STORAGE}/index.json")
        return self.digest() is not None

    def digest(self):
        known = [one["digest"] for one in self.read(self.index).get("manifests", [])]
        return self.name if self.name in known else self.read(self.tags).get(self.name, {}).get("digest")

    def manifest(self):
        if not self.digest():
            raise Missing(f"{self.reference}: not found")
        return self.digest(), self.blob(self.digest())

    def blob(self, digest):
        with open(f"{STORAGE}/blobs/sha256/{digest.partition(':')[2]}", "rb") as file:
            return file.read()

    def add(self, digest):
        """Rewritten in place: a kill here leaves an index that is cut short."""
        for path in (self.index, f"{STORAGE}/index.json"):
            manifests = [one for one in self.read(path).get("manifests", []) if one["digest"] != digest]
            with open(path, "w") as file:
                json.dump({"schemaVersion": 2, "manifests": [*manifests, {"digest": digest}]}, file)
        if not self.name.startswith("sha256:"):
            with open(self.tags, "w") as file:
                json.dump({**self.read_tags(), self.name: {"digest": digest}}, file)

    def read_tags(self):
        with contextlib.suppress(Failure):
            return self.read(self.tags)
        return {}


# --- commands -------------------------------------------------------------------------------------------------------


def parts_of(source):
    """The manifest's digest, the manifest, and the Kitfile."""
    digest, text = source.manifest()
    manifest = json.loads(text)
    if manifest["config"]["mediaType"] != CONFIG:
        raise Failure("unknown manifest type: not a modelkit")
    return digest, manifest, json.loads(source.blob(manifest["config"]["digest"]))


def inspect(source):
    try:
        digest, manifest, kitfile = parts_of(source)
    except Missing:
        raise Failure(f"Could not find modelkit {source.reference}") from None
    except Failure as error:
        raise Failure(f"Error resolving modelkit: reference {source.name} not found in repository: {error}") from None
    said = {"digest": digest, "cliVersion": "unknown", "kitfile": kitfile, "manifest": manifest}
    print(json.dumps(said, indent=2, ensure_ascii=False))


def pull(store, remote, concurrency):
    store.has()
    try:
        digest, text = remote.manifest()
    except Failure as error:
        raise Failure(f"Failed to fetch {remote.reference}: {error}") from None
    manifest = json.loads(text)
    if manifest["config"]["mediaType"] != CONFIG:
        raise Failure(f"reference {remote.reference} does not refer to a model")
    for folder in ("blobs/sha256", "ingest"):
        os.makedirs(f"{STORAGE}/{folder}", exist_ok=True)
    wanted = {one["digest"]: one for one in [manifest["config"], *manifest["layers"]]}
    with ThreadPoolExecutor(concurrency) as pool:
        for error in pool.map(lambda one: bring(remote, one), wanted.values()):
            if error:
                fail(error)  # as in kit, whatever else is under way is left as it is
    with open(f"{STORAGE}/blobs/sha256/{digest.partition(':')[2]}", "wb") as file:
        file.write(text)
    store.add(digest)
    for name in os.listdir(f"{STORAGE}/ingest"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"{STORAGE}/ingest/{name}")
    if parent := parent_of(json.loads(store.blob(manifest["config"]["digest"]))):
        try:
            pull(store, Remote(parent, remote.plain), concurrency)
        except Failure as error:
            raise Failure(f"Failed to pull referenced modelkits: {error}") from None
    print(f"Pulled {digest}")


def parent_of(kitfile):
    path = (kitfile.get("model") or {}).get("path", "")
    return path if ":" in path or "@" in path else None


def bring(remote, blob):
    kind = blob["mediaType"].partition("modelkit.")[2].partition(".")[0]
    hexes = blob["digest"].partition(":")[2]
    path, partial = f"{STORAGE}/blobs/sha256/{hexes}", f"{STORAGE}/ingest/{hexes}"
    if os.path.exists(path):
        return None
    try:
        answer = remote.ask("GET", f"blobs/{blob['digest']}")
        with open(partial, "a+b") as file:
            file.seek(0)
            have = len(file.read())
            if have:  # the first answer is thrown away, after it has begun
                answer.close()
                if have < blob["size"]:
                    answer = remote.ask("GET", f"blobs/{blob['digest']}", have)
            while have < blob["size"] and (piece := answer.read1(32768)):
                file.write(piece)
                file.flush()
                have += len(piece)
            if have < blob["size"]:
                return f"Failed to pull: failed to get {kind} layer: failed to write file: unexpected EOF"
            file.seek(0)
            if hashlib.sha256(file.read()).hexdigest() != hexes:
                return f"Failed to pull: failed to get {kind} layer: downloaded file hash does not match descriptor"
        os.rename(partial, path)
        os.chmod(path, 0o600)
    except Failure as error:
        return f"Failed to pull: failed to get {kind} layer: failed to fetch: {error}"
    except (OSError, http.client.HTTPException) as error:
        text = getattr(error, "strerror", None) or "unexpected EOF"
        return f"Failed to pull: failed to get {kind} layer: failed to write file: write {partial}: {text.lower()}"
    return None


def unpack(reference, plain, folder, filters):
    conditions = [condition(one) for one in filters]
    os.makedirs(folder, exist_ok=True)
    print(f"Unpacking to {folder}")
    store = Store(reference)
    source = store if store.has() else Remote(reference, plain)
    kitfile = parts_of(source)[2]
    if (parent := parent_of(kitfile)) and (not conditions or any("model" in types for types, _ in conditions)):
        unpack(parent, plain, folder, ["model"])
    if not conditions or any("kitfile" in types for types, _ in conditions):
        with open(f"{folder}/Kitfile", "w") as file:
            json.dump(kitfile, file)  # JSON is YAML
    for entry in [one for section in SECTIONS for one in entries(kitfile, section)]:
        section, names = entry["section"], {entry.get("name"), entry.get("path")}
        if conditions and not any(section in types and (not only or names & only) for types, only in conditions):
            continue
        print(f"Unpacking {section} to {entry['path']}")
        data = source.blob(entry["digest"])
        try:
            extract(data, folder)
        except tarfile.TarError:
            raise Failure("Failed to unpack: unexpected EOF") from None
        except OSError as error:
            raise Failure(
                f"Failed to unpack: failed to write file {error.filename}: {error.strerror.lower()}"
            ) from None


def entries(kitfile, section):
    found = kitfile.get(section) or []
    found = [found, *found.get("parts", [])] if isinstance(found, dict) else found
    return [{**one, "section": section} for one in found if one.get("digest")]


def condition(text):
    types, _, names = text.partition(":")
    for one in types.split(","):
        if one not in ("kitfile", *SECTIONS):
            raise Failure(f"Invalid arguments: invalid filter type {one} (must be one of 'kitfile', …)")
    return set(types.split(",")), set(filter(None, names.split(",")))


def extract(data, folder):
    """Nothing at all is a whole archive; anything else has to begin like one."""
    if not data:
        return
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz" if data.startswith(b"\x1f\x8b") else "r:") as archive:
        for member in archive:
            path = os.path.join(folder, member.name)
            if member.isdir():
                os.makedirs(path, exist_ok=True)
                continue
            with open(path, "wb") as file:
                content = archive.extractfile(member).read()
                for begin in range(0, len(content), 65536):
                    file.write(content[begin : begin + 65536])
                    file.flush()
                    pace()


def pace():
    """KIT_PACE slows the writing of files down, so that a test can end it half-way."""
    if os.environ.get("KIT_PACE"):
        threading.Event().wait(float(os.environ["KIT_PACE"]))


def fail(text):
    sys.stdout.flush()
    sys.stderr.write(f"[ERROR] {text}\n")
    sys.stderr.flush()
    os._exit(1)


try:
    main(sys.argv[1:])
except Failure as failure:
    fail(failure)
except OSError as failure:
    fail(f"{failure.filename}: {(failure.strerror or '').lower()}")

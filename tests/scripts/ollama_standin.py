"""A stand-in for ollama that lays a store out as ollama 0.5 to 0.17 do, and fails as they were seen to fail.

Client and server speak lines of JSON over TCP instead of ollama's HTTP; the command line, the store, the messages and
the exit codes are ollama's. The directory STANDIN holds

    registry/   manifests/<host>/<namespace>/<name>/<tag> and blobs/sha256-<hex>: what can be pulled
    faults/     a file for each fault, see `fault`
    loaded      a line for each model in memory
    sent        a line with a number of bytes for each piece that was brought
    calls       a line for each server that was started, pull, and model that was loaded

What is taken over from the real program, beside what each function says: `pull` ends with 0 when the server dies
beneath it; any file with a blob's name counts as the blob; partial files are read by a glob and removed by number.
"""

import contextlib
import glob
import hashlib
import json
import os
import select
import shutil
import signal
import socket
import socketserver
import sys
import threading
import time

ROOT = os.environ["STANDIN"]
PIECE = 16 * 1024
PARTS = 4  # ollama: 16, of 100 MB at least


def fault(name, once=False):
    """The text of a fault that is asked for, else None; `once` takes it back."""
    path = f"{ROOT}/faults/{name}"
    try:
        with open(path) as file:
            text = file.read()
    except FileNotFoundError:
        return None
    if once:
        os.remove(path)
    return text


def note(file, text):
    with open(f"{ROOT}/{file}", "a") as out:
        out.write(f"{text}\n")


def parse(name):
    """host, namespace, model, tag, whether it was http://; ollama's ParseName."""
    plain = name.startswith("http://")
    name = name.split("://")[-1]
    tag = "latest"
    if name.rfind(":") > name.rfind("/"):
        name, tag = name.rsplit(":", 1)
    parts = name.split("/")
    if not all(parts) or len(parts) > 3:
        raise Failure("invalid model name")
    defaults = ["registry.ollama.ai", "library"]
    return *defaults[: 3 - len(parts)], *parts, tag, plain


class Failure(Exception):
    pass


# --- the server -----------------------------------------------------------------------------------------------------


def models_dir():
    return os.environ.get("OLLAMA_MODELS") or os.path.expanduser("~/.ollama/models")


def blob_path(digest):
    return f"{models_dir()}/blobs/{digest.replace(':', '-')}"


def manifest_path(name, root=None):
    host, namespace, model, tag, _ = parse(name)
    return f"{root or models_dir()}/manifests/{host}/{namespace}/{model}/{tag}"


def layers_of(manifest):
    return [*manifest["layers"], manifest["config"]]


def serve():
    key = os.path.join(os.environ.get("HOME") or sys.exit("Error: $HOME is not defined"), ".ollama", "id_ed25519")
    try:
        os.makedirs(os.path.dirname(key), exist_ok=True)
        if not os.path.exists(key):
            print(f"Couldn't find '{key}'. Generating new private key.")
            with open(key, "w") as file:
                file.write("key")
        os.makedirs(f"{models_dir()}/blobs", exist_ok=True)
        os.makedirs(f"{models_dir()}/manifests", exist_ok=True)
    except OSError as error:
        sys.exit(f"Error: could not create directory mkdir {error.filename}: {error.strerror.lower()}")
    if fault("no-start") is not None:
        sys.exit("Error: llama runner: no such library")
    try:
        server = Server(address(), Session)
    except OSError as error:
        sys.exit(f"Error: listen tcp {':'.join(map(str, address()))}: bind: {error.strerror.lower()}")
    if not os.environ.get("OLLAMA_NOPRUNE"):
        prune()
    note("calls", "serve")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f'time=now level=INFO source=routes.go:1 msg="Listening on {address()}"', flush=True)
    server.serve_forever()


def prune():
    """Removes every file that no manifest names, partial ones too."""
    used = set()
    for path in glob.glob(f"{models_dir()}/manifests/*/*/*/*"):
        with open(path) as file:
            used |= {blob_path(layer["digest"]) for layer in layers_of(json.load(file))}
    for path in glob.glob(f"{models_dir()}/blobs/*"):
        if path not in used:
            os.remove(path)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        request = json.loads(self.rfile.readline())
        try:
            getattr(self, request.pop("do"))(**request)
            self.tell(status="success")
        except Failure as error:
            self.tell(error=str(error))
        except OSError as error:
            if not self.gone():
                self.tell(error=f"write {error.filename}: {error.strerror.lower()}")

    def tell(self, **message):
        self.wfile.write(json.dumps(message).encode() + b"\n")

    def gone(self):
        return bool(select.select([self.connection], [], [], 0)[0])

    def list(self):
        pass

    def ps(self):
        """The models in memory. It lies by `processor`, and fails by `ps`: an error's text, "hang", or seconds."""
        if (said := fault("ps")) is not None:
            if said == "hang":
                time.sleep(600)
            if not said.isdigit():
                raise Failure(said)
            time.sleep(int(said))
        with contextlib.suppress(FileNotFoundError), open(f"{ROOT}/loaded") as file:
            for name in dict.fromkeys(file.read().split()):
                self.tell(name=name, processor=fault("processor") or "100% GPU")

    def show(self, name):
        if not os.path.exists(manifest_path(name)):
            raise Failure(f"model '{name}' not found")

    def create(self, name, base, modelfile):
        """The manifest of another model under a new name, and the Modelfile in a log."""
        if fault("no-create") is not None:
            raise Failure("no space left on device")
        self.show(base)
        os.makedirs(os.path.dirname(manifest_path(name)), exist_ok=True)
        shutil.copy(manifest_path(base), manifest_path(name))
        note("calls", f"create {name} {modelfile!r}")

    def generate(self, name, prompt):
        self.show(name)
        if fault("embeds-only") is not None and not prompt:
            raise Failure(f'embedding models require input text. Usage: ollama run {name} "your text here"')
        if fault("no-load") is not None:
            raise Failure("llama runner process has terminated: model is corrupted or incomplete")
        time.sleep(float(fault("slow-load") or 0))
        note("calls", f"load {name} {prompt!r}")
        if fault("not-loaded") is None:
            note("loaded", name)

    def pull(self, name, insecure):
        *_, plain = parse(name)
        if plain and not insecure:
            raise Failure("insecure protocol http")
        self.tell(status="pulling manifest")
        note("calls", f"pull {name}")
        if (line := fault("refuse")) is not None:
            raise Failure(f"pull model manifest: {line}")
        try:
            with open(manifest_path(name, f"{ROOT}/registry")) as file:
                manifest = json.load(file)
        except FileNotFoundError:
            raise Failure("pull model manifest: file does not exist") from None
        brought = [layer["digest"] for layer in layers_of(manifest) if self.download(layer["digest"])]
        self.tell(status="verifying sha256 digest")
        for digest in brought:
            with open(blob_path(digest), "rb") as file:
                got = "sha256:" + hashlib.sha256(file.read()).hexdigest()
            if got != digest:
                os.remove(blob_path(digest))
                raise Failure(f"digest mismatch, file must be downloaded again: want {digest}, got {got}")
        self.tell(status="writing manifest")
        path = manifest_path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            json.dump(manifest, file, separators=(",", ":"))

    def download(self, digest):
        """Whether anything had to be brought: a file of that name is believed, whatever it holds."""
        path = blob_path(digest)
        if os.path.exists(path):
            return False
        with open(f"{ROOT}/registry/blobs/{digest.replace(':', '-')}", "rb") as file:
            content = file.read()
        parts = self.prepare(f"{path}-partial", content)
        total = sum(part["Size"] for part in parts)
        with open(f"{path}-partial", "r+b" if os.path.exists(f"{path}-partial") else "w+b") as out:
            out.truncate(total)
            for part in parts:
                self.bring(digest, content, part, parts, out)
        for number in range(len(parts)):
            remove_part(f"{path}-partial-{number}")
        os.rename(f"{path}-partial", path)
        return True

    def prepare(self, data, content):
        """The parts as their files say; a set that is not whole makes the blob shorter, an empty file is EOF."""
        parts = []
        for path in glob.glob(f"{data}-*"):
            with open(path) as file:
                text = file.read()
            if not text.endswith("}\n"):
                raise Failure("unexpected EOF" if text else "EOF")
            parts.append(json.loads(text))
        if not parts:
            size = max(-(-len(content) // PARTS), 1)
            for number, offset in enumerate(range(0, len(content), size)):
                parts.append({"N": number, "Offset": offset, "Size": min(size, len(content) - offset), "Completed": 0})
                write_part(data, parts[-1])
        return parts

    def bring(self, digest, content, part, parts, out):
        done = part["Completed"]
        try:
            while done < part["Size"]:
                size = min(PIECE, part["Size"] - done)
                offset = part["Offset"] + done
                room = fault("room")
                if room is not None and offset + size > int(room):
                    raise OSError(28, "No space left on device", out.name)
                out.seek(offset)
                out.write(content[offset : offset + size])
                out.flush()
                note("sent", size)
                done += size
                held = sum(p["Completed"] for p in parts) - part["Completed"] + done
                self.tell(digest=digest, total=sum(p["Size"] for p in parts), completed=held)
                if done < part["Size"]:
                    self.misfortune(held)
        finally:
            part["Completed"] = done
            write_part(out.name, part)

    def misfortune(self, held):
        if (limit := fault("die-at")) is not None and held >= int(limit):
            os.remove(f"{ROOT}/faults/die-at")
            os._exit(1)
        if (limit := fault("hang-at")) is not None and held >= int(limit):
            while fault("hang-at") is not None and not self.gone():
                time.sleep(0.05)
        time.sleep(float(fault("slow") or 0))
        if self.gone():
            raise BrokenPipeError


def write_part(data, part):
    with open(f"{data}-{part['N']}", "w") as file:
        file.write(json.dumps(part, separators=(",", ":")) + "\n")


def remove_part(path):
    try:
        os.remove(path)
    except FileNotFoundError:
        raise Failure(f"remove {path}: no such file or directory") from None


# --- the client -----------------------------------------------------------------------------------------------------


def address():
    host, port = os.environ.get("OLLAMA_HOST", "127.0.0.1:11434").rsplit(":", 1)
    return host, int(port)


def ask(**request):
    """The server's answers, one by one; ends where the server does, as ollama 0.17 does, without an error."""
    try:
        connection = socket.create_connection(address())
    except OSError:
        sys.exit("Error: could not connect to ollama server, run 'ollama serve' to start it")
    with connection, connection.makefile("rw") as lines:
        lines.write(json.dumps(request) + "\n")
        lines.flush()
        try:
            for line in lines:
                answer = json.loads(line)
                if "error" in answer:
                    sys.exit(f"Error: {answer['error']}")
                yield answer
        except ConnectionError:
            return


def size(number):
    return next(f"{number / unit:.3g} {name}" for unit, name in ((1e6, "MB"), (1e3, "KB"), (1, "B")) if number >= unit)


def pull(name, insecure):
    """Draws for a terminal even where there is none; 0.5 draws each line anew, later ones go up and over them."""
    states = {}
    for answer in ask(do="pull", name=name, insecure=insecure):
        key = answer.get("digest") or answer["status"]
        states[key] = answer
        sys.stderr.write("\033[?2026h\033[?25l" + "\033[A" * (len(states) - 1) + "\033[1G")
        sys.stderr.write("\n".join(f"{draw(key, state)}\033[K" for key, state in states.items()))
        sys.stderr.write("\033[?25h\033[?2026l")
        sys.stderr.flush()


def draw(key, state):
    if "total" not in state:
        return f"{key} ⠋ "
    percent = 100 * state["completed"] // state["total"]
    tail = f"{size(state['completed'])}/{size(state['total'])}   58 MB/s     46s"
    bar = "█" * (percent // 10) + " " * (10 - percent // 10)
    return f"pulling {key[7:19]}: {percent:3d}% ▕{bar}▏ {tail if percent < 100 else size(state['total'])}"


def main(arguments):
    command, *rest = arguments
    names = [word for word in rest if not word.startswith("--")]
    if command in ("--help", "-h"):
        print("Available Commands:\n  serve\n  show\n  run\n  pull\n  list")
    elif "--help" in rest:
        print("Flags:\n      --insecure")
    elif command == "serve":
        serve()
    elif command == "list":
        list(ask(do="list"))
    elif command == "ps":
        print(f"{'NAME':<20}{'ID':<16}{'SIZE':<10}{'PROCESSOR':<20}{'CONTEXT':<11}UNTIL")
        for model in list(ask(do="ps"))[:-1]:
            print(f"{model['name']:<20}{'e0979632db5a':<16}{'5.0 GB':<10}{model['processor']:<20}{'8192':<11}Forever")
    elif command == "show":
        list(ask(do="show", name=names[0]))
        if "--modelfile" in rest:
            with open(manifest_path(names[0])) as manifest:
                print(f"FROM {manifest.read()}")
    elif command == "create":
        with open(names[1]) as file:
            modelfile = file.read()
        (base,) = [line.removeprefix("FROM ") for line in modelfile.splitlines() if line.startswith("FROM ")]
        list(ask(do="create", name=names[0], base=base, modelfile=modelfile))
    elif command == "pull":
        pull(names[0], "--insecure" in rest)
    elif command == "run":
        # 0.5 joins what came on stdin and the arguments with blanks, even where both are empty.
        list(ask(do="generate", name=names[0], prompt=" ".join([sys.stdin.read(), *names[1:]])))
    else:
        sys.exit(f'Error: unknown command "{command}" for "ollama"')


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    main(sys.argv[1:])

#!/usr/bin/env python3
"""Probes of a server whose pods form a group: the first pod answers requests, the others compute with it.

    group.py reach PORT
        The first pod, whose address is in GROUP_LEADER, accepts connections on PORT.
    group.py answer PORT PATH REQUEST [PATH REQUEST]… COUNTER…
        The model computes: a COUNTER in the metrics has grown since the last call, or a REQUEST to a PATH is answered.
        A server that embeds and one that scores have different paths: the next request follows one that is refused
        (4xx). If all are refused, that is an answer too. An idle group gets requests, a busy one does not.
    group.py outlast PORT
        Returns when the first pod has closed PORT, so that the others stop after it.

Environment: GROUP_LEADER, the address of the first pod. GROUP_API_KEY, the key of the server, if it has one.
GROUP_STATE, the file in which `answer` keeps the counters.
Exit codes: 0 yes, 1 no, with the reason on standard error.
"""

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request

# Both, and two reads of the metrics, fit into the timeout of a probe, which is 30 seconds.
REQUEST_SECONDS = 20
METRICS_SECONDS = 4
STATE = os.environ.get("GROUP_STATE", "/tmp/group-progress")


def main(command, port, *rest):
    if command == "reach":
        return reach(int(port))
    if command == "outlast":
        return outlast(int(port))
    if command == "answer":
        return answer(f"http://127.0.0.1:{int(port)}", *rest)
    raise SystemExit(f"unknown command {command}; use reach, answer or outlast")


def reach(port):
    leader = os.environ["GROUP_LEADER"]
    try:
        socket.create_connection((leader, port), timeout=4).close()
    except OSError as error:
        return f"the first pod of the group, {leader}, does not accept connections on port {port}: {error}"
    return None


def outlast(port):
    while reach(port) is None:
        time.sleep(1)
    return None


def answer(server, *rest):
    requests, counters = [], list(rest)
    while counters and counters[0].startswith("/"):
        requests.append((counters.pop(0), counters.pop(0)))
    before = progress(server, counters)
    if before is not None and before != recall():
        return remember(before)
    error = ask(server, requests)
    after = progress(server, counters)
    if error and (before is None or after is None or after == before):
        return error
    return remember(after)


def ask(server, requests):
    """The reason why no request is answered, or None."""
    headers = {"Content-Type": "application/json"}
    if os.environ.get("GROUP_API_KEY"):
        headers["Authorization"] = "Bearer " + os.environ["GROUP_API_KEY"]
    for path, body in requests:
        url = server + path
        try:
            opened(urllib.request.Request(url, json.dumps(json.loads(body)).encode(), headers), REQUEST_SECONDS)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                continue
            return f"{url}: HTTP {error.code}"
        except OSError as error:
            return f"{url}: no answer within {REQUEST_SECONDS} seconds: {error}"
        return None
    return None


def progress(server, counters):
    """The sum of the counters, or None if the metrics cannot be read."""
    try:
        text = opened(server + "/metrics", METRICS_SECONDS)
    except OSError:
        return None
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return sum(float(line[-1]) for line in lines if len(line) > 1 and line[0].split("{")[0] in counters)


def opened(request, seconds):
    # Without a proxy, which the environment may name.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=seconds) as reply:
        return reply.read().decode(errors="replace")


def recall():
    try:
        with open(STATE, encoding="utf-8") as file:
            return float(file.read())
    except (OSError, ValueError):
        return None


def remember(value):
    if value is not None:
        with open(STATE + ".new", "w", encoding="utf-8") as file:
            file.write(str(value))
        os.replace(STATE + ".new", STATE)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""What must hold for deploy/Dockerfile and deploy/compose.yaml."""

import re

from manifests import SERVICES

REDIS = "redis"


def instructions(dockerfile):
    """(INSTRUCTION, arguments) pairs; continued lines are joined, comments left out."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        yield word.upper(), rest.strip()


def dockerfile_complaints(dockerfile, ignored):
    """Facts about the image that no syntax checker knows."""
    steps = list(instructions(dockerfile))
    bases = [rest.split() for word, rest in steps if word == "FROM"]
    stages = [base[2] for base in bases if len(base) == 3]
    for base in bases:
        if not re.fullmatch(r"debian:trixie(-slim)?", base[0]) and base[0] not in stages:
            yield f"FROM {base[0]} is not Debian 13"
    final = steps[len(steps) - 1 - [word for word, _ in reversed(steps)].index("FROM"):]
    users = [rest for word, rest in final if word == "USER"]
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        yield f"the image's user is {users or 'root'}; Kubernetes needs numbers to see that it is not root"
    for word, rest in steps:
        if word == "ADD":
            yield f"ADD {rest} may fetch what nobody reviewed"
        for stage in re.findall(r"(?:--from=|from=)([a-z]+)", rest):
            if stage not in stages:
                yield f"{rest.split()[0]}: there is no stage {stage}"
        if "apt-get install" in rest and "--no-install-recommends" not in rest:
            yield "apt-get install without --no-install-recommends"
        if ("apt-get install" in rest or "local/install" in rest and word == "RUN") and "rm -rf /var/lib/apt/lists" not in rest:
            yield "the package lists stay in the image"
    built = " ".join(rest for word, rest in steps if word == "RUN" and "install --strip" in rest)
    for binary in ["quartet-all", *(f"quartet-{service}" for service in SERVICES)]:
        if f"build/release/bin/{binary} " not in built + " ":
            yield f"{binary} does not get into the image"
    if "*" not in ignored or "!build" in ignored or "!.git" in ignored:
        yield ".dockerignore lets the whole tree into the build"


def compose_complaints(document):
    services = document["services"]
    if set(services) != {REDIS, *SERVICES}:
        yield f"services are {sorted(services)}"
        return
    published = []
    for service in SERVICES:
        item = services[service]
        environment = item["environment"]
        port = environment["QUARTET_LISTEN"].rpartition(":")[2]
        if item["command"] != [f"quartet-{service}"]:
            yield f"{service} runs {item['command']}"
        for other in SERVICES:
            if environment.get(f"QUARTET_{other.upper()}") != f"{other}:{port}":
                yield f"{service} looks for {other} at {environment.get(f'QUARTET_{other.upper()}')}"
        if environment.get("QUARTET_REDIS") != f"{REDIS}:6379":
            yield f"{service} looks for Redis at {environment.get('QUARTET_REDIS')}"
        if environment.get("QUARTET_ALLOW_INSECURE_LISTEN") != "true":
            yield f"{service} would refuse to listen on {environment['QUARTET_LISTEN']}"
        if item.get("volumes") != [f"{service}:{environment['QUARTET_DATA_DIR']}"] or service not in document["volumes"]:
            yield f"{service} keeps its data in {item.get('volumes')}"
        if item.get("cap_drop") != ["ALL"] or item.get("read_only") is not True:
            yield f"{service} is not confined"
        published += item.get("ports", [])
    if published != [f"127.0.0.1:{7400 + place}:7400" for place in range(len(SERVICES))]:
        yield f"published are {published}"
    if "noeviction" not in services[REDIS]["command"] or services[REDIS].get("ports"):
        yield "Redis evicts, or is open to others"
    for service, item in services.items():
        if not item.get("healthcheck", {}).get("test"):
            yield f"{service} has no health check"

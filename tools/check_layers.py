#!/usr/bin/env python3
"""The arrows of src/CMakeLists.txt hold on #include lines too, and third-party headers stay in their folders."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')

# First part of a third-party header -> where it may be included: a folder of src/ or one file. Tests and benches beside
# the source are free: they need GoogleTest and encoders.
THIRD_PARTY = {
    "boost/unordered/": ["promptcache", "routing"],  # header-only and small
    "boost/container/": ["promptcache", "net", "http", "pipeline"],  # small_vector
    "boost/": ["net", "http", "pipeline", "claude_cli"],
    "openssl/": ["base", "net"],
    "editline/": ["app/chat/chat_prompt.cpp"],
    "simdjson.h": ["chat", "judge", "message", "money", "meter", "claude_cli", "openai", "trace"],
    "sqlite3.h": ["storage"],
    "spdlog/": ["base"],
    "CLI/": ["app/cli.cpp"],
    "toml++/": ["app/config/config_toml.cpp"],
    "zlib.h": ["meter"],
    "brotli/": ["meter"],
    "zstd.h": ["meter"],
}


def direct_dependencies():
    modules = {}
    text = (ROOT / "src/CMakeLists.txt").read_text()
    for name, words in re.findall(r"distiq_module\((\w+)\s+DEPS\s+([^)]*)\)", text):
        modules[name] = {word.removeprefix("distiq_") for word in words.split() if word.startswith("distiq_")}
    for name in modules:
        modules[name] &= modules.keys()
    return modules


def visible_from(name, direct):
    seen, todo = {name}, [name]
    while todo:
        for other in direct[todo.pop()] - seen:
            seen.add(other)
            todo.append(other)
    return seen


def is_beside_the_source(path):
    return re.search(r"(_test|_bench|_for_test|_support)\.(cpp|h)$|^test_", path.name) is not None


def third_party_problem(header, relative):
    for prefix, places in THIRD_PARTY.items():  # the first that fits
        if header == prefix or (prefix.endswith("/") and header.startswith(prefix)):
            if relative.parts[0] not in places and str(relative) not in places:
                return f"<{header}> belongs to {', '.join(places)}"
            return None
    return None


def problems_of(path, modules, visible):
    relative = path.relative_to(ROOT / "src")
    module = relative.parts[0] if len(relative.parts) > 1 else "app"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, header = match.group(1) == '"', match.group(2)
        other = header.split("/")[0]
        if quoted and "/" not in header:
            yield f"{path}:{number}: write \"{module}/{header}\": includes are relative to src/"
        elif quoted and other not in modules:
            yield f"{path}:{number}: there is no module {other}"
        elif quoted and other not in visible[module]:
            yield f"{path}:{number}: {module} must not see {other} (src/CMakeLists.txt)"
        elif not quoted and not is_beside_the_source(path):
            if problem := third_party_problem(header, relative):
                yield f"{path}:{number}: {problem}"


def foreign_includes():
    """The simulator shares nothing with src/: else a mistake of ours would be in the judge too."""
    own = {path.name for path in (ROOT / "sim").rglob("*.h")}
    for path in sorted((ROOT / "sim").rglob("*")):
        if path.suffix not in (".cpp", ".h"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and match.group(1) == '"' and match.group(2).split("/")[-1] not in own:
                yield f"{path}:{number}: the simulator includes {match.group(2)}, which is not its own"


def main():
    direct = direct_dependencies()
    if "app" not in direct or "base" not in direct:
        print("src/CMakeLists.txt has no distiq_module lines that this script understands")
        return 1
    visible = {name: visible_from(name, direct) for name in direct}
    problems = []
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix in (".cpp", ".h"):
            problems += problems_of(path, direct.keys(), visible)
    problems += foreign_includes()
    print("\n".join(str(problem).replace(str(ROOT) + "/", "") for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

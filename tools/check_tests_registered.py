#!/usr/bin/env python3
"""Every test file is really built or found: a list kept by hand rots in silence, so nothing may stand outside the globs."""
import ast
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DISABLED = re.compile(r"\bDISABLED_\w+|GTEST_SKIP\(\)\s*;")


def compiled_files():
    for preset in ("gcc", "asan", "release"):
        commands = ROOT / "build" / preset / "compile_commands.json"
        if commands.exists():
            return {str(pathlib.Path(entry["file"])) for entry in json.loads(commands.read_text())}
    return None


def cpp_problems(compiled):
    for folder in ("src", "sim", "tests", "bench"):
        for path in sorted((ROOT / folder).rglob("*_test.cpp")):
            if compiled is not None and str(path) not in compiled:
                yield f"{path}: is built by no target (configure again if it is new)"
            text = path.read_text()
            if not re.search(r"^\s*(TYPED_)?TEST(_F|_P)?\(", text, re.M):
                yield f"{path}: holds no test"
            if found := DISABLED.search(text):
                yield f"{path}: {found.group(0)}: a switched-off test proves nothing"


def module_names():
    """Modules that the header of src/ declares; a folder of sources outside of them would never be built."""
    return set(re.findall(r"distiq_module\((\w+)", (ROOT / "src/CMakeLists.txt").read_text()))


def folder_problems():
    known = module_names()
    for folder in sorted((ROOT / "src").iterdir()):
        if folder.is_dir() and any(folder.glob("*.cpp")) and folder.name not in known:
            yield f"{folder}: is no distiq_module in src/CMakeLists.txt"


def python_problems():
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for parent in list(path.relative_to(ROOT).parents)[:-1]:
            if not (ROOT / parent / "__init__.py").exists():
                yield f"{ROOT / parent}: has no __init__.py, so {path.name} is not found"
        tree = ast.parse(path.read_text())
        methods = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
                   and node.name.startswith("test")]
        if not methods:
            yield f"{path}: holds no test"


def main():
    problems = [*cpp_problems(compiled_files()), *folder_problems(), *python_problems()]
    print("\n".join(problem.replace(str(ROOT) + "/", "") for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

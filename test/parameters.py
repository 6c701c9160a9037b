"""parameters.py - other readers of the formats that parameters are read from: judges of what rr reads.

Standard input: JSON, {"format": ..., "documents": [{"text": bytes as latin1, "tree": dump or null}]}.
A dump is what rr has read, null if it refused. Prints JSON: {"complaints": [...], "agreed": N, "refused": N,
"harsh": N}; harsh: refused though every judge reads it.
"""
import ast
import configparser
import json
import math
import os
import re
import subprocess
import sys
import tempfile

sys.setrecursionlimit(20000)


class Refusal(Exception):
    pass


def read_pyyaml(data):
    import yaml
    try:
        return yaml.load(data, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise Refusal("PyYAML: " + str(error).replace("\n", " ")[:200])


def read_libyaml(data):
    import yaml
    try:
        return yaml.load(data, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise Refusal("libyaml: " + str(error).replace("\n", " ")[:200])


def read_ruamel(data):
    import ruamel.yaml
    reader = ruamel.yaml.YAML(typ="safe", pure=True)
    try:
        return reader.load(data)
    except (ruamel.yaml.error.YAMLError, ValueError, RecursionError, OverflowError, TypeError, AttributeError) as error:
        raise Refusal("ruamel.yaml: " + str(error).replace("\n", " ")[:200])


def read_tomllib(data):
    import tomllib
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refusal("tomllib: " + str(error)[:200])


def read_tomli(data):
    import tomli
    try:
        return tomli.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refusal("tomli: " + str(error)[:200])


def read_json(data):
    def refuse(word):
        raise Refusal("json: " + word)

    def pairs(items):
        if len({key for key, _ in items}) != len(items):
            raise Refusal("json: a key twice")
        return dict(items)
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=refuse, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise Refusal("json: " + str(error)[:200])


def read_ini(data):
    parser = configparser.ConfigParser(interpolation=None, default_section="\0")
    parser.optionxform = str
    try:
        parser.read_string("[\1]\n" + data.decode("utf-8", "surrogateescape").removeprefix("\ufeff"))
    except configparser.Error as error:
        raise Refusal("configparser: " + str(error).replace("\n", " ")[:200])

    def plain(value):
        """Behind a number rr takes a comment for one, as other readers do."""
        number = re.match(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?)[ \t]+[#;]", value)
        return value if number is None else number[1]
    return {(key if section == "\1" else section + "." + key): plain(value) for section in parser.sections() for key, value in parser.items(section)}


class Unwritten:
    """A value that is not written out."""


def read_python(data):
    """What a module gives to names, as its syntax tree tells: the last assignment of each; Unwritten where it is no literal."""
    try:
        body = ast.parse(data.decode("utf-8-sig")).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # The last: nested too deep for its parser.
        raise Refusal("ast: " + str(error)[:200])

    def literal(node):
        try:
            return ast.literal_eval(node)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return Unwritten

    def assigned(statements, name_of):
        for one in statements:
            target = one.targets[0] if isinstance(one, ast.Assign) and len(one.targets) == 1 else one.target if isinstance(one, ast.AnnAssign) and one.value is not None else None
            name = name_of(target)
            if name is not None:
                yield name, literal(one.value)

    def plain(target):
        return target.id if isinstance(target, ast.Name) else None

    def own(target):
        return target.attr if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self" else None
    values = dict(assigned(body, plain))
    for one in body:
        if isinstance(one, ast.ClassDef):
            inner = dict(assigned(one.body, plain))
            for method in one.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    inner.update(assigned(method.body, own))
            if inner:
                values[one.name] = inner
    return values


def read_shell(names):
    """What the shell has in its variables behind the script, which is run; `names` are asked for."""
    def read(data):
        with tempfile.NamedTemporaryFile(suffix=".sh") as file:
            file.write(data)
            file.flush()
            ask = "".join('printf "%%s\\0" "${%s-\001}" >&3; ' % name for name in names)
            # By a trap, because the script may exit.
            script = "exec 3>&1 >/dev/null; trap '" + ask + "' 0; . \"$0\" </dev/null"
            done = subprocess.run([SHELL, "-c", script, file.name], capture_output=True, env={"PATH": "/usr/bin:/bin"}, check=False, cwd=os.path.dirname(file.name))
        values = done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
        if len(values) != len(names) or (done.returncode != 0 and "\1" in values):
            raise Refusal("sh: " + repr(done.stderr[:200]))
        return dict(zip(names, values))
    return read


SHELL = "dash"


def read_r(documents):
    """The dumps of all documents, None where R refuses."""
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, document in enumerate(documents):
            names.append("%s/%d.R" % (folder, number))
            with open(names[-1], "wb") as file:
                file.write(document["text"].encode("latin-1"))
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parameters.R")
        done = subprocess.run(["Rscript", "--vanilla", program] + names, capture_output=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, check=True)
    return [None if line == "refused" else json.loads(line) for line in done.stdout.decode("ascii").splitlines()]


def of_dump(dump):
    """The value that a dump of R tells; one item is the same as a list of it."""
    kind, value = dump
    if kind == "mapping":
        return {name: of_dump(one) for name, one in value}
    if kind == "list":
        return [of_dump(one) for one in value]
    return Unwritten if kind == "unreadable" else {"string": lambda: value, "boolean": lambda: value, "integer": lambda: int(value), "float": lambda: float(value), "null": lambda: None}[kind]()


JUDGES = {
    "python": [read_python],
    "yaml": [read_pyyaml, read_ruamel], "toml": [read_tomllib, read_tomli], "json": [read_json],
    "ini": [read_ini],
}


def differ(tree, value, path):
    """Where and how the value is not what the dump says; None if it is."""
    kind = tree[0]
    if kind == "unreadable":
        return None
    if kind == "mapping":
        if not isinstance(value, dict):
            return path + ": no mapping, " + repr(value)[:80]
        names = {decode(name): node for name, node in tree[1]}
        theirs = {(str(key) if isinstance(key, int) and not isinstance(key, bool) else key): one for key, one in value.items()}
        names = {name: node for name, node in names.items() if node[0] != "unreadable" or name in theirs}
        if PARTIAL and path.count(".") < 2 and set(names) <= set(theirs):
            theirs = {name: theirs[name] for name in names}
        if set(names) != set(theirs):
            return path + ": other keys, " + repr(sorted(map(repr, set(names) ^ set(theirs))))[:120]
        return first(differ(node, theirs[name], path + "." + name) for name, node in names.items())
    if kind == "list":
        if PARTIAL and len(tree[1]) == 1 and not isinstance(value, (list, tuple)):
            return differ(tree[1][0], value, path)
        if not isinstance(value, (list, tuple)) or len(value) != len(tree[1]):
            return path + ": no such list, " + repr(value)[:80]
        return first(differ(node, one, path + "[%d]" % i) for i, (node, one) in enumerate(zip(tree[1], value)))
    if kind == "undecided":
        return path + ": a collection" if isinstance(value, (dict, list)) else None
    return None if is_scalar(kind, tree[1], value) else path + ": " + repr(tree)[:80] + " is to the judge " + repr(value)[:80]


def is_scalar(kind, text, value):
    if kind == "string":
        return isinstance(value, str) and value == decode(text)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and value == int(text)
    if kind == "float":
        number = float(text)
        return isinstance(value, float) and (value == number and math.copysign(1, value) == math.copysign(1, number) or (math.isnan(value) and math.isnan(number)))
    if kind == "boolean":
        return value is (text == "true")
    if kind == "null":
        return value is None
    return kind == "date" and hasattr(value, "isoformat")


def decode(text):
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def first(differences):
    return next((one for one in differences if one is not None), None)


# Of a program not every name is told.
PARTIAL = False


def judge(format_name, documents):
    global PARTIAL
    PARTIAL = format_name in ("python", "r", "shell")
    result = {"complaints": [], "agreed": 0, "refused": 0, "harsh": 0}
    by_r = read_r(documents) if format_name == "r" else []

    def judges_of(number, document):
        if format_name == "r":
            def read(_):
                if by_r[number] is None:
                    raise Refusal("R")
                return of_dump(by_r[number])
            return [read]
        if format_name == "shell":
            return [read_shell([name for name, _ in (document["tree"] or ["", []])[1]])]
        return JUDGES[format_name]
    for number, document in enumerate(documents):
        data = document["text"].encode("latin-1")
        if document["tree"] is None:
            result["refused"] += 1
            try:
                for read in judges_of(number, document):
                    read(data)
                result["harsh"] += 1
            except Refusal:
                pass
            except Exception:
                pass
            continue
        complaint = None
        for read in judges_of(number, document):
            try:
                value = read(data)
                difference = differ(document["tree"], {} if value is None else value, "")
            except Refusal as refusal:
                # A program with a fault in it does not run at all, whatever is read of it.
                difference = None if PARTIAL else "refused by the judge: " + str(refusal)
            except Exception as error:
                # Told of this document, so that it is known which one it was.
                difference = "the judge failed: " + repr(error)[:200]
            complaint = complaint or difference
        if complaint is None:
            result["agreed"] += 1
        else:
            result["complaints"].append({"number": number, "text": document["text"], "what": complaint})
    return result


if __name__ == "__main__":
    job = json.load(sys.stdin)
    json.dump(judge(job["format"], job["documents"]), sys.stdout)

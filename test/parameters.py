"""parameters.py - other readers of the formats that parameters are read from: judges of what rr reads.

Standard input: JSON, {"format": ..., "documents": [{"text": bytes as latin1, "tree": dump or null}]}.
A dump is what rr has read, null if it refused. Prints JSON: {"complaints": [...], "agreed": N, "refused": N,
"harsh": N}; harsh: refused though every judge reads it.
"""
import ast
import configparser
import json
import math
import re
import sys

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


def read_ini(comments):
    def read(data):
        parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=comments, default_section="\0")
        parser.optionxform = str
        text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        try:
            parser.read_string("[\1]\n" + text)
        except configparser.Error as error:
            raise Refusal("configparser: " + str(error).replace("\n", " ")[:200])
        return {(key if section == "\1" else section + "." + key): value for section in parser.sections() for key, value in parser.items(section)}
    return read


JUDGES = {
    "yaml": [read_pyyaml, read_ruamel], "toml": [read_tomllib, read_tomli], "json": [read_json],
    "ini": [read_ini(None), read_ini(("#", ";"))],
}


def differ(tree, value, path):
    """Where and how the value is not what the dump says; None if it is."""
    kind = tree[0]
    if kind == "mapping":
        if not isinstance(value, dict):
            return path + ": no mapping, " + repr(value)[:80]
        names = {decode(name): node for name, node in tree[1]}
        theirs = {(str(key) if isinstance(key, int) and not isinstance(key, bool) else key): one for key, one in value.items()}
        if set(names) != set(theirs):
            return path + ": other keys, " + repr(sorted(map(repr, set(names) ^ set(theirs))))[:120]
        return first(differ(node, theirs[name], path + "." + name) for name, node in names.items())
    if kind == "list":
        if not isinstance(value, (list, tuple)) or len(value) != len(tree[1]):
            return path + ": no such list, " + repr(value)[:80]
        return first(differ(node, one, path + "[%d]" % i) for i, (node, one) in enumerate(zip(tree[1], value)))
    if kind in ("undecided", "unreadable"):
        return path + ": a collection" if kind == "undecided" and isinstance(value, (dict, list)) else None
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


def judge(format_name, documents):
    result = {"complaints": [], "agreed": 0, "refused": 0, "harsh": 0}
    for number, document in enumerate(documents):
        data = document["text"].encode("latin-1")
        if document["tree"] is None:
            result["refused"] += 1
            try:
                for read in JUDGES[format_name]:
                    read(data)
                result["harsh"] += 1
            except Refusal:
                pass
            except Exception:
                pass
            continue
        complaint = None
        for read in JUDGES[format_name]:
            try:
                value = read(data)
                difference = differ(document["tree"], {} if value is None else value, "")
            except Refusal as refusal:
                difference = "refused by the judge: " + str(refusal)
            complaint = complaint or difference
        if complaint is None:
            result["agreed"] += 1
        else:
            result["complaints"].append({"number": number, "text": document["text"], "what": complaint})
    return result


if __name__ == "__main__":
    job = json.load(sys.stdin)
    json.dump(judge(job["format"], job["documents"]), sys.stdout)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An opinion of the schemas in config-schema/ that does not come from this project: python3-jsonschema.

validate.py                                  are the schemas valid, and do the configs in tests/data fit?
validate.py SCHEMA.json FILE...              does each file fit?
validate.py --part NAME SCHEMA.json FILE...  does each file fit SCHEMA.json#/$defs/NAME?
validate.py --samples DIRECTORY              config.json, process.json and stdin.json below DIRECTORY

Unknown properties are fine: the specification demands that they are ignored. Status 0: all fits, 1: something
does not, 2: wrong use, 77: python3-jsonschema is not installed.
"""

import json
import sys
from pathlib import Path

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed", file=sys.stderr)
    sys.exit(77)

SCHEMAS = Path(__file__).resolve().parents[2] / "config-schema"


def load(path):
    """Strict as far as Python's parser can be: a key given twice is an error."""

    def unique(pairs):
        keys = [key for key, _ in pairs]
        if len(keys) != len(set(keys)):
            raise ValueError(f"a key is given twice among {keys}")
        return dict(pairs)

    return json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=unique)


def without_nulls(value):
    """null counts as absent where a property is not required, which the schemas do not say."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def validator_of(path, part=None):
    schema = load(path)
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
    resolver = jsonschema.RefResolver(Path(path).resolve().as_uri(), schema)
    if part is not None:
        if part not in schema.get("$defs", {}):
            sys.exit(f"{path} has no $defs/{part}")
        schema = {"$schema": schema["$schema"], "$ref": f"#/$defs/{part}"}
    return validator(schema, resolver=resolver)


def problems_of(validator, path):
    """What is wrong with a file, one text for each problem."""
    try:
        value = without_nulls(load(path))
    except ValueError as error:
        return [str(error)]
    return [
        f"{'/'.join(map(str, error.absolute_path)) or '(top)'}: {error.message}"
        for error in validator.iter_errors(value)
    ]


def check_files(validator, paths):
    good = True
    for path in paths:
        for problem in problems_of(validator, path):
            print(f"{path}: {problem}", file=sys.stderr)
            good = False
    return good


def check_schemas():
    good = True
    paths = sorted(SCHEMAS.glob("*.json"))
    for path in paths:
        try:
            schema = load(path)
            validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
            validator.check_schema(schema)
            resolver = jsonschema.RefResolver(path.as_uri(), schema)
            for reference in set(references(schema)):
                resolver.resolve(reference)
        except (ValueError, jsonschema.exceptions.SchemaError, jsonschema.exceptions.RefResolutionError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            good = False
    print(f"{len(paths)} schemas")
    return good and bool(paths)


def check_own():
    paths = sorted((SCHEMAS.parent / "tests" / "data" / "config" / "good").glob("*.json"))
    print(f"{len(paths)} configs")
    return check_files(validator_of(SCHEMAS / "config.json"), paths) and bool(paths)


def check_samples(directory):
    schema = SCHEMAS / "config.json"
    good, count = True, 0
    for name, part in (("config.json", None), ("process.json", "process"), ("stdin.json", "resources")):
        paths = sorted(Path(directory).rglob(name))
        good = check_files(validator_of(schema, part), paths) and good
        count += len(paths)
    print(f"{count} files")
    return good and count > 0


def main(arguments):
    if not arguments:
        return check_schemas() and check_own()
    if arguments[0] == "--samples" and len(arguments) == 2:
        return check_samples(arguments[1])
    if arguments[0] == "--part" and len(arguments) > 3:
        return check_files(validator_of(arguments[2], arguments[1]), arguments[3:])
    if not arguments[0].startswith("-") and len(arguments) > 1:
        return check_files(validator_of(arguments[0]), arguments[1:])
    print(__doc__, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)

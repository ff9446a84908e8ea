# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of a template as a survey of AWX, and the answers to it as inputs again.

A question's variable says which input it is for and how the answer is to be read: `paas_input_NAME` is the value
itself, `paas_yaml_input_NAME` a value written as YAML, because AWX has no questions for maps. A name that is no name of
a variable is written as 0x and its UTF-8 bytes in hexadecimal.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import document
from ansible_collections.indigo.paas.plugins.module_utils.tosca.converters import convert
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.yaml_scalars import scalar_text

PREFIX, YAML_PREFIX = "paas_input_", "paas_yaml_input_"
NAME_LENGTH = 40

_SIMPLE = re.compile(r"(?!0x)[A-Za-z0-9_]+\Z")
_TEXT_LENGTHS = {"min_length": "min", "max_length": "max"}
# AWX takes a default that begins with it for one that it has stored encrypted.
_ENCRYPTED = "$encrypted$"

Question = dict[str, Any]
Data = Mapping[str, Any]


def survey_spec(
    declared: Data, is_secret: Callable[[str], bool], *, name: str, description: str = "", deployment: str = ""
) -> dict[str, Any]:
    """Return AWX's survey specification for the inputs that a template declares.

    `declared` is the section `inputs` as written, `is_secret` tells by its name whether an input holds a secret,
    `deployment` is the default of the deployment's name, which is asked first. Ranges that AWX cannot hold, such as
    fractions, are widened: the template's own are checked when the plan is made. Raises TemplateError when an input is
    no mapping.
    """
    questions = [_question(str(name), body, is_secret(str(name))) for name, body in declared.items()]
    return {"name": name, "description": description, "spec": [*_about_the_deployment(deployment), *questions]}


def survey_inputs(variables: Data) -> dict[str, Any]:
    """Return the inputs that the variables of a survey hold; all other variables are left alone.

    An answer that was left empty is none, so the template's default holds. Values stay as they are, whatever they look
    like. Raises TemplateError when an answer that shall be YAML is none.
    """
    found: dict[str, Any] = {}
    for variable in variables:
        name = _input_name(variable)
        if name is None:
            continue
        value = variables[variable]
        if value is None or value == "":
            continue
        found[name] = _parsed(value, name) if variable.startswith(YAML_PREFIX) else value
    return found


def is_answer(variable: str) -> bool:
    """Say whether a variable holds the answer to a question about an input."""
    return _input_name(variable) is not None


def variable_of(name: str, as_yaml: bool = False) -> str:
    """Return the variable of the question for an input."""
    coded = name if _SIMPLE.match(name) else f"0x{name.encode('utf-8', 'surrogatepass').hex()}"
    return (YAML_PREFIX if as_yaml else PREFIX) + coded


def _input_name(variable: str) -> str | None:
    prefix = next((prefix for prefix in (PREFIX, YAML_PREFIX) if variable.startswith(prefix)), None)
    if prefix is None:
        return None
    coded = variable.removeprefix(prefix)
    if not coded.startswith("0x"):
        return coded or None
    try:
        return bytes.fromhex(coded[2:]).decode("utf-8", "surrogatepass")
    except ValueError:
        return None


def _parsed(value: Any, name: str) -> Any:
    return plain(document.parse(value, f"the answer for '{name}'")) if isinstance(value, str) else value


def _about_the_deployment(name: str) -> list[Question]:
    return [
        {
            "question_name": "Name of the deployment",
            "question_description": "Lower-case letters, digits and hyphens. An existing deployment is changed.",
            "variable": "paas_name",
            "type": "text",
            "required": True,
            "min": 1,
            "max": NAME_LENGTH,
            **({"default": name} if name else {}),
        },
        {
            "question_name": "Site",
            "question_description": "Left empty, the best site that can hold it is chosen.",
            "variable": "paas_site",
            "type": "text",
            "required": False,
        },
    ]


def _question(name: str, body: Any, secret: bool) -> Question:
    body = {} if body is None else body
    if not isinstance(body, Mapping):
        raise TemplateError(f"the input '{name[:80]}' must be a mapping", hint="Write its `type:` in it.")
    kind = body.get("type") or "string"
    constraints = list(_constraints(body))
    choices = _choices(kind, body, constraints)
    asked = "password" if secret and kind == "string" else _type(kind, choices)
    as_yaml = asked == "textarea" and kind != "string"
    default = None if secret else _default(kind, asked, body.get("default"), choices)
    has_default = body.get("default") is not None
    return {
        "question_name": name,
        "question_description": _description(body, kind, asked, constraints),
        "variable": variable_of(name, as_yaml),
        "type": asked,
        "required": body.get("required", True) is not False and not has_default,
        **({"choices": choices} if asked in ("multiplechoice", "multiselect") else {}),
        **_limits(asked, kind, constraints),
        **({} if default is None else {"default": default}),
    }


def _type(kind: str, choices: list[str] | None) -> str:
    if choices is not None:
        return "multiselect" if kind == "list" else "multiplechoice"
    if kind in ("integer", "float"):
        return kind
    if kind in ("string", "version", "timestamp", "number") or kind.startswith("scalar-unit."):
        return "text"
    return "textarea"


def _constraints(body: Data) -> Iterator[tuple[str, Any]]:
    """Yield the constraints of an input, those of the entries of a list too."""
    entry = body.get("entry_schema")
    for written in (body.get("constraints"), entry.get("constraints") if isinstance(entry, Mapping) else None):
        for constraint in written if isinstance(written, list) else ():
            if isinstance(constraint, Mapping) and len(constraint) == 1:
                yield from constraint.items()


def _choices(kind: str, body: Data, constraints: Iterable[tuple[str, Any]]) -> list[str] | None:
    """Return the values to choose from; None where the answer is free, or where AWX could not tell them apart."""
    if kind == "boolean":
        return ["true", "false"]
    values = next((bound for operator, bound in constraints if operator == "valid_values"), None)
    if not isinstance(values, list) or not values or kind == "map":
        return None
    if not all(isinstance(value, (str, int, float)) for value in values):
        return None
    texts = [scalar_text(value) for value in values]
    # AWX keeps choices as lines: an empty one or one of several lines is lost there.
    whole = all(text.strip() == text and len(text.splitlines()) == 1 for text in texts)
    return texts if whole and len(set(texts)) == len(texts) else None


def _default(kind: str, asked: str, written: Any, choices: list[str] | None) -> Any:
    """Return the default as AWX's type of question wants it; None where there is none that it takes."""
    if written is None or written == "":
        return None
    if asked in ("integer", "float"):
        return _number(asked, written)
    if asked == "multiselect":
        values = [scalar_text(value) for value in written] if isinstance(written, list) else []
        return "\n".join(values) if values and set(values) <= set(choices or ()) else None
    if asked == "textarea" and kind != "string":
        return json.dumps(plain(written), ensure_ascii=False)
    if not isinstance(written, (str, int, float)):
        return None
    text = scalar_text(written)
    if asked == "multiplechoice":
        text = text.lower() if kind == "boolean" else text
        return text if text in (choices or ()) else None
    return None if text.startswith(_ENCRYPTED) else text


def _number(kind: str, written: Any) -> Any:
    try:
        return convert(kind, written)
    except ValueError:
        return None


def _limits(asked: str, kind: str, constraints: Iterable[tuple[str, Any]]) -> dict[str, int]:
    """Return min and max: of a number its range, of a text its length; whole numbers, as AWX wants them."""
    found: dict[str, int] = {}
    for operator, bound in constraints:
        if asked in ("integer", "float"):
            found |= _range(asked, operator, bound)
        elif asked in ("text", "textarea", "password") and kind == "string":
            found |= _lengths(operator, bound)
    return found


def _range(asked: str, operator: str, bound: Any) -> dict[str, int]:
    bounds = bound if isinstance(bound, list) else [bound]
    numbers = [_number(asked, each) for each in bounds]
    step = 1 if asked == "integer" else 0
    if operator == "in_range" and len(numbers) == 2:
        low, high = numbers
    elif operator in ("greater_or_equal", "greater_than") and len(numbers) == 1:
        low, high = numbers[0], None
        low = low + step if low is not None and operator == "greater_than" else low
    elif operator in ("less_or_equal", "less_than") and len(numbers) == 1:
        low, high = None, numbers[0]
        high = high - step if high is not None and operator == "less_than" else high
    else:
        return {}
    return {
        **({"min": math.floor(low)} if low is not None else {}),
        **({"max": math.ceil(high)} if high is not None else {}),
    }


def _lengths(operator: str, bound: Any) -> dict[str, int]:
    if isinstance(bound, bool) or not isinstance(bound, int):
        return {}
    if operator == "length":
        return {"min": bound, "max": bound}
    return {_TEXT_LENGTHS[operator]: bound} if operator in _TEXT_LENGTHS else {}


def _description(body: Data, kind: str, asked: str, constraints: Iterable[tuple[str, Any]]) -> str:
    """Return the description of the input, and what the question itself does not say."""
    written = body.get("description")
    told: list[str] = []
    if kind.startswith("scalar-unit."):
        example = {"size": "4 GB", "time": "10 m", "frequency": "2 GHz", "bitrate": "10 Mbps"}
        told.append(f"A number and its unit, such as {example.get(kind.partition('.')[2], '4 GB')}.")
    elif asked == "textarea" and kind != "string":
        told.append(f"Written as YAML ({kind}).")
    told += [f"It must match {bound}." for operator, bound in constraints if operator == "pattern"]
    if asked == "password" and body.get("default") is not None:
        told.append("Left empty, the value in the template is used.")
    text = " ".join(written.split()) if isinstance(written, str) else ""
    if text and told and text[-1] not in ".!?:":
        text += "."
    return " ".join(filter(None, [text, *told]))

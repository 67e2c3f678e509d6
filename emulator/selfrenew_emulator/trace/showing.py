# SPDX-License-Identifier: Apache-2.0
"""A decoded trace as lines for people, and as JSON with stable keys."""

from collections.abc import Iterator
from typing import Any

from .decoding import Decoded, Node, decode
from .events import EventKind, Trace

_VALUE_MAX_BYTES = 32
_IN = {EventKind.COMMAND: "->", EventKind.ANSWER: "<-"}


def to_lines(trace: Trace) -> Iterator[str]:
    """Print a trace: each event with its line in the file and its time, then what is in it."""
    header = trace.header
    yield printable(f"{header.time.isoformat()}  reader '{header.reader}', by {header.program}")
    for decoded in decode(trace):
        event = decoded.event
        arrow = _IN.get(event.kind, "--")
        yield printable(f"{event.line:>5} {event.at:>10.6f}  {arrow} {decoded.words}")
        if decoded.tree:
            for node in decoded.tree:
                yield from _node_lines(node, 1)
        elif event.kind is not EventKind.POWER_UP and event.content.octets:
            yield f"{' ' * 20}{event.content}"
    if trace.cut_off:
        yield "The last line is cut off: the recording broke off there."


def to_json(trace: Trace) -> dict[str, Any]:
    """Describe a trace for programs."""
    header = trace.header
    return {
        "reader": header.reader,
        "time": header.time.isoformat(),
        "atr": header.atr.hex().upper(),
        "program": header.program,
        "cut_off": trace.cut_off,
        "events": [_event(decoded) for decoded in decode(trace)],
    }


def printable(text: str) -> str:
    """Keep what a terminal would obey out of a line: a trace may come from anywhere."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _event(decoded: Decoded) -> dict[str, Any]:
    event = decoded.event
    fields: dict[str, Any] = {
        "line": event.line,
        "at": event.at,
        "event": event.kind.value,
        "words": decoded.words,
    }
    if event.content.octets:
        fields["bytes"] = str(event.content)
    if decoded.tree:
        fields["tlv"] = [_node(node) for node in decoded.tree]
    return fields


def _node(node: Node) -> dict[str, Any]:
    fields: dict[str, Any] = {"tag": f"{node.tag:02X}", "length": len(node.value)}
    if node.words:
        fields["words"] = node.words
    if node.children:
        fields["tlv"] = [_node(child) for child in node.children]
    else:
        fields["value"] = str(node.value)
    return fields


def _node_lines(node: Node, depth: int) -> Iterator[str]:
    words = node.words
    if not words and not node.children:
        words = str(node.value.part(0, _VALUE_MAX_BYTES))
        if len(node.value) > _VALUE_MAX_BYTES:
            words += " ..."
    line = f"{' ' * 18}{'  ' * depth}{node.tag:02X} ({len(node.value)}) {words}"
    yield printable(line.rstrip())
    for child in node.children:
        yield from _node_lines(child, depth + 1)

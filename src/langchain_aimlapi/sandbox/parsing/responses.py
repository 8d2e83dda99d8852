"""A `/responses` body -> the chat body with the same meaning.

What a chat body cannot hold, such as earlier reasoning or the calls of tools that the service runs
itself, is left out; unknown items are passed on, so that the checks of a chat refuse them.
"""

from __future__ import annotations

from typing import Any

import orjson

Json = dict[str, Any]


def as_chat(body: Json, earlier: list[Json]) -> Json:
    """Convert a request to a chat body, after the `earlier` messages of the conversation."""
    reasoning = body.get("reasoning") or {}
    chat: Json = {
        "messages": [*earlier, *_messages(body.get("input"))],
        "tools": [_tool(tool) for tool in body["tools"]] if body.get("tools") else None,
        "tool_choice": _choice(body.get("tool_choice")) if body.get("tools") else None,
        "response_format": _format((body.get("text") or {}).get("format")),
        "max_tokens": body.get("max_output_tokens"),
        "reasoning_effort": reasoning.get("effort"),
        "logprobs": "message.output_text.logprobs" in (body.get("include") or []),
    }
    if body.get("instructions"):
        chat["messages"].insert(0, {"role": "system", "content": body["instructions"]})
    same = ("model", "temperature", "top_p", "top_logprobs", "parallel_tool_calls", "stream")
    chat |= {name: body.get(name) for name in same}
    return {name: value for name, value in chat.items() if value is not None}


def _messages(given: object) -> list[object]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        return []
    messages: list[Any] = []
    for message in filter(None, map(_message, given)):
        if _is_call(message) and messages and _is_call(messages[-1]):
            messages[-1]["tool_calls"] += message["tool_calls"]  # parallel calls: one chat message
        else:
            messages.append(message)
    return messages


def _is_call(message: Any) -> bool:
    return isinstance(message, dict) and "tool_calls" in message


def _message(item: object) -> Any:
    """Convert one input item to a chat message; None for what a chat cannot hold."""
    if not isinstance(item, dict):
        return item
    match item.get("type", "message"):
        case "message":
            return {"role": item.get("role"), "content": _content(item.get("content"))}
        case "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            call = {"id": item.get("call_id"), "type": "function", "function": function}
            return {"role": "assistant", "tool_calls": [call]}
        case "custom_tool_call":
            custom = {"name": item.get("name"), "input": item.get("input")}
            call = {"id": item.get("call_id"), "type": "custom", "custom": custom}
            return {"role": "assistant", "tool_calls": [call]}
        case "function_call_output" | "custom_tool_call_output":
            output = item.get("output")
            text = output if isinstance(output, str) else orjson.dumps(output).decode()
            return {"role": "tool", "tool_call_id": item.get("call_id"), "content": text}
        case _:
            return None


def _content(content: object) -> object:
    return [_part(part) for part in content] if isinstance(content, list) else content


def _part(part: Any) -> object:
    """Convert one content part; an unknown one is left as it is, to be refused."""
    match part.get("type") if isinstance(part, dict) else None:
        case "input_text" | "output_text":
            return {"type": "text", "text": part.get("text")}
        case "input_image":
            return {"type": "image_url", "image_url": {"url": part.get("image_url")}}
        case "input_file":
            file = {key: part[key] for key in ("file_data", "file_id", "filename") if key in part}
            if "file_url" in part:
                file["file_data"] = part["file_url"]
            return {"type": "file", "file": file}
        case _:
            return part


def _tool(tool: object) -> object:
    if not isinstance(tool, dict) or tool.get("type") not in ("function", "custom"):
        return tool
    kind = tool["type"]
    return {"type": kind, kind: {key: value for key, value in tool.items() if key != "type"}}


def _choice(choice: object) -> object:
    if not isinstance(choice, dict):
        return choice
    match choice.get("type"):
        case "function" | "custom" as kind:
            return {"type": kind, kind: {"name": choice.get("name")}}
        case "allowed_tools":
            allowed = {key: value for key, value in choice.items() if key != "type"}
            return {"type": "allowed_tools", "allowed_tools": allowed}
        case _:
            return "auto"


def _format(given: object) -> object:
    if not isinstance(given, dict) or given.get("type") != "json_schema":
        return given or None
    return {
        "type": "json_schema",
        "json_schema": {key: value for key, value in given.items() if key != "type"},
    }

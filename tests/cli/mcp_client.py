"""Asks `hansard mcp` with the official client, which checks every answer against the schema of its tool.

Called with the program and a session in which "We cut the budget." was said.
"""

import asyncio
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def data(result):
    """What a tool returned, in either version of the client."""
    error = getattr(result, "isError", getattr(result, "is_error", None))
    assert not error, result
    return getattr(result, "structuredContent", None) or result.structured_content


async def main(program, session_id):
    server = StdioServerParameters(command=program, args=["mcp"], env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools
        assert len(tools) == 6, tools
        sessions = data(await session.call_tool("list_sessions", {}))
        assert sessions["sessions"][0]["session"] == session_id, sessions
        hits = data(await session.call_tool("search", {"query": "budget"}))
        assert hits["hits"][0]["text"] == "We cut the budget.", hits
        lines = data(await session.call_tool("get_transcript", {"session": session_id}))
        assert [line["speaker"] for line in lines["lines"]] == ["Ann", "Bob"], lines
        for tool in ("get_minutes", "get_summary"):
            data(await session.call_tool(tool, {"session": session_id}))
        data(await session.call_tool("get_status", {}))
        refused = await session.call_tool("get_minutes", {"session": "../x"})
        assert getattr(refused, "isError", getattr(refused, "is_error", None)), refused
        resources = (await session.list_resources()).resources
        text = (await session.read_resource(resources[0].uri)).contents[0].text
        assert "We cut the budget." in text, text
        assert (await session.list_resource_templates())
    print("all understood")


asyncio.run(main(*sys.argv[1:]))

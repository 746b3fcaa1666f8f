"""What no client library sends, on a real server: headers that gunicorn would obey, and whole addresses."""

from __future__ import annotations

import http.client
from contextlib import closing

import pytest

from ..support.forked import ForkedServer
from ..support.server import Server


@pytest.fixture(scope="module")
def server(copy_instance, tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw") / "instance"
    copy_instance(folder)
    with ForkedServer(folder, WESEND_WORKERS="1") as running:
        yield running


def ask(server: Server, target: str, **headers: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.putrequest("GET", target, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "Script_Name", "PATH_INFO", "REMOTE_ADDR", "REMOTE_USER"])
def test_no_header_says_where_paths_begin_or_who_asks(server, name):
    """gunicorn obeys SCRIPT_NAME from 127.0.0.1, where a proxy that passes on what it gets is, too."""
    for value in ("/sandbox", "/x", "/x/"):
        assert ask(server, "/sandbox/messages", **{name: value}) == (200, b'{"messages":[]}\n')
        assert ask(server, "/x/sandbox/messages", **{name: value})[0] == 404


@pytest.mark.parametrize("target", ["http://evil.example{}", "http://127.0.0.1:1{}", "//evil.example{}"])
@pytest.mark.parametrize("path", ["/sandbox/messages", "/metrics"])
def test_a_whole_address_is_asked_of_a_proxy(server, target, path):
    assert ask(server, path)[0] == 200
    assert ask(server, target.format(path))[0] in (403, 404)


@pytest.mark.parametrize("path", ["/sandbox/messages", "/metrics"])
def test_another_name_for_this_machine_is_another_machine(server, path):
    """A page elsewhere whose own name was pointed at this machine reads what it answers."""
    assert ask(server, path, Host="rebound.example")[0] in (403, 404)

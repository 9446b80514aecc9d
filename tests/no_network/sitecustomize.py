"""Refuses every connection but to this machine. Python imports it at start where its folder is on PYTHONPATH.

The suite puts it there, so that the commands which tests start are held to the same as the tests themselves.
"""

import ipaddress
import socket

_connect = socket.socket.connect


def _is_local(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket's path
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _connect_locally(self: socket.socket, address: object) -> None:
    if not _is_local(address):
        raise OSError(f"tests reach no network, but something connected to {address!r}")
    _connect(self, address)  # type: ignore[arg-type]


socket.socket.connect = _connect_locally  # type: ignore[assignment,method-assign]

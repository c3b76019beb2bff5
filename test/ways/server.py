"""Sends the telegrams of a network reader over web sockets:

    server.py HOST:PORT whole|rows|chunks [CERTIFICATE KEY]

With a certificate it speaks TLS. It prints its own port, takes clients that log in as me with p@ss, and sends each
client what comes from then on: whole telegrams as text, one row a message, or
pieces of 100 bytes as binary messages.
"""
import asyncio
import http
import ssl
import sys

from websockets.asyncio.server import basic_auth, broadcast, serve

clients = set()


async def take(client):
    clients.add(client)
    try:
        await client.wait_closed()
    finally:
        clients.discard(client)


def cut(telegram, how):
    if how == "whole":
        return [telegram.decode("ascii")]
    if how == "rows":
        return telegram.decode("ascii").split("\r\n")[:-1]
    return [telegram[i:i + 100] for i in range(0, len(telegram), 100)]


async def read(address, how):
    host, port = address.rsplit(":", 1)
    reader, _ = await asyncio.open_connection(host, int(port))
    telegram = b""
    while row := await reader.readline():
        telegram += row
        if row.startswith(b"!"):
            for message in cut(telegram, how):
                broadcast(clients, message)
            telegram = b""


async def main():
    login = basic_auth(realm="telegrams", credentials=("me", "p@ss"))

    def admit(connection, request):
        if request.path != "/telegrams":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "nothing here\n")
        return login(connection, request)

    security = None
    if len(sys.argv) > 3:
        security = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        security.load_cert_chain(*sys.argv[3:5])
    async with serve(take, "127.0.0.1", 0, process_request=admit, ssl=security) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await read(sys.argv[1], sys.argv[2])


asyncio.run(main())

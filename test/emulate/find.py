"""Finds services by multicast DNS, on loopback, with Home Assistant's own library.

    find.py INSTANCES TYPE...

INSTANCES are their names, with commas between them. Prints a line of JSON for each that appears, and for each that leaves; ends when
all have left.
"""

import json
import queue
import sys

from zeroconf import IPVersion, ServiceBrowser, ServiceListener, Zeroconf

instances, kinds = sys.argv[1].split(","), sys.argv[2:]
events = queue.Queue()


class Listener(ServiceListener):
    """Hands events to the main thread."""

    def add_service(self, zc, type_, name):
        events.put(("add", type_, name))

    def remove_service(self, zc, type_, name):
        events.put(("remove", type_, name))

    def update_service(self, zc, type_, name):
        pass


zc = Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
browser = ServiceBrowser(zc, [kind + ".local." for kind in kinds], Listener())
there = set()
while True:
    what, kind, name = events.get(timeout=60)
    if name.removesuffix("." + kind) not in instances:
        continue
    found = {"what": what, "type": kind.removesuffix(".local.")}
    if what == "add":
        info = zc.get_service_info(kind, name)
        found |= {
            "addresses": info.parsed_addresses(),
            "port": info.port,
            "server": info.server,
            "text": {key.decode(): (value or b"").decode() for key, value in info.properties.items()},
        }
        there.add(kind)
    else:
        there.discard(kind)
    print(json.dumps(found), flush=True)
    if what == "remove" and not there:
        break
zc.close()

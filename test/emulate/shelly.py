"""Follows an emulated Shelly as Home Assistant does, with its own library.

    shelly.py HOST PORT NOTIFICATIONS

Prints what the device is, and then its status after each notification: a line of
JSON each.
"""

import asyncio
import json
import sys

import aiohttp
from aioshelly.common import ConnectionOptions, get_info, is_firmware_supported
from aioshelly.rpc_device import RpcDevice, RpcUpdateType

host, port, notifications = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def say(what):
    """Print a line at once."""
    print(json.dumps(what), flush=True)


async def main():
    """Connect, follow, leave."""
    async with aiohttp.ClientSession() as session:
        info = await get_info(session, host, port=port)
        device = await RpcDevice.create(session, None, ConnectionOptions(host, port=port, device_mac=info["mac"]))
        statuses = asyncio.Queue()

        def update(device, kind):
            if kind is RpcUpdateType.STATUS:
                statuses.put_nowait({key: dict(device.status[key]) for key in ("em:0", "emdata:0")})

        device.subscribe_updates(update)
        await device.initialize()
        say(
            {
                "model": device.model,
                "supported": is_firmware_supported(device.gen, device.model, device.firmware_version),
                "config": sorted(device.config),
                "methods": await device.methods_list(),
                "scripts": await device.script_list(),
            }
        )
        for _ in range(notifications):
            say(await asyncio.wait_for(statuses.get(), 60))
        await device.shutdown()


asyncio.run(main())

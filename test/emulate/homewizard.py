"""Asks a HomeWizard P1 Meter with python-homewizard-energy.

Each line of standard input is a command; each is answered by a line of JSON:
all      everything that the library can ask
power    the power, or what the library raised
"""

import asyncio
import dataclasses
import json
import sys

from homewizard_energy import HomeWizardEnergyV1, has_v2_api
from homewizard_energy.errors import HomeWizardEnergyException


def plain(value):
    if dataclasses.is_dataclass(value):
        return {k: plain(v) for k, v in dataclasses.asdict(value).items() if v is not None}
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


async def everything(api):
    # Home Assistant asks these at once.
    device, data, system = await asyncio.gather(api.device(), api.measurement(), api.system())
    identified = await api.identify()
    try:
        await api.state()
        state = "there"
    except HomeWizardEnergyException as error:  # a P1 meter has none
        state = type(error).__name__
    switched = await api.system(cloud_enabled=False)
    return {
        "device": plain(device), "data": plain(data), "system": plain(system), "switched": plain(switched), "identified": identified,
        "state": state, "telegram": await api.telegram(), "v2": await has_v2_api(sys.argv[1].split(":")[0]),
    }


async def power(api):
    try:
        return {"power": (await api.measurement()).power_w}
    except HomeWizardEnergyException as error:
        return {"error": type(error).__name__, "text": str(error)}


async def main():
    async with HomeWizardEnergyV1(host=sys.argv[1]) as api:
        commands = {"all": everything, "power": power}
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await commands[line.strip()](api), default=str), flush=True)


asyncio.run(main())

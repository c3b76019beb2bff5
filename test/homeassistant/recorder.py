"""Has Home Assistant Core's own recorder make statistics of series of states.

Reads from standard input a JSON list of {"Class": state class, "States":
[...]}. Writes one of {"sum": number, "state": number}, or null where Core made
no sum. Core runs without its user's configuration, with a database of its own
and the clock that the states are given; nothing waits.
"""
import asyncio
import datetime
import json
import sys
import tempfile

from homeassistant import bootstrap, config_entries, loader
from homeassistant.components.recorder import get_instance, tasks
from homeassistant.components.recorder.statistics import get_last_short_term_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

PERIOD = datetime.timedelta(minutes=5)
STEP = datetime.timedelta(seconds=70)  # between states: four a period, at most five


async def main(directory: str) -> None:
    cases = json.load(sys.stdin)
    hass = HomeAssistant(directory)
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    if not await bootstrap.async_load_base_functionality(hass):
        sys.exit("Core cannot be set up")
    recorder.async_initialize_recorder(hass)
    database = {"db_url": f"sqlite:///{directory}/states.db", "commit_interval": 0, "auto_purge": False}
    for domain, config in (("recorder", database), ("sensor", {})):
        if not await async_setup_component(hass, domain, {domain: config}):
            sys.exit(f"{domain} cannot be set up")
    await hass.async_start()
    await hass.async_block_till_done()
    instance = get_instance(hass)

    begin = dt_util.utcnow() - datetime.timedelta(days=1)
    begin = begin.replace(minute=0, second=0, microsecond=0)
    end = begin
    for number, case in enumerate(cases):
        attributes = {"state_class": case["Class"], "device_class": "energy", "unit_of_measurement": "kWh"}
        at = begin + datetime.timedelta(seconds=number % 60 + 1)
        for state in case["States"]:
            hass.states.async_set(f"sensor.case_{number}", state, attributes, timestamp=at.timestamp())
            at += STEP
        end = max(end, at)
    await hass.async_block_till_done()
    await instance.async_block_till_done()
    start = begin
    while start < end:
        instance.queue_task(tasks.StatisticsTask(start, False))
        start += PERIOD
    await instance.async_block_till_done()

    def read(number: int):
        rows = get_last_short_term_statistics(hass, 1, f"sensor.case_{number}", False, {"sum", "state"})
        return [{"sum": row["sum"], "state": row["state"]} for one in rows.values() for row in one]

    answers = []
    for number in range(len(cases)):
        rows = await instance.async_add_executor_job(read, number)
        answers.append(rows[0] if rows else None)
    await hass.async_stop(force=True)
    json.dump(answers, sys.stdout)


with tempfile.TemporaryDirectory() as directory:
    asyncio.run(main(directory))

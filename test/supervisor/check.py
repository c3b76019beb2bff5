"""Runs the Supervisor's own checks on the app's folder.

    check.py SUPERVISOR APP INPUTS OPTIONS

SUPERVISOR is a copy of its repository, which may be changed; APP the app's
folder; INPUTS what users may save; OPTIONS the folder for the options files that
the Supervisor would write.
"""

import copy
import importlib.machinery
import json
import logging
from pathlib import Path
import re
import sys
from types import ModuleType, SimpleNamespace

import voluptuous as vol
import yaml

supervisor, app, inputs, written = (Path(argument).resolve() for argument in sys.argv[1:])
failures = []


def fail(text):
    """Remember a failed check."""
    print("FAILED:", text)
    failures.append(text)


class StandIn(type):
    """A class that has every attribute, for libraries that the checks never call."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(name, (), {})

    def __getitem__(cls, _):
        return cls


class StandInModule(ModuleType):
    """A module that has every attribute."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return "0" if name == "version" else StandIn(name, (Exception,), {})


class StandIns:
    """Finds a stand-in for each library that is not installed."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "supervisor":
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = StandInModule(spec.name)
        module.__version__ = "0"
        return module

    def exec_module(self, module):
        pass


class Attributes:
    """What the Supervisor's classes have of the running system."""

    def __getattr__(self, name):
        if name.startswith("sys_"):
            return getattr(self.coresys, name[len("sys_") :])
        raise AttributeError(name)


def package(name, **members):
    """A package whose own code stays out, so that only its leaves are loaded."""
    module = ModuleType(name)
    module.__path__ = [str(supervisor.joinpath(*name.split(".")))]
    vars(module).update(members)
    sys.modules[name] = module


if sys.version_info < (3, 14):  # PEP 758
    for file in supervisor.joinpath("supervisor").rglob("*.py"):
        text = file.read_text()
        changed = re.sub(r"^(\s*except) ([\w.]+(?:, [\w.]+)+):", r"\1 (\2):", text, flags=re.M)
        if changed != text:
            file.write_text(changed)

sys.path.insert(0, str(supervisor))
sys.meta_path.append(StandIns())
package("supervisor.jobs")
package("supervisor.store")
package("supervisor.coresys", CoreSys=object, CoreSysAttributes=Attributes)

# pylint: disable=wrong-import-position
from supervisor.apps import options as app_options, utils as app_utils, validate  # noqa: E402
from supervisor.exceptions import HardwareNotFound  # noqa: E402
from supervisor.hardware.data import Device  # noqa: E402
from supervisor.store import validate as store_validate  # noqa: E402
from supervisor.utils import apparmor  # noqa: E402


class Advisories(logging.Handler):
    """Keeps what the Supervisor says."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.said = []

    def emit(self, record):
        self.said.append(record.getMessage())


advisories = Advisories()
logging.getLogger().addHandler(advisories)
logging.getLogger().setLevel(logging.DEBUG)


def keys(value, path=""):
    """Every key at every depth."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield f"{path}{key}"
            yield from keys(member, f"{path}{key}.")
    elif isinstance(value, list):
        for member in value:
            yield from keys(member, f"{path}[].")


def accepted(what, schema, value):
    """The schema takes the value, says nothing, and drops no key."""
    advisories.said.clear()
    try:
        result = schema(copy.deepcopy(value))
    except vol.Invalid as err:
        fail(f"{what}: {err}")
        return {}
    for text in advisories.said:
        if "legacy map type 'addon_config'" in text:
            continue  # a Supervisor before 2026.07 does not know app_config, and would refuse the app
        fail(f"{what}: {text}")
    if dropped := set(keys(value)) - set(keys(result)):
        fail(f"{what}: dropped {sorted(dropped)}")
    print(what, "-", len(set(keys(value))), "keys")
    return result


def load(file):
    """A YAML file."""
    return yaml.safe_load(file.read_text())


config = accepted("config.yaml", validate.SCHEMA_APP_CONFIG, load(app / "config.yaml"))
accepted("repository.yaml", store_validate.SCHEMA_REPOSITORY_CONFIG, load(app.parent / "repository.yaml"))
for file in sorted(app.glob("translations/*")):
    accepted(file.name, validate.SCHEMA_APP_TRANSLATIONS, load(file))

# The machine that the options meet: one cable.
cable = Device(
    "ttyUSB0", Path("/dev/ttyUSB0"), Path("/sys/devices/ttyUSB0"), "tty", None,
    [Path("/dev/serial/by-id/usb-FTDI_P1_Cable-if00-port0")], {}, [],
)


def get_by_path(path):
    """The device of this name."""
    if path not in (cable.path, *cable.links):
        raise HardwareNotFound
    return cable


system = SimpleNamespace(
    hardware=SimpleNamespace(get_by_path=get_by_path, devices=[cable], filter_devices=lambda **_: [cable]),
    homeassistant=SimpleNamespace(secrets=SimpleNamespace(get={"mqtt_password": "from secrets"}.get)),
)


def merged(defaults, user):
    """Groups are merged; all else is replaced."""
    if not isinstance(defaults, dict) or not isinstance(user, dict):
        return copy.deepcopy(user)
    return {key: merged(defaults.get(key), user[key]) if key in user else copy.deepcopy(defaults[key]) for key in {**defaults, **user}}


for case in load(inputs):
    name = case["name"]
    if name == "everything" and (missing := set(keys(config["schema"])) - set(keys(case["options"]))):
        fail(f"{inputs.name}: {name} lacks {sorted(missing)}")
    checker = app_options.AppOptions(system, config["schema"], config["name"], "0a1b2c3d_smartmeter")
    try:
        result = checker.validate(merged(config["options"], case["options"]))
    except vol.Invalid as err:
        if "refused" not in case or case["refused"] not in str(err):
            fail(f"{name}: the Supervisor says: {err}")
        print(name, "- refused:", err)
        continue
    if "refused" in case:
        fail(f"{name}: the Supervisor takes it, want {case['refused']}")
    (written / f"{name}.json").write_text(json.dumps(result, indent=2))
    print(name, "- taken")


def untyped(nodes, path=""):
    """What the form could only show as YAML."""
    for node in nodes:
        here = f"{path}{node.get('name')}"
        if "type" not in node:
            yield here
        yield from untyped(node.get("schema", []), here + ".")


form = app_options.UiOptions(system)(config["schema"])
for field in untyped(form):
    fail(f"the form cannot show {field}")
print("the form has", len(form), "fields and groups")

name = apparmor.get_profile_name(app / "apparmor.txt")
if name != config["slug"]:
    fail(f"the AppArmor profile is called {name}")
rating = app_utils.rating_security(
    SimpleNamespace(
        apparmor="profile", with_ingress=config["ingress"], access_auth_api=config["auth_api"], signed=False,
        privileged=config.get("privileged", []), with_kernel_modules=config["kernel_modules"], hassio_role=config["hassio_role"],
        host_network=config["host_network"], host_pid=config["host_pid"], host_uts=config["host_uts"],
        access_docker_api=config["docker_api"], with_full_access=config["full_access"],
    )
)
print("security rating", rating, "of 8")
if rating != (8 if config["ingress"] else 6):
    fail(f"the security rating is {rating}")

sys.exit(1 if failures else 0)

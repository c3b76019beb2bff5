"""Reads one message of a meter with a library that is not ours.

Standard input is a JSON object: library, data (hex), key and auth (hex, "" for
none). Standard output is a JSON list of what the library found, in its order: for
gurux the leaves of the tree, numbers as numbers and octets in hex; for pysml and
smllib pairs of code and value.
"""

import json
import logging
import sys


def gurux(data, key, auth):
    from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
    from gurux_dlms.enums import InterfaceType, Security
    from gurux_dlms.secure import GXDLMSSecureClient

    kind = InterfaceType.HDLC if data[0] == 0x7E else InterfaceType.PDU
    client = GXDLMSClient(True, interfaceType=kind)
    if key:
        client = GXDLMSSecureClient(True, interfaceType=kind)
        client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        client.ciphering.blockCipherKey = key
        client.ciphering.authenticationKey = auth
    buffer, found = GXByteBuffer(data), GXReplyData()
    for _ in range(20):  # frames
        client.getData(buffer, GXReplyData(), found)
        if found.isComplete() and not found.isMoreData():
            break
    leaves = []

    def walk(value):
        if isinstance(value, (list, tuple)):
            for member in value:
                walk(member)
        elif isinstance(value, (bytes, bytearray)):
            leaves.append(bytes(value).hex())
        elif isinstance(value, str):
            leaves.append(value.encode().hex())
        elif value is not None:
            try:
                leaves.append(int(value))
            except (TypeError, ValueError):
                leaves.append(str(value))

    walk(found.value)
    return leaves


def pysml(data, key, auth):
    from sml import SmlBase

    _, frame = SmlBase.find_frame(data) if hasattr(SmlBase, "find_frame") else SmlBase().find_frame(data)
    values = []
    for message in frame or []:
        for entry in (message.get("messageBody") or {}).get("valList", []):
            values.append([entry["objName"], entry["value"]])
    return values


def smllib(data, key, auth):
    from smllib import SmlStreamReader

    reader = SmlStreamReader()
    reader.add(data)
    values = []
    for entry in reader.get_frame().get_obis():
        value = entry.value
        if isinstance(value, int) and entry.scaler:
            value = value * 10**entry.scaler
        values.append([entry.obis.obis_code, value])
    return values


def main():
    logging.disable(logging.CRITICAL)
    order = json.load(sys.stdin)
    said, sys.stdout = sys.stdout, sys.stderr  # gurux prints
    read = {"gurux": gurux, "pysml": pysml, "smllib": smllib}[order["library"]]
    values = read(*(bytes.fromhex(order[name]) for name in ("data", "key", "auth")))
    json.dump(values, said, default=lambda v: v.hex() if isinstance(v, (bytes, bytearray)) else str(v))


main()

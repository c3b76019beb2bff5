"""A Modbus TCP server with a map of registers: server.py MAP.json HOST PORT UNIT"""
import json
import sys

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.server import StartTcpServer

with open(sys.argv[1], encoding="ascii") as file:
    shown = json.load(file)
registers = {shown["base"] + i: value for i, value in enumerate(shown["registers"])}
block = ModbusSparseDataBlock(registers)
device = ModbusSlaveContext(hr=block, zero_mode=True)
StartTcpServer(
    context=ModbusServerContext(slaves={int(sys.argv[4]): device}, single=False),
    address=(sys.argv[2], int(sys.argv[3])),
)

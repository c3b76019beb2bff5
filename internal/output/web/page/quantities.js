// The names of a reading, made of the table of quantities by go test ./internal/output/web -update.

export const media = ["gas","water","warmWater","heat","cooling","electricity"];
export const tariffs = [{"n":1,"import":"totalT1Use","export":"totalT1Delivered"},
  {"n":2,"import":"totalT2Use","export":"totalT2Delivered"},
  {"n":3,"import":"totalT3Use","export":"totalT3Delivered"},
  {"n":4,"import":"totalT4Use","export":"totalT4Delivered"},
  {"n":5,"import":"totalT5Use","export":"totalT5Delivered"}];
export const total = {"import":"totalUse","export":"totalDelivered"};
export const phases = [{"name":"L1","import":"currentUsageL1","export":"currentDeliveryL1","voltages":["voltageL1","averageVoltageL1"],"current":"currentL1","fuse":"fuseL1"},
  {"name":"L2","import":"currentUsageL2","export":"currentDeliveryL2","voltages":["voltageL2","averageVoltageL2"],"current":"currentL2","fuse":"fuseL2"},
  {"name":"L3","import":"currentUsageL3","export":"currentDeliveryL3","voltages":["voltageL3","averageVoltageL3"],"current":"currentL3","fuse":"fuseL3"}];

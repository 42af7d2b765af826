export { datasetId, writeDataset } from "./datasets.js";
export {
  datasetFiles,
  inputAndOutputFiles,
  type RecordFile,
  type RunPlace,
  writeInputs,
  writeOutputs,
} from "./inputs.js";

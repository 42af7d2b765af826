export { datasetId } from "./datasets.js";
export { type RunPlace, writeInputs, writeOutputs } from "./inputs.js";

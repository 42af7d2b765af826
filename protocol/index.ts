/**
 * What goes over the wire, as pure code: shared by the REST client, the sync and the server. Runstone's own protocol here;
 * MLflow's, which has words of its own for the same things, in `mlflow/index.ts`.
 */
export { MLFLOW_ERROR_STATUSES, mlflowErrorStatus } from "./mlflow/error-statuses.js";
export { parseFailure, serializeFailure } from "./native/about.js";
export {
  type CatalogPart,
  type CatalogWork,
  catalogAnswer,
  MAX_CATALOG_LIST,
  parseCatalogAnswer,
  parseCatalogPart,
  parseCatalogWork,
  parseKinds,
  serializeCatalogPart,
  serializeCatalogWork,
} from "./native/catalog.js";
export { errorHeader, parseError } from "./native/error-frame.js";
export {
  FRAME_KINDS,
  type Frame,
  type FrameKind,
  FrameReader,
  serializeFrame,
  serializeFrameHead,
} from "./native/frames.js";
export {
  headLine,
  parseCheck,
  parseHeads,
  serializeCheck,
  serializeHeads,
  type WireCheck,
  type WireHead,
} from "./native/heads.js";
export {
  CAPABILITIES,
  type Capability,
  commonVersion,
  type Hello,
  helloHeader,
  parseHello,
} from "./native/hello.js";
export { type Item, ItemReader, serializeItem } from "./native/items.js";
export { asList, asObject, type JsonObject, Members, protocolError, stringMapOf } from "./native/json.js";
export * from "./native/limits.js";
export {
  CATALOG_LIST_BYTES,
  isFiles,
  parseFiles,
  parseModelIds,
  serializeFiles,
} from "./native/logged-models.js";
export {
  MAX_PIECE_BYTES,
  type ObjectRange,
  parseCounts,
  parseWanted,
  serializeCounts,
  serializeWanted,
  type WantedArtifact,
  type WireObject,
} from "./native/objects.js";
export {
  documentValue,
  modelIdOf,
  parseDatasetRef,
  parseDocument,
  parseRunIds,
  runIdOf,
  type WireArtifact,
  type WireDocument,
  type WireSeries,
} from "./native/run-document.js";
export {
  MAX_ITEM_POINTS,
  parseRunPart,
  type RunPart,
  serializeArtifactFailure,
  serializeBytes,
  serializePoints,
  serializeRun,
  serializeRunEnd,
  type WireBytes,
  type WirePoints,
} from "./native/run-parts.js";

export { isAmbiguous, MlflowApi } from "./api.js";
export { type ArtifactPlace, outOfReach, parseArtifactPlace } from "./artifact-place.js";
export { type ArtifactContent, RestArtifacts } from "./artifacts.js";
export { missingPoints, readPoints, sendBatch } from "./points.js";
export { RestStore, type RestStoreOptions } from "./rest-store.js";
export { RestRunWriter } from "./run-writer.js";
export {
  type Environment,
  isServerAddress,
  type ServerSettingsOptions,
  serverSettings,
} from "./server-settings.js";
export { splitBatch } from "./split-batch.js";

/** Reads a whole store in every way there is, as the user it runs as; prints what it met as JSON. */
import {
  dumpStore,
  findRun,
  listArtifacts,
  listRunLocations,
  readArtifact,
  readRun,
  resolveArtifactDirectory,
  scanExperiments,
  scanLoggedModels,
  scanRegisteredModels,
  scanTraces,
  serializeDumpObject,
} from "../../core/index.js";
import { type Damage, isRunstoneError } from "../../store-format/index.js";

// Dropped here and not before the start: the program itself may lie where only root can read.
if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(65_534);
  process.setuid?.(65_534);
}

const paths = { root: process.argv[2] ?? "", workspace: null };
const damages: Damage[] = [];
const tell = (damage: Damage) => damages.push(damage);

function attempt<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (isRunstoneError(error)) return error.code;
    throw error;
  }
}

const report = attempt(() => {
  const experiments = scanExperiments(paths, tell).map(({ experimentId }) => experimentId);
  for (const experimentId of experiments) {
    scanLoggedModels(paths, experimentId, tell);
    scanTraces(paths, experimentId, tell);
  }
  scanRegisteredModels(paths, tell);
  const artifacts: string[] = [];
  const runs = [...listRunLocations(paths, { onDamage: tell })].map((location) => {
    const directory = attempt(() => resolveArtifactDirectory(paths, location));
    for (const { path, isDir } of directory === null ? [] : listArtifacts(directory, "", true)) {
      if (!isDir)
        for (const block of readArtifact(directory as string, path))
          artifacts.push(`${path} ${block.length}`);
    }
    return attempt(() => readRun(location, tell).info.runId);
  });
  const lines = [...dumpStore(paths)].map(serializeDumpObject);
  const missing = attempt(() => findRun(paths, process.argv[3] ?? ""));
  return {
    experiments,
    runs,
    artifacts,
    dumped: lines.length,
    missing,
    told: lines.filter((line) => line.includes('"damage"')),
  };
});
console.log(JSON.stringify(report));

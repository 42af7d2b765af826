/** The walk over one run. */
import { join } from "node:path";
import { isReceiptFileName } from "../../../store-format/index.js";
import { type Dirent, isTemporaryName, statIfExists } from "../../fs/index.js";
import { LEASE_BEAT } from "../../leases/index.js";
import { LEASE, LINKS, MANIFEST, META, TORN, WRITERS } from "../layout.js";
import { checkRunMeta } from "./check-run-meta.js";
import { type OnDamage, report } from "./damages.js";
import { entriesOf } from "./entries.js";
import { type InputEntry, readInputEntries, readOutputEntries } from "./inputs-outputs.js";
import type { RunLocation } from "./located.js";
import type { PointOptions } from "./metric-points.js";
import { readRunMetaReporting, toRunInfo } from "./runs.js";
import { scanArtifacts } from "./scan-artifacts.js";
import { scanPoints, scanRecords } from "./scan-records.js";
import type { StoreItem } from "./store-items.js";
import { reportSyncCopies } from "./sync-copies.js";

const REQUIRED = ["metrics", "params", "artifacts"];
const KNOWN_FILES = new Set([META, MANIFEST, LEASE, LINKS, ".gitignore"]);
const KNOWN_DIRECTORIES = new Set([...REQUIRED, "tags", "inputs", "outputs", WRITERS, TORN, LEASE_BEAT]);

export interface RunScan extends PointOptions {
  readonly onDamage: OnDamage;
  /** Whether a logged model of this id is there. */
  hasModel(run: RunLocation, modelId: string): boolean;
}

/** One run. When its meta.yaml is missing or damaged (reported), the records that can be read are yielded all the same. */
export function* scanRun(run: RunLocation, scan: RunScan): Generator<StoreItem> {
  const { onDamage } = scan;
  checkEntries(run, onDamage);
  const meta = readRunMetaReporting(run, onDamage);
  if (meta !== null) {
    checkRunMeta(run, meta, onDamage);
    yield { kind: "run", location: run, info: toRunInfo(run, meta) };
  }
  yield* scanRecords(run, "param", onDamage);
  yield* scanRecords(run, "tag", onDamage);
  yield* scanPoints(run, onDamage, scan);
  yield* scanInputsAndOutputs(run, scan);
  scanArtifacts(run, onDamage);
}

function* scanInputsAndOutputs(run: RunLocation, scan: RunScan): Generator<StoreItem> {
  for (const input of readInputEntries(run, scan.onDamage)) {
    if (isModelInput(input)) checkModel(run, input.meta.sourceId, `inputs/${input.inputId}`, scan);
    yield { kind: "input", location: run, input };
  }
  for (const output of readOutputEntries(run, scan.onDamage)) {
    checkModel(run, output.meta.destinationId, `outputs/${output.outputId}`, scan);
    yield { kind: "output", location: run, output };
  }
}

function isModelInput({ meta }: InputEntry): boolean {
  return meta.sourceType === "MODEL";
}

function checkModel(run: RunLocation, modelId: string, name: string, scan: RunScan): void {
  if (scan.hasModel(run, modelId)) return;
  const reason = `names the logged model ${modelId}, which is not there`;
  report(scan.onDamage, run, "logged_model_missing", { name, reason });
}

function checkEntries(run: RunLocation, onDamage: OnDamage): void {
  const entries = entriesOf(run, onDamage);
  const copies = reportSyncCopies(run, entries, onDamage);
  for (const entry of entries) {
    if (!copies.has(entry.name)) checkEntry(run, entry, onDamage);
  }
  if (!entries.some((entry) => entry.name === META)) return;
  const lacking = REQUIRED.filter((name) => statIfExists(join(run.directory, name)) === null);
  if (lacking.length === 0) return;
  report(onDamage, run, "run_lacks_a_required_directory", { reason: `lacks ${lacking.join(", ")}` });
}

function checkEntry(run: RunLocation, entry: Dirent, onDamage: OnDamage): void {
  const { name } = entry;
  if (isTemporaryName(name)) report(onDamage, run, "leftover_temporary", { name });
  else if (entry.isDirectory()) {
    if (!KNOWN_DIRECTORIES.has(name))
      report(onDamage, run, "unknown_file_in_run", { name, reason: "a directory" });
  } else if (!entry.isFile()) report(onDamage, run, "not_a_regular_file", { name });
  else if (!KNOWN_FILES.has(name) && !isReceiptFileName(name))
    report(onDamage, run, "unknown_file_in_run", { name });
}

/** `.runstone/remotes/<name>/receipts/<run>.yaml` and `<run>/runstone-receipt.<name>.yaml`: what a remote was seen to hold. */
import type { Integer } from "./entities.js";
import { RunstoneError } from "./errors.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { isRemoteName } from "./remote-names.js";
import { serializeYamlMap } from "./yaml/serialize.js";
import { isYamlList, yamlString } from "./yaml/value.js";

/** The newest format of a receipt that this code writes. */
export const RECEIPT_FORMAT = 1;

export interface SyncReceipt {
  readonly remote: string;
  readonly runId: string;
  readonly remoteRunId: string;
  /** Empty where the remote has no ids of its own for experiments. */
  readonly remoteExperimentId: string;
  /** Milliseconds since 1970. */
  readonly verifiedTime: Integer;
  readonly recordDigest: string;
  readonly params: number;
  readonly tags: number;
  readonly points: number;
  readonly artifacts: number;
  readonly hashedArtifacts: number;
  readonly exceptions: readonly string[];
}

const WHAT = "receipt";

/** The name of the copy in a run's directory. */
export function receiptFileName(remote: string): string {
  return `runstone-receipt.${remote}.yaml`;
}

export function isReceiptFileName(name: string): boolean {
  const remote = /^runstone-receipt\.(.+)\.yaml$/.exec(name)?.[1];
  return remote !== undefined && isRemoteName(remote);
}

/** Throws DAMAGED, and FORMAT_TOO_NEW for a receipt of a newer release: it may claim less than it seems to. */
export function parseSyncReceipt(bytes: Uint8Array, options: ParseOptions = {}): SyncReceipt {
  const fields = MetaFields.parse(bytes, WHAT, options);
  const format = Number(fields.requiredInteger("runstone_receipt"));
  if (format > RECEIPT_FORMAT) throw tooNew(format);
  const count = (name: string) => Number(fields.requiredInteger(name));
  return {
    remote: fields.requiredString("remote"),
    runId: fields.requiredString("run_id"),
    remoteRunId: fields.requiredString("remote_run_id"),
    remoteExperimentId: fields.string("remote_experiment_id") ?? "",
    verifiedTime: fields.requiredInteger("verified_time"),
    recordDigest: fields.requiredString("record_digest"),
    params: count("params"),
    tags: count("tags"),
    points: count("points"),
    artifacts: count("artifacts"),
    hashedArtifacts: count("hashed_artifacts"),
    exceptions: exceptionsOf(fields),
  };
}

function exceptionsOf(fields: MetaFields): readonly string[] {
  const list = fields.map.get("exceptions");
  return isYamlList(list) ? list.map((item) => yamlString(item) ?? "") : [];
}

export function serializeSyncReceipt(receipt: SyncReceipt): string {
  return serializeYamlMap({
    runstone_receipt: RECEIPT_FORMAT,
    remote: receipt.remote,
    run_id: receipt.runId,
    remote_run_id: receipt.remoteRunId,
    remote_experiment_id: receipt.remoteExperimentId,
    verified_time: receipt.verifiedTime,
    record_digest: receipt.recordDigest,
    params: receipt.params,
    tags: receipt.tags,
    points: receipt.points,
    artifacts: receipt.artifacts,
    hashed_artifacts: receipt.hashedArtifacts,
    exceptions: receipt.exceptions,
  });
}

function tooNew(found: number): RunstoneError {
  return new RunstoneError(
    "FORMAT_TOO_NEW",
    `The receipt has format ${found}; this release reads ${RECEIPT_FORMAT}`,
    { hint: "Upgrade runstone.", data: { found, expected: RECEIPT_FORMAT } },
  );
}

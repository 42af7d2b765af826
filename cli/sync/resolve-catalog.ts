/** `runstone resolve` of an experiment, a registered model, a version or a logged model. */
import { RunstoneError } from "../../store-format/index.js";
import type { CatalogSettling, CatalogTaking, SettledField } from "../../sync/engine/settle-catalog.js";
import type { CatalogConflict, RemoteStateView } from "../../sync/index.js";
import { NativeCatalog } from "../../sync/native/native-catalog.js";
import { type OpenedRemote, openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { serializePrettyJson } from "../output/json.js";
import { visible } from "../output/visible.js";
import { catalogInConflict, catalogName, fieldName, valueWords } from "./catalog-words.js";
import type { Chosen } from "./chosen.js";
import { nativeOptions, withPeer } from "./native-sync.js";
import { withServer } from "./open-server.js";
import { pullOptions } from "./pull-from-server.js";
import { tellWaits } from "./tell-waits.js";

export interface CatalogResolving {
  readonly chosen: Chosen;
  readonly remote: OpenedRemote;
  /** `experiment:wine`; see `CatalogInConflict`. */
  readonly word: string;
  /** Undefined: every conflict. */
  readonly field: string | undefined;
  readonly take: CatalogTaking;
}

const COMMAND = "runstone resolve";
const HOW = { jobs: 1, withArtifacts: false, includeDeleted: true, withRegistry: true };

/** Throws RESOURCE_DOES_NOT_EXIST for what is not in conflict, and as `settleCatalog`. */
export async function resolveCatalog(
  context: CommandContext,
  resolving: CatalogResolving,
): Promise<ExitCode> {
  const { remote } = resolving;
  const native = (): Promise<readonly SettledField[]> => atPeer(context, resolving);
  const settled = await openByKind(remote, {
    mlflow: () => atServer(context, resolving),
    directory: native,
    ssh: native,
  });
  print(context, remote.name, settled);
  return EXIT.ok;
}

function atPeer(context: CommandContext, resolving: CatalogResolving): Promise<readonly SettledField[]> {
  const target = { chosen: resolving.chosen, remote: resolving.remote };
  return withPeer(context, target, COMMAND, (parties) => {
    const options = { ...nativeOptions(target, HOW), direction: "both" } as const;
    return new NativeCatalog(parties, options).settle(settlingOf(parties.state, resolving));
  });
}

async function atServer(
  context: CommandContext,
  resolving: CatalogResolving,
): Promise<readonly SettledField[]> {
  const { settleCatalogAtServer } = await import("../../sync/mlflow/settle-catalog-at-server.js");
  const target = { chosen: resolving.chosen, remote: resolving.remote };
  const server = { command: COMMAND, connections: 1, rate: null, onWait: tellWaits(context) };
  return withServer(target, server, (parties, signal) => {
    const { experiments } = pullOptions(target, HOW);
    const settling = settlingOf(parties.state, resolving);
    return settleCatalogAtServer(parties, { experiments, signal }, settling);
  });
}

function settlingOf(state: RemoteStateView, { word, field, take }: CatalogResolving): CatalogSettling {
  const found = catalogInConflict(state).find((one) => one.word === word);
  const conflicts = found?.conflicts.filter((one) => field === undefined || one.field === field) ?? [];
  if (found !== undefined && conflicts.length > 0) return { key: found.key, conflicts, take };
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `${word} has no such conflict`, {
    hint: `\`runstone resolve\` lists conflicts.${knownFields(found?.conflicts ?? [])}`,
    data: { word },
  });
}

function knownFields(conflicts: readonly CatalogConflict[]): string {
  return conflicts.length === 0 ? "" : ` It has: ${conflicts.map(({ field }) => field).join(", ")}.`;
}

function print(context: CommandContext, remote: string, settled: readonly SettledField[]): void {
  if (context.json)
    return context.out.line(
      serializePrettyJson({
        remote,
        settled: settled.map(({ kind, what, field, value }) => ({ kind, what, field, value })),
      }),
    );
  for (const one of settled) {
    const value = valueWords(one.field, one.value) ?? "gone";
    const line = `${catalogName(one)}: ${fieldName(one.field)} is ${value}, here and at ${remote}`;
    context.out.line(visible(line));
  }
}

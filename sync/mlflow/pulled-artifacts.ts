/** The artifacts of a run there: which there are, and the bytes of those that are not known to be here. */
import { readBlocks } from "../../core/fs/index.js";
import type { ArtifactBytes, ArtifactHead, RunDocument } from "../../core/transfer/index.js";
import type { Run } from "../../store-format/index.js";
import type { Moved } from "../engine/progress.js";
import type { RunState } from "../engine/run-state.js";
import { artifactPlace } from "./artifact-place.js";
import type { Spool } from "./artifact-spool.js";
import { LONG_VALUES_PATH } from "./cut-values.js";
import { ORIGIN_TAG } from "./find-runs.js";
import { joined, listRemoteArtifacts, type RemoteArtifact } from "./list-remote-artifacts.js";
import { outgoingLongValues, parseLongValues } from "./long-values.js";
import type { PullReading } from "./pull-session.js";
import { isLongValuesOf } from "./pulled-texts.js";
import { type LongValues, wantedRecord } from "./wanted-record.js";

/** A larger one is an artifact like any other. */
const MOST_LONG_VALUES_BYTES = 67_108_864;

export interface PulledArtifacts {
  readonly heads: readonly ArtifactHead[];
  /** By path, of those whose bytes came. */
  readonly bytes: ReadonlyMap<string, ArtifactBytes>;
  readonly longValues: LongValues | null;
  /** Why artifacts are not looked at; null: they are. */
  readonly unreachable: string | null;
  /** What the remote is known to hold besides the run's own artifacts: path -> SHA-256. */
  readonly besides: Readonly<Record<string, string>>;
  clear(): void;
}

export interface ArtifactOptions {
  readonly mine: RunDocument | null;
  readonly state: RunState | null;
  /** Values may have been cut there: then what keeps them whole is read even if artifacts are left there. */
  readonly mayBeCut: boolean;
  moved(moved: Moved): void;
}

/** Call `clear` when the bytes are no longer needed. Throws what the server says; REMOTE_FAILED for names that lead out. */
export async function pullArtifacts(
  session: PullReading,
  run: Run,
  options: ArtifactOptions,
): Promise<PulledArtifacts> {
  const place = artifactPlace(run.info.artifactUri, session.baseUrl);
  const spool = session.newSpool();
  const pulling = new Pulling(session, run, { ...options, spool, place: place.path ?? null });
  try {
    return { ...(await pulling.pull()), unreachable: place.reason ?? null, clear: () => spool.clear() };
  } catch (error) {
    spool.clear();
    throw error;
  }
}

interface PullingOptions extends ArtifactOptions {
  readonly spool: Spool;
  readonly place: string | null;
}

class Pulling {
  readonly #session: PullReading;
  readonly #run: Run;
  readonly #options: PullingOptions;
  readonly #bytes = new Map<string, ArtifactBytes>();
  readonly #besides: Record<string, string> = Object.create(null);
  #longValues: LongValues | null = null;

  constructor(session: PullReading, run: Run, options: PullingOptions) {
    this.#session = session;
    this.#run = run;
    this.#options = options;
  }

  async pull(): Promise<Pick<PulledArtifacts, "heads" | "bytes" | "longValues" | "besides">> {
    const { mine, state, place, mayBeCut } = this.#options;
    const isWanted = this.#session.withArtifacts && place !== null;
    if (isWanted) {
      const listed = await listRemoteArtifacts(this.#session.calls, place);
      const heads = await this.#heads(place, this.#withoutModelFiles(listed));
      return this.#result(heads);
    }
    if (place !== null && mayBeCut) {
      const listed = await listRemoteArtifacts(this.#session.calls, joined(place, "runstone"));
      const found = listed.find(({ path }) => `runstone/${path}` === LONG_VALUES_PATH);
      if (found !== undefined) await this.#isLongValues(place, { ...found, path: LONG_VALUES_PATH });
    }
    return this.#result(
      mine?.artifacts.filter(({ path, sha256 }) => state?.artifacts[path] === sha256) ?? [],
    );
  }

  #result(
    heads: readonly ArtifactHead[],
  ): Pick<PulledArtifacts, "heads" | "bytes" | "longValues" | "besides"> {
    return { heads, bytes: this.#bytes, longValues: this.#longValues, besides: this.#besides };
  }

  async #heads(place: string, listed: readonly RemoteArtifact[]): Promise<readonly ArtifactHead[]> {
    const { artifactLimit } = this.#session;
    const heads = await Promise.all(listed.map((file) => artifactLimit(async () => this.#head(place, file))));
    return heads.filter((head) => head !== null);
  }

  /** Null for what is no artifact of the run. */
  async #head(place: string, file: RemoteArtifact): Promise<ArtifactHead | null> {
    const isWanted = this.#session.isWantedArtifact?.(file.path) !== false;
    if (!isWanted && file.path !== LONG_VALUES_PATH) return this.#agreed(file.path);
    const known = this.#known(file);
    if (known !== null) return known;
    if (file.path === LONG_VALUES_PATH && (await this.#isLongValues(place, file))) return null;
    return this.#download(place, file);
  }

  async #download(place: string, { path, size }: RemoteArtifact): Promise<ArtifactHead> {
    const { spool, moved } = this.#options;
    const own = this.#options.mine?.artifacts.find((head) => head.path === path);
    const { sha256, bytes } = await spool.download(joined(place, path), size, own);
    this.#bytes.set(path, bytes);
    moved({ artifacts: 1, bytes: size });
    return { path, size, sha256 };
  }

  /** The remote was seen to hold what is here, and it has the same size still. */
  #known({ path, size }: RemoteArtifact): ArtifactHead | null {
    const { mine, state } = this.#options;
    const own = mine?.artifacts.find((head) => head.path === path);
    if (own === undefined || own.size !== size || state?.artifacts[path] !== own.sha256) return null;
    return this.#session.recheck && own.absent !== true ? null : own;
  }

  /** What both sides had of it. */
  #agreed(path: string): ArtifactHead | null {
    const { mine, state } = this.#options;
    const own = mine?.artifacts.find((head) => head.path === path);
    return own !== undefined && state?.artifacts[path] === own.sha256 ? own : null;
  }

  async #isLongValues(place: string, file: RemoteArtifact): Promise<boolean> {
    const { mine, spool } = this.#options;
    if (this.#run.tags[ORIGIN_TAG] === undefined || file.size > MOST_LONG_VALUES_BYTES) return false;
    if (mine?.artifacts.some(({ path }) => path === LONG_VALUES_PATH)) return false;
    const sent = mine === null ? null : wantedRecord(mine, null).longValues;
    const own = sent === null ? null : outgoingLongValues(sent);
    const { bytes, sha256 } = await spool.read(joined(place, file.path), file.size);
    this.#besides[file.path] = sha256;
    if (own?.sha256 === sha256) return true;
    const whole = parseLongValues(await gathered(bytes));
    if (whole === undefined || !isLongValuesOf(whole, this.#run)) return false;
    this.#longValues = whole;
    return true;
  }

  /** To MLflow 2, files of logged models went as artifacts of the run. */
  #withoutModelFiles(listed: readonly RemoteArtifact[]): readonly RemoteArtifact[] {
    const { mine, state } = this.#options;
    const own = new Set(mine?.artifacts.map(({ path }) => path) ?? []);
    if (mine === null || state === null || listed.every(({ path }) => own.has(path))) return listed;
    const { models, hashes } = this.#session;
    const sizes = new Map<string, number>();
    for (const modelId of models.idsOf(mine)) {
      const name = models.read(modelId)?.name;
      for (const { path, size } of models.filesOf(modelId, hashes)) sizes.set(`${name}/${path}`, size);
    }
    return listed.filter(({ path, size }) => own.has(path) || sizes.get(path) !== size);
  }
}

/** Of something small. */
async function gathered(bytes: ArtifactBytes): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  const all = "file" in bytes ? readBlocks(bytes.file) : bytes;
  for await (const block of all) blocks.push(block.slice());
  return Buffer.concat(blocks);
}

/** What is captured, and written down, while the child runs. */
import { setTimeout as wait } from "node:timers/promises";
import {
  type Capture,
  captureArtifacts,
  captureDuring,
  captureTags,
  withMissing,
} from "../../core/capture/capture.js";
import type { Problems } from "./problems.js";
import type { PreparedRun } from "./run-setup.js";

/** How long the end of a run waits for what is still being captured. */
const PATIENCE_MS = 2_000;

export class CaptureWork {
  readonly #prepared: PreparedRun;
  readonly #problems: Problems;
  readonly #written = new Map<string, string>();
  #during: Promise<Capture | null> = Promise.resolve(null);

  constructor(prepared: PreparedRun, problems: Problems) {
    this.#prepared = prepared;
    this.#problems = problems;
  }

  /** Writes what is known and begins the rest. */
  start(childRuns: boolean): void {
    const { capture } = this.#prepared;
    this.#write(capture);
    this.#during = this.#rest(childRuns).catch((error: unknown) => this.#fail(error));
  }

  async #rest(childRuns: boolean): Promise<Capture> {
    const { capture, captureOptions, snapshotKept } = this.#prepared;
    const [more, missing] = await Promise.all([
      childRuns ? captureDuring(capture, captureOptions) : capture,
      snapshotKept,
    ]);
    return withMissing(more, missing);
  }

  /** Writes the rest, when it comes in time. */
  async finish(): Promise<void> {
    const late = new AbortController();
    const patience = wait(PATIENCE_MS, "late" as const, { signal: late.signal }).catch(() => null);
    const capture = await Promise.race([this.#during, patience]);
    late.abort();
    if (capture === "late") this.#problems.add("packages and GPUs were not known in time");
    else if (capture !== null) this.#write(capture, captureTags(capture));
  }

  #write(capture: Capture, tags = {}): void {
    const { writer } = this.#prepared;
    this.#problems.guard("capture", () => {
      for (const { path, text, encoding } of captureArtifacts(capture)) {
        if (this.#written.get(path) === text) continue;
        writer.logArtifactBytes(path, Buffer.from(text, encoding));
        this.#written.set(path, text);
      }
      writer.setTags(this.#newTags(tags));
    });
  }

  /** Those that the run does not have yet. */
  #newTags(tags: Readonly<Record<string, string>>): Record<string, string> {
    const known = captureTags(this.#prepared.capture);
    return Object.fromEntries(Object.entries(tags).filter(([key, value]) => known[key] !== value));
  }

  #fail(error: unknown): null {
    this.#problems.addError("capture", error);
    return null;
  }
}

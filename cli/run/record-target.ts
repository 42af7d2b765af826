/** Where the lines of a child go: its run. What a line may name as an artifact is limited, for a line may be foreign text. */
import { readdirSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, sep } from "node:path";
import type { RunWriter } from "../../core/interfaces.js";
import type { KnownPoints } from "../../core/process/console-recovery.js";
import type { ArtifactLine } from "../../core/process/run-lines.js";
import type { RecordTarget } from "../../core/process/run-records.js";
import { type Metric, RunstoneError, type StringMap } from "../../store-format/index.js";
import { redactValues } from "./redact-values.js";

export interface RecordTargetOptions {
  readonly writer: RunWriter;
  readonly known: KnownPoints;
  /** The working directory of the child. */
  readonly cwd: string;
  /** Directories whose files a line may name: the working directory, that for temporary files. */
  readonly allowed: readonly string[];
}

/** Where a line may point: the working directory of the child, and that for temporary files. */
export function artifactPlaces(cwd: string): readonly string[] {
  return [cwd, tmpdir()];
}

export function recordTarget(options: RecordTargetOptions): RecordTarget {
  const { writer, known } = options;
  return {
    logMetrics: (metrics: readonly Metric[]) => {
      known.forget();
      if (metrics.length > 0) writer.logMetrics(metrics);
    },
    logParams: (params: StringMap) => writer.logParams(redactValues(params)),
    setTags: (tags: StringMap) => writer.setTags(redactValues(tags)),
    logArtifact: (line: ArtifactLine) => logArtifact(line, options),
    hasPoint: (metric: Metric) => known.has(metric),
  };
}

/** A file and the tree of a directory keep their name, as with `runstone log artifact`. */
function logArtifact({ source, directory }: ArtifactLine, options: RecordTargetOptions): void {
  const path = allowedPath(source, options);
  const isDirectory = statSync(path).isDirectory();
  const name = basename(path);
  const below = directory?.replace(/\/+$/, "") ?? "";
  const target = below === "" ? name : `${below}/${name}`;
  for (const file of isDirectory ? filesBelow(path) : [""]) {
    options.writer.logArtifactFile(join(path, file), file === "" ? target : `${target}/${file}`);
  }
}

/** The real path, if it lies where a line may point. A line of foreign text must not carry off `~/.ssh/id_rsa`. */
function allowedPath(source: string, { cwd, allowed }: RecordTargetOptions): string {
  const path = realPath(source.startsWith("/") ? source : join(cwd, source));
  if (path === null) {
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no file ${JSON.stringify(source)}`);
  }
  const inside = allowed.some((place) => path.startsWith(realPath(place)?.concat(sep) ?? "\0"));
  const secret = path.split(sep).some((part) => /^\.(?:env(?:\..*)?|netrc|ssh|aws|gnupg|git)$/.test(part));
  if (inside && !secret) return path;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${JSON.stringify(source)} may not be named by a line: it lies outside the working directory, or holds credentials`,
  );
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/** Plain files below a directory, `/` between components; links are passed over. */
function filesBelow(directory: string, prefix = ""): readonly string[] {
  return readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(directory, path);
    return entry.isFile() ? [path] : [];
  });
}

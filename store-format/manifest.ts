import { isContainedPath } from "./artifact-paths.js";
import type { Integer } from "./entities.js";
import { RunstoneError } from "./errors.js";
import { parsePythonInt } from "./python-float.js";
import {
  compareCodePoints,
  decodeUtf8,
  encodeUtf8,
  invalidUtf8Offset,
  jsonText,
  utf8Length,
} from "./text.js";

/** The newest format of a manifest that this code writes. */
export const MANIFEST_FORMAT = 1;

export const MANIFEST_FILE_KINDS = [
  "meta",
  "param",
  "tag",
  "metric",
  "input",
  "output",
  "link",
  "artifact",
] as const;
export type ManifestFileKind = (typeof MANIFEST_FILE_KINDS)[number];

export const ARTIFACT_CONTENTS = ["object", "home", "none", "absent"] as const;
/**
 * Where an artifact's bytes are: stored as object, this very file is the object's home, only here without a claim, or not
 * here at all because the run came without them.
 */
export type ArtifactContent = (typeof ARTIFACT_CONTENTS)[number];

export interface ManifestFile {
  /** Relative to the run, `/` between components. */
  readonly path: string;
  readonly kind: ManifestFileKind;
  /** 64 lower-case hex digits. Of a metric file: the hash of its first `size` bytes, however long it grows. */
  readonly sha256: string;
  readonly size: number;
  /** Modification time in nanoseconds when it was hashed. */
  readonly mtimeNs: bigint;
  /** Artifacts only. */
  readonly content?: ArtifactContent;
}

/** `<run>/manifest.yaml`: the files of a run as they were sealed. */
export interface Manifest {
  readonly sealedTime: Integer;
  readonly recordDigest: string;
  /** False when the seal had to leave something out (a file that changed meanwhile or could not be read). */
  readonly complete: boolean;
  /** Sorted by path. */
  readonly files: readonly ManifestFile[];
}

export interface SealedManifest extends Manifest {
  /** Hash of the file lines: names these bytes, here. */
  readonly sealDigest: string;
}

/** SHA-256 as 64 lower-case hex digits. */
export type Sha256 = (bytes: Uint8Array) => string;

/** The file lines of a manifest, whose SHA-256 is the seal digest: sorted, each with its LF. */
export function serializeManifestFiles(files: readonly ManifestFile[]): string {
  const sorted = [...files].sort((a, b) => compareCodePoints(a.path, b.path));
  return sorted.map(serializeFile).join("");
}

function serializeFile(file: ManifestFile): string {
  const content = file.content === undefined ? "" : ` ${file.content}`;
  return `  ${pathText(file.path)}: ${file.kind} ${file.sha256} ${file.size} ${file.mtimeNs}${content}\n`;
}

/** A JSON string in which YAML finds nothing to object to or to fold. */
function pathText(path: string): string {
  return jsonText(path).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, escapeUnit);
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The whole text of a manifest and its seal digest. Throws INVALID_PARAMETER_VALUE for a path with a lone surrogate. */
export function serializeManifest(
  manifest: Manifest,
  sha256: Sha256,
): { readonly text: string; readonly sealDigest: string } {
  const lines = serializeManifestFiles(manifest.files);
  const sealDigest = sha256(encodeUtf8(lines));
  const head =
    `runstone_manifest: ${MANIFEST_FORMAT}\nsealed_time: ${manifest.sealedTime}\n` +
    `record_digest: ${manifest.recordDigest}\ncomplete: ${manifest.complete}\n`;
  const files = lines === "" ? "files: {}\n" : `files:\n${lines}`;
  const body = `${head}${files}seal_digest: ${sealDigest}\n`;
  return { text: `${body}check: ${sha256(encodeUtf8(body))}\n`, sealDigest };
}

/**
 * Reads a manifest and checks both of its hashes. Throws DAMAGED with `data.offset` (in bytes) at the first line that
 * deviates in any way, FORMAT_TOO_NEW for a newer format.
 */
export function parseManifest(bytes: Uint8Array, sha256: Sha256): SealedManifest {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw damaged("not valid UTF-8", invalidUtf8Offset(bytes));
  return new ManifestReader(text, sha256).read();
}

function damaged(reason: string, offset: number): RunstoneError {
  return new RunstoneError("DAMAGED", `The manifest cannot be read: ${reason} (byte ${offset})`, {
    hint: "Seal the run anew once its files are known to be right.",
    data: { reason, offset },
  });
}

const HEX = "[0-9a-f]{64}";
const NUMBER = "0|[1-9][0-9]*";
const DIGEST = new RegExp(`^${HEX}$`);
const FILE_LINE = new RegExp(
  `^ {2}("(?:[^"\\\\]|\\\\.)*"): ([a-z]+) (${HEX}) (${NUMBER}) (-?(?:${NUMBER}))(?: (${ARTIFACT_CONTENTS.join("|")}))?$`,
);

class ManifestReader {
  readonly #text: string;
  readonly #sha256: Sha256;
  #at = 0;

  constructor(text: string, sha256: Sha256) {
    this.#text = text;
    this.#sha256 = sha256;
  }

  read(): SealedManifest {
    this.#readFormat();
    const sealedTime = this.#readInteger("sealed_time");
    const recordDigest = this.#readMember("record_digest", DIGEST);
    const complete = this.#readMember("complete", /^(?:true|false)$/) === "true";
    const { files, lines } = this.#readFiles();
    const sealDigest = this.#readHash("seal_digest", lines);
    this.#readHash("check", this.#text.slice(0, this.#at));
    if (this.#at < this.#text.length) throw this.#damaged("text after the last line");
    return { sealedTime, recordDigest, complete, files, sealDigest };
  }

  #damaged(reason: string): RunstoneError {
    return damaged(reason, utf8Length(this.#text.slice(0, this.#at)));
  }

  /** The line at `#at` without its LF. Does not move. */
  #peek(): string {
    const end = this.#text.indexOf("\n", this.#at);
    if (end < 0)
      throw this.#damaged(this.#at < this.#text.length ? "last line was cut off" : "ends too early");
    return this.#text.slice(this.#at, end);
  }

  #readFormat(): void {
    const found = /^runstone_manifest: ([1-9][0-9]{0,8})$/.exec(this.#peek());
    if (found === null) throw this.#damaged("expected runstone_manifest");
    if (Number(found[1]) > MANIFEST_FORMAT) {
      throw new RunstoneError(
        "FORMAT_TOO_NEW",
        `The manifest has format ${found[1]}; this release knows format ${MANIFEST_FORMAT}`,
        {
          hint: "Upgrade runstone.",
          data: { found: Number(found[1]), expected: MANIFEST_FORMAT },
        },
      );
    }
    this.#at += found[0].length + 1;
  }

  #readMember(name: string, form: RegExp): string {
    const line = this.#peek();
    const value = line.startsWith(`${name}: `) ? line.slice(name.length + 2) : undefined;
    if (value === undefined || !form.test(value)) throw this.#damaged(`expected ${name}`);
    this.#at += line.length + 1;
    return value;
  }

  #readInteger(name: string): Integer {
    return parsePythonInt(this.#readMember(name, new RegExp(`^-?(?:${NUMBER})$`)))!;
  }

  #readHash(name: string, of: string): string {
    const start = this.#at;
    const found = this.#readMember(name, DIGEST);
    if (found === this.#sha256(encodeUtf8(of))) return found;
    this.#at = start;
    throw this.#damaged(`${name} does not hold`);
  }

  #readFiles(): { files: ManifestFile[]; lines: string } {
    if (this.#peek() === "files: {}") {
      this.#at += "files: {}\n".length;
      return { files: [], lines: "" };
    }
    if (this.#peek() !== "files:") throw this.#damaged("expected files");
    this.#at += "files:\n".length;
    const start = this.#at;
    const files: ManifestFile[] = [];
    while (this.#text.startsWith("  ", this.#at)) files.push(this.#readFile(files[files.length - 1]));
    if (files.length === 0) throw this.#damaged("expected a file");
    return { files, lines: this.#text.slice(start, this.#at) };
  }

  #readFile(previous: ManifestFile | undefined): ManifestFile {
    const line = this.#peek();
    const file = parseFile(line);
    if (file === undefined) throw this.#damaged("malformed file line");
    if (previous !== undefined && compareCodePoints(previous.path, file.path) >= 0) {
      throw this.#damaged("file lines are not sorted");
    }
    this.#at += line.length + 1;
    return file;
  }
}

/** One file line; `undefined` for anything that we would not have written so. */
function parseFile(line: string): ManifestFile | undefined {
  const match = FILE_LINE.exec(line);
  if (match === null) return undefined;
  const [, quoted, kindText, sha256, size, mtimeNs, contentText] = match;
  const path = parsePathText(quoted!);
  const kind = MANIFEST_FILE_KINDS.find((known) => known === kindText);
  const content = ARTIFACT_CONTENTS.find((known) => known === contentText);
  if (path === undefined || kind === undefined || !Number.isSafeInteger(Number(size))) return undefined;
  if (mtimeNs === "-0" || (content !== undefined && kind !== "artifact")) return undefined;
  const file = { path, kind, sha256: sha256!, size: Number(size), mtimeNs: BigInt(mtimeNs!) };
  return content === undefined ? file : { ...file, content };
}

/** The path, if it stays within the run and is written the way we write it. */
function parsePathText(quoted: string): string | undefined {
  let path: unknown;
  try {
    path = JSON.parse(quoted);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return typeof path === "string" && pathText(path) === quoted && isContainedPath(path) ? path : undefined;
}

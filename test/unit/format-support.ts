import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";
import { type Hasher, isYamlMap, type YamlValue } from "../../store-format/index.js";

/** Root of the repository, seen from the compiled test. */
export const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** The directory of real stores, `undefined` when it is not there. */
export function findCorpus(): string | undefined {
  const place = process.env.RUNSTONE_CORPUS ?? join(REPOSITORY, "../shared/corpus");
  return existsSync(place) ? place : undefined;
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export function newHasher(): Hasher {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digestHex: () => hash.digest("hex") };
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The rest of YAML by the `yaml` package, in the form that parseYamlMap wants. */
export function generalYaml(text: string): YamlValue {
  const document = parseDocument(text, { schema: "failsafe", version: "1.1", uniqueKeys: false });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  return fromNode(document.contents);
}

function fromNode(node: Node | null): YamlValue {
  if (node === null) return { text: "", quoted: false };
  if (isAlias(node)) throw new Error("aliases are not read");
  if (isSeq(node)) return node.items.map((item) => fromNode(item as Node));
  if (isMap(node))
    return new Map(node.items.map((pair) => [keyText(pair.key), fromNode(pair.value as Node)]));
  if (isScalar(node)) return { text: String(node.value ?? ""), quoted: node.type !== "PLAIN" };
  throw new Error("unknown node");
}

function keyText(key: unknown): string {
  if (isScalar(key)) return String(key.value ?? "");
  throw new Error("a key is not a scalar");
}

/** A value as JSON can hold it: bigints, special doubles, maps and bytes get a form of their own. */
export function toPlain(value: unknown): unknown {
  if (typeof value === "bigint") return { $integer: String(value) };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $float: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (value instanceof Uint8Array) return { $hex: Buffer.from(value).toString("hex") };
  if (Array.isArray(value)) return value.map(toPlain);
  if (isYamlMap(value as YamlValue)) return { $map: [...(value as Map<string, unknown>)].map(toPlain) };
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, toPlain(member)]));
}

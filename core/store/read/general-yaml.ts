/**
 * The rest of YAML (flow collections, block scalars, comments, anchors), which MLflow never writes but people's editors
 * do. The library is loaded when the first such file is met: nearly no store has one.
 */
import { createRequire } from "node:module";
import type * as Yaml from "yaml";

/** More nodes than any file of a store has; anchors that multiply stop here. */
const MAX_NODES = 200_000;

let loaded: typeof Yaml | undefined;

function library(): typeof Yaml {
  loaded ??= createRequire(import.meta.url)("yaml") as typeof Yaml;
  return loaded;
}

/** A `GeneralYamlParser`: scalars as `{ text, quoted }`, nothing resolved. Throws for any error. */
export function parseGeneralYaml(text: string): unknown {
  const { parseDocument } = library();
  const document = parseDocument(text, { schema: "failsafe", uniqueKeys: false, logLevel: "error" });
  const error = document.errors[0];
  if (error !== undefined) throw error;
  return new Converter(document).convert(document.contents);
}

class Converter {
  readonly #document: Yaml.Document.Parsed;
  #nodes = 0;

  constructor(document: Yaml.Document.Parsed) {
    this.#document = document;
  }

  convert(node: unknown): unknown {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES) throw new Error("too many nodes");
    const { isAlias, isMap, isScalar, isSeq } = library();
    if (node === null) return { text: "", quoted: false };
    if (isAlias(node)) return this.convert(node.resolve(this.#document));
    if (isScalar(node)) return scalar(node);
    if (isSeq(node)) return node.items.map((item) => this.convert(item));
    if (isMap(node)) return this.#convertMap(node);
    throw new Error("neither scalar, list nor map");
  }

  #convertMap(node: Yaml.YAMLMap): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (const { key, value } of node.items) map.set(this.#keyText(key), this.convert(value));
    return map;
  }

  #keyText(key: unknown): unknown {
    const converted = this.convert(key) as { readonly text?: unknown };
    return converted.text;
  }
}

function scalar(node: Yaml.Scalar): unknown {
  const text = node.value === null || node.value === undefined ? "" : String(node.value);
  return { text, quoted: node.type !== undefined && node.type !== "PLAIN" };
}

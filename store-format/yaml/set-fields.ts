/** Editing single fields of a YAML file, so that every other line stays as it was written. */
import { isRunstoneError } from "../errors.js";
import { type ParseOptions, parseYamlFile } from "../meta-fields.js";
import { decodeUtf8, encodeUtf8 } from "../text.js";
import { serializeYamlMap, type YamlInput } from "./serialize.js";
import type { YamlMap, YamlValue } from "./value.js";

export type YamlFields = Readonly<Record<string, string | number | bigint | null>>;

/**
 * The file with these fields set; line ends are LF. Other fields keep their values, and where the file is written as MLflow does
 * also their lines; else the whole file is written as MLflow would. Throws DAMAGED for a file that cannot be read.
 */
export function setYamlFields(
  bytes: Uint8Array,
  fields: YamlFields,
  { what, ...options }: ParseOptions & { readonly what: string },
): Uint8Array {
  const before = parseYamlFile(bytes, what, options);
  const wanted = serializeYamlMap(withFields(before, fields));
  const text = (decodeUtf8(bytes) ?? "").replaceAll("\r\n", "\n");
  // A field that is there in another form (quoted, in braces) would stand there twice.
  const isByLine = Object.keys(fields).every(
    (field) => !before.has(field) || new RegExp(`^${field}:`, "m").test(text),
  );
  if (!isByLine) return encodeUtf8(wanted);
  const edited = encodeUtf8(
    Object.entries(fields).reduce((all, [name, value]) => setLine(all, name, value), text),
  );
  return isReadAs(edited, wanted, { what, ...options }) ? edited : encodeUtf8(wanted);
}

function withFields(map: YamlMap, fields: YamlFields): ReadonlyMap<string, YamlInput | YamlValue> {
  const values: Iterable<readonly [string, YamlInput | YamlValue]> = [...map, ...Object.entries(fields)];
  return new Map(values);
}

function isReadAs(
  bytes: Uint8Array,
  wanted: string,
  { what, ...options }: ParseOptions & { readonly what: string },
): boolean {
  try {
    return serializeYamlMap(parseYamlFile(bytes, what, options)) === wanted;
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    return false;
  }
}

/** The field's line, with those that continue it, replaced; a new one before the first of a later name. */
function setLine(text: string, field: string, value: YamlInput): string {
  const line = serializeYamlMap({ [field]: value });
  const lines = text.split(/(?<=\n)/);
  const at = lines.findIndex((one) => one.startsWith(`${field}:`));
  if (at < 0) {
    const next = lines.findIndex((one) => /^[a-z]/i.test(one) && one > `${field}:`);
    lines.splice(next < 0 ? lines.length : next, 0, line);
    return lines.map((one, i) => (one.endsWith("\n") || i === lines.length - 1 ? one : `${one}\n`)).join("");
  }
  let end = at + 1;
  while (end < lines.length && /^[ \t\n]/.test(lines[end]!)) end += 1;
  lines.splice(at, end - at, line);
  return lines.join("");
}

/** JSON as every `--json` prints it: 64-bit integers as integers, NaN and the infinities as strings. */

/** One line. Keys whose value is undefined are left out, as with `JSON.stringify`. */
export function serializeJson(value: unknown): string {
  return serialize(value, "", "");
}

/** Two spaces of indentation a level. */
export function serializePrettyJson(value: unknown): string {
  return serialize(value, "\n", "  ");
}

function serialize(value: unknown, lead: string, step: string): string {
  switch (typeof value) {
    case "bigint":
      return value.toString();
    case "number":
      return serializeNumber(value);
    case "string":
      return serializeString(value);
    case "boolean":
      return String(value);
    case "object":
      return value === null ? "null" : serializeObject(value, lead, step);
    default:
      return "null";
  }
}

/** `JSON.stringify` loses the sign of zero. */
function serializeNumber(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** `JSON.stringify` leaves DEL, C1 controls and direction overrides as they are; a terminal obeys them. */
const UNSAFE = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

function serializeString(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function serializeObject(value: object, lead: string, step: string): string {
  const custom = (value as { toJSON?: unknown }).toJSON;
  if (typeof custom === "function") return serialize(custom.call(value), lead, step);
  const inner = lead === "" ? "" : lead + step;
  if (Array.isArray(value))
    return bracket(
      "[",
      "]",
      value.map((item) => serialize(item, inner, step)),
      lead,
      inner,
    );
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(
      ([key, member]) => `${serializeString(key)}:${step === "" ? "" : " "}${serialize(member, inner, step)}`,
    );
  return bracket("{", "}", members, lead, inner);
}

function bracket(open: string, close: string, items: readonly string[], lead: string, inner: string): string {
  if (items.length === 0) return open + close;
  return `${open}${inner}${items.join(`,${inner}`)}${lead}${close}`;
}

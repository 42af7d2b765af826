import { resolveYamlScalar, type YamlInput, type YamlValue } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

/** Characters and pairs of them that mean something in YAML. */
export const yamlPiece = fc.constantFrom(
  ..."a Z 0 9 . - _ : # ' \" \\ ? , [ ] { } & * ! | > % @ ` ~ = < / + é 日 😀 \u0007 \u007f \ufeff \u0085 \u2028 \u00a0 word".split(
    " ",
  ),
  " ",
  "  ",
  "\n",
  "\n\n",
  "\r",
  "\t",
  ": ",
  " #",
  "longer ",
);
/** Words that YAML 1.1, YAML 1.2 or both do not take for texts. */
export const yamlSpecial = fc.constantFrom(
  ..."yes No ON off null ~ Null 1e5 1_000 0x1f 0o17 017 1:30 2024-01-02 = << .inf -.INF .nan --- ... 1. .5 1.5e3 1.5e+3 y n nan inf".split(
    " ",
  ),
  "",
  "12345678e90123456789012345678901",
);
/** Any text, most of them such that a careless writer or reader fails. */
export const yamlText = fc.oneof(
  yamlSpecial,
  fc.array(yamlPiece, { maxLength: 60 }).map((parts) => parts.join("")),
  fc.string({ unit: "grapheme" }),
);
const scalar = fc.oneof(
  { weight: 4, arbitrary: yamlText },
  {
    weight: 1,
    arbitrary: fc.constantFrom<YamlInput>(null, true, false, 0, -7, 1.5, 1e300, -0.25, 2n ** 70n),
  },
);
/** Any map of texts, nulls, booleans, numbers, lists and maps. */
export const { map: yamlMap } = fc.letrec<{ map: Map<string, YamlInput>; value: YamlInput }>((tie) => ({
  map: fc.array(fc.tuple(yamlText, tie("value")), { maxLength: 5 }).map((entries) => new Map(entries)),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    tie("map"),
    fc.array(tie("value"), { maxLength: 4 }),
  ),
}));

/** What PyYAML would load. */
export function resolved(value: YamlValue): unknown {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, resolved(item)]));
  if (Array.isArray(value)) return value.map(resolved);
  return resolveYamlScalar(value as { text: string; quoted: boolean });
}

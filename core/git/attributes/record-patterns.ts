/** Patterns of the record files of a store, in the form of gitattributes(5). */

const KEYED = ["metrics/**", "params/**", "tags/**"];
const EXPERIMENT = ["meta.yaml", "tags/**", "datasets/*/meta.yaml"];
const RUN = [
  ...["meta.yaml", "manifest.yaml", "links.jsonl", ".gitignore", "runstone-receipt.*.yaml"],
  ...[...KEYED, "inputs/*/meta.yaml", "outputs/*/meta.yaml"],
];
const LOGGED_MODEL = ["meta.yaml", ...KEYED];
const TRACE = ["trace_info.yaml", "tags/**", "request_metadata/**", "assessments/**"];
const REGISTRY = ["aliases/**", "version-*/meta.yaml", "version-*/tags/**"];

/** Of nothing that lies among artifacts: those are merged as the repository says. */
function recordPatterns(): string[] {
  const inExperiments = [
    ...EXPERIMENT,
    ...RUN.map((pattern) => `*/${pattern}`),
    ...LOGGED_MODEL.map((pattern) => `models/*/${pattern}`),
    ...TRACE.map((pattern) => `traces/*/${pattern}`),
  ];
  return [
    ...["*", ".trash/*"].flatMap((place) => inExperiments.map((pattern) => `${place}/${pattern}`)),
    ...REGISTRY.map((pattern) => `models/*/${pattern}`),
  ];
}

/** The lines for a store at `path`, relative to the work tree (empty: the work tree itself). */
export function recordAttributes(path: string, attribute: string): string[] {
  const place = path === "" ? "" : `/${path.replace(/[\\*?[\]]/g, "\\$&")}`;
  return recordPatterns().map((pattern) => `${quoted(`${place}/${pattern}`)} ${attribute}`);
}

/** As Git reads a pattern with blanks: a C string. */
function quoted(pattern: string): string {
  if (/^[\w./*?,=+@-]+$/.test(pattern)) return pattern;
  const escaped = pattern.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\t/g, "\\t");
  return `"${escaped.replace(/\r/g, "\\r")}"`;
}

/** PyYAML, which MLflow uses, reads what we write to the same values, and we read what it writes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import {
  DEFAULT_CONFIG,
  type ManifestFile,
  parseYamlMap,
  serializeConfig,
  serializeManifest,
  serializeYamlMap,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { resolved, yamlMap, yamlText } from "./format-arbitraries.js";
import { findCorpus, generalYaml, sha256 } from "./format-support.js";

const PROGRAM = `
import json, sys, yaml

def plain(value):
    if isinstance(value, dict): return {"map": sorted([[plain(k), plain(v)] for k, v in value.items()], key=json.dumps)}
    if isinstance(value, list): return {"list": [plain(v) for v in value]}
    if isinstance(value, str): return {"str": value.encode("utf-16-be", "surrogatepass").hex()}
    if value is None or isinstance(value, bool): return {"const": value}
    if isinstance(value, int) and value.bit_length() > 64 or isinstance(value, float): return {"number": float(value).hex()}
    if isinstance(value, int): return {"number": str(value)}
    return {"other": repr(value)}

def value_of(plain):
    (kind, content), = plain.items()
    if kind == "map": return {value_of(k): value_of(v) for k, v in content}
    if kind == "list": return [value_of(v) for v in content]
    if kind == "str": return bytes.fromhex(content).decode("utf-16-be", "surrogatepass")
    return content

def dumped(value, dumper, **options):
    return yaml.dump(value, Dumper=dumper, default_flow_style=False, allow_unicode=True, **options)

job = json.load(sys.stdin)
loaders = [yaml.SafeLoader] + ([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])
dumpers = [yaml.SafeDumper] + ([yaml.CSafeDumper] if yaml.__with_libyaml__ else [])
result = {"libyaml": yaml.__with_libyaml__}
result["loaded"] = [[plain(yaml.load(text, Loader=loader)) for loader in loaders] for text in job.get("load", [])]
result["files"] = [plain(yaml.load(open(path, encoding="utf-8").read(), Loader=loaders[-1])) for path in job.get("files", [])]
result["dumped"] = []
for value in job.get("dump", []):
    value = value_of(value)
    texts = [dumped(value, dumper) for dumper in dumpers] + [dumped(value, dumpers[-1], width=20), yaml.safe_dump(value)]
    result["dumped"].append({"texts": texts, "values": [plain(yaml.safe_load(text)) for text in texts]})
json.dump(result, sys.stdout)
`;

interface Job {
  readonly load?: readonly string[];
  readonly dump?: readonly Plain[];
  readonly files?: readonly string[];
}

interface Result {
  readonly libyaml: boolean;
  readonly loaded: readonly (readonly Plain[])[];
  readonly files: readonly Plain[];
  readonly dumped: readonly { readonly texts: readonly string[]; readonly values: readonly Plain[] }[];
}

interface Plain {
  readonly [kind: string]: unknown;
}

/** The same form as `plain` above; doubles by their shortest text, which both sides agree on for what we generate. */
function plain(value: unknown): Plain {
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => [plain(key), plain(item)]);
    return { map: sortByText(entries) };
  }
  if (Array.isArray(value)) return { list: value.map(plain) };
  if (typeof value === "string") return { str: Buffer.from(value, "utf16le").swap16().toString("hex") };
  if (typeof value === "number" || typeof value === "bigint") return { number: numberText(value) };
  return { const: value };
}

function sortByText(items: readonly unknown[]): unknown[] {
  return [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function numberText(value: number | bigint): string {
  const isInt64 =
    typeof value === "bigint"
      ? BigInt.asUintN(64, value < 0n ? -value : value) === (value < 0n ? -value : value)
      : Number.isSafeInteger(value);
  return isInt64 ? String(value) : `float ${Number(value)}`;
}

/** Python's answer with its hexadecimal floats and its order made ours. */
function fromPython(found: Plain): Plain {
  if ("map" in found)
    return { map: sortByText((found.map as Plain[][]).map((pair) => pair.map(fromPython))) };
  if ("list" in found) return { list: (found.list as Plain[]).map(fromPython) };
  if ("number" in found) return { number: fromPythonNumber(String(found.number)) };
  return found;
}

function fromPythonNumber(text: string): string {
  if (!/^-?(?:0x|inf|nan)/.test(text)) return text;
  if (!text.includes("0x")) return `float ${text.replace("inf", "Infinity").replace("nan", "NaN")}`;
  const [, sign, lead, digits = "", exponent] = /^(-?)0x([01])\.([0-9a-f]+)p([-+]\d+)$/.exec(text)!;
  const size = Number.parseInt(lead! + digits, 16) * 2 ** (Number(exponent) - 4 * digits.length);
  return numberText(sign === "-" ? -size : size);
}

/** A Python that has PyYAML: the machine's own, or a new environment that is thrown away afterwards. */
function findPython(): { readonly python: string; readonly directory?: string } | undefined {
  const hasYaml = (python: string) => spawnSync(python, ["-c", "import yaml"]).status === 0;
  if (hasYaml("python3")) return { python: "python3" };
  const directory = mkdtempSync(join(tmpdir(), "runstone-pyyaml-"));
  const python = join(directory, "bin/python");
  spawnSync("python3", ["-m", "venv", directory]);
  spawnSync(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "PyYAML==6.0.3"]);
  if (hasYaml(python)) return { python, directory };
  rmSync(directory, { recursive: true, force: true });
  return undefined;
}

const found = findPython();
if (found === undefined && process.env.CI === "true")
  throw new Error("PyYAML is needed here and could not be had");

function ask(job: Job): Result {
  const { status, stdout, stderr } = spawnSync(found!.python, ["-c", PROGRAM], {
    input: JSON.stringify(job),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    env: { ...process.env, PYTHONIOENCODING: "utf-8", PYTHONUTF8: "1" },
  });
  assert.equal(status, 0, stderr);
  const answer = JSON.parse(stdout) as Result;
  return {
    ...answer,
    loaded: answer.loaded.map((values) => values.map(fromPython)),
    files: answer.files.map(fromPython),
    dumped: answer.dumped.map(({ texts, values }) => ({ texts, values: values.map(fromPython) })),
  };
}

/** The table of traps, each as key and as value. */
const TRAPS = (
  "yes no on off Yes NO True false ~ null Null NULL 123 -7 +7 007 0o17 017 0x1F 0b101 1:30 1:30.5 1_000 1.5 1. .5 1.5e3 1.5e+3 1e5 12e34 " +
  "1e+5 .inf -.INF .nan nan inf 2024-01-02 = << y n - -x ? ?x : :x a:b a#b {a} [a] a] a, ,a & * ! | > % @ ` ' \" --- ... ---x"
)
  .split(" ")
  .concat(
    "",
    " lead",
    "trail ",
    "a: b",
    "a #b",
    "key:",
    "it's",
    'say "hi"',
    "C:\\x",
    "# x",
    "- x",
    "? x",
    "two\nlines",
    "end\n",
    "\nstart",
    "a\n b",
  )
  .concat(
    "a \nb",
    "tab\tx",
    "cr\r\nlf",
    "\u0007\u0000\u001b",
    "\ufeff",
    "\u007f",
    "\u0085",
    "\u2028",
    "\u00a0",
    "é",
    "日本語",
    "😀",
    "2024-01-02 10:11:12",
  )
  .concat(
    "12345678e90123456789012345678901",
    "word ".repeat(40),
    `${"it's a: ".repeat(30)}end`,
    `"${"é ".repeat(60)}`,
    "x".repeat(300),
  );

describe("PyYAML", {
  skip: found === undefined && "no PyYAML here: `pip install PyYAML` to run this",
}, () => {
  after(() => {
    if (found?.directory !== undefined) rmSync(found.directory, { recursive: true, force: true });
  });

  test("reads what we write to the same values", () => {
    const maps = fc.sample(yamlMap, 400).concat(TRAPS.map((text) => new Map([[text, text]])));
    const texts = maps.map((map) => serializeYamlMap(map));
    const { loaded } = ask({ load: texts });
    for (const [i, values] of loaded.entries()) {
      for (const value of values) assert.deepEqual(value, plain(maps[i]), texts[i]);
    }
  });

  test("is read by us to the same values, and writes the bytes that we write", () => {
    const texts = TRAPS.concat(fc.sample(yamlText, 400));
    const maps = texts.map(
      (text, i) =>
        new Map<string, unknown>([
          [text, text],
          ["nested", new Map([[text, [text, texts[i - 1] ?? ""]]])],
        ]),
    );
    const { dumped, libyaml } = ask({ dump: maps.map(plain) });
    for (const [i, { texts: written, values }] of dumped.entries()) {
      for (const [k, text] of written.entries()) {
        assert.deepEqual(plain(resolved(parseYamlMap(text))), values[k], text);
      }
      if (libyaml) assert.equal(serializeYamlMap(maps[i] as Map<string, string>), written[1]);
    }
  });

  test("reads our own files", () => {
    const file: ManifestFile = {
      path: "params/lr",
      kind: "param",
      sha256: "b".repeat(64),
      size: 5,
      mtimeNs: 7n,
    };
    const paths = ["artifacts/a: b", 'artifacts/😀\u2028\u0085\ufeff"\\\n', "artifacts/é ".repeat(20)];
    const files = [
      file,
      ...paths.map((path): ManifestFile => ({ ...file, path, kind: "artifact", content: "object" })),
    ];
    const manifest = { sealedTime: 1, recordDigest: "a".repeat(64), complete: true, files };
    const { text } = serializeManifest(manifest, sha256);
    const { loaded } = ask({ load: [text, serializeConfig(DEFAULT_CONFIG)] });
    for (const value of loaded[0]!) {
      const found = JSON.stringify(value);
      for (const path of paths) assert.ok(found.includes(JSON.stringify(plain(path))), path);
    }
    assert.deepEqual(loaded[1]![0], plain(resolved(parseYamlMap(serializeConfig(DEFAULT_CONFIG)))));
  });

  const corpus = findCorpus();
  test("and we agree on every YAML file of real stores", {
    skip: corpus === undefined && "no directory of real stores",
  }, () => {
    const paths = readdirSync(corpus!, { recursive: true, encoding: "utf8" })
      .filter((path) => /(?:meta|trace_info)\.yaml$/.test(path))
      .map((path) => join(corpus!, path))
      .filter((path) => existsSync(path));
    const { files } = ask({ files: paths });
    for (const [i, path] of paths.entries()) {
      const text = readFileSync(path, "utf8");
      assert.deepEqual(plain(resolved(parseYamlMap(text, generalYaml))), files[i], path);
    }
    assert.ok(paths.length > 0);
  });
});

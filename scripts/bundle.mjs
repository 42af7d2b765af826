/**
 * Bundles the command line into dist/bin/.
 *
 *   runstone.js        the binary: CommonJS, because Node starts it 5 ms sooner than a module
 *   hot-<name>.js      one self-contained CommonJS file for each hot command: one read, one compilation, whose result is
 *                      kept beside it (cli/code-cache.ts)
 *   program.mjs, ...   everything else: modules, split so that a command loads what it needs and nothing else
 *   heartbeat-worker.js, other workers: flat beside them, where `new URL("./x.js", import.meta.url)` finds them
 */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const outdir = `${root}dist/bin`;
const HOT = ["log", "merge-file", "run", "runs", "runs-search", "show", "sync", "help"];
/** Modules of Node that take milliseconds to load: hot commands load them at the first call. */
const LATE_BUILTINS = ["node:child_process", "node:crypto"];
const WORKERS = { "heartbeat-worker": "core/leases/heartbeat-worker.ts" };

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  platform: "node",
  target: "node20.19",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "linked",
  logLevel: "warning",
};
const defined = { __RUNSTONE_VERSION__: JSON.stringify(version) };

/** CommonJS has no import.meta; the URL is made only for the code that asks for it (it costs 3 ms). */
const asCommonJs = {
  format: "cjs",
  define: { ...defined, "import.meta.url": "bundledFile.url" },
  banner: {
    js: 'const bundledFile = { get url() { return require("node:url").pathToFileURL(__filename).href; } };',
  },
};

/** What hot commands need only now and then, and what would make their file large: imported from beside it. */
const PARTS = {
  "write-parquet": "cli/output/write-parquet.ts",
  "glob-directories": "cli/store/glob-directories.ts",
  "special-run": "cli/store/special-run.ts",
};
const PART = new RegExp(`/(?:${Object.keys(PARTS).join("|")})\\.js$`);
const partsBesideHotCommands = {
  name: "parts-beside-hot-commands",
  setup({ onResolve }) {
    onResolve({ filter: PART }, ({ path, kind }) =>
      kind === "dynamic-import"
        ? { path: path.replace(/.*\/(.*)\.js$/, "./$1.mjs"), external: true }
        : undefined,
    );
  },
};

/** The binary holds none of the other parts: hot ones are loaded with their compiled code, the program is imported. */
const partsBesideTheBinary = {
  name: "parts-beside-the-binary",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/program\.js$/ }, () => ({ path: "./program.mjs", external: true }));
    onResolve({ filter: /^\.\/hot\// }, ({ path }) => ({
      path: path.replace(/^\.\/hot\/(.*)\.js$/, "hot-$1.js"),
      namespace: "hot",
    }));
    onLoad({ filter: /.*/, namespace: "hot" }, ({ path }) => ({
      contents: `
        import { loadProgramFile } from "./cli/code-cache.ts";
        const path = __dirname + ${JSON.stringify(`/${path}`)};
        export const { run } = loadProgramFile({ path, digest: "${digestOf(path)}", require });`,
      resolveDir: root,
    }));
  },
};

/** Of a file that is built already. */
function digestOf(name) {
  const bytes = readFileSync(`${outdir}/${name}`);
  if (/[^\0-\x7f]|\bimport\(/.test(bytes.toString("latin1")))
    throw new Error(`${name}: ASCII only, no import()`);
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

/** Functions that load their module when they are called first; nothing else of it can be imported. */
const lateBuiltins = {
  name: "late-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(?:${LATE_BUILTINS.join("|")})$`) }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "late-builtin", sideEffects: false } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "late-builtin" }, async ({ path }) => {
      const names = Object.entries(await import(path)).filter(([, value]) => isPlainFunction(value));
      const call = (name) => `return require(${JSON.stringify(path)}).${name}(...args);`;
      return {
        contents: names.map(([name]) => `export function ${name}(...args) { ${call(name)} }`).join("\n"),
      };
    });
  },
};

/** No class: its name stands for more than a call. */
function isPlainFunction(value) {
  return typeof value === "function" && !/^(?:class|function [A-Z])/.test(String(value));
}

rmSync(outdir, { recursive: true, force: true });
await Promise.all([buildHot().then(passImports).then(buildBinary), buildProgram()]);
chmodSync(`${outdir}/runstone.js`, 0o755);
writeFileSync(`${outdir}/package.json`, '{ "type": "commonjs" }\n');

function buildBinary() {
  return build({
    ...common,
    format: "cjs",
    define: defined,
    entryPoints: { runstone: "cli/main.ts" },
    plugins: [partsBesideTheBinary],
  });
}

function buildHot() {
  const hot = HOT.map((name) => [`hot-${name}`, `cli/hot/${name}.ts`]);
  const workers = Object.entries(WORKERS).filter(([, source]) => existsSync(root + source));
  // Short names: a third less to compile at each start.
  const entryPoints = Object.fromEntries([...hot, ...workers]);
  return build({
    ...common,
    ...asCommonJs,
    minifyIdentifiers: true,
    plugins: [lateBuiltins, partsBesideHotCommands],
    entryPoints,
  });
}

/** Code that was kept compiled has no `import()` of its own: the loader (cli/code-cache.ts) gives it one. */
function passImports() {
  for (const name of HOT) {
    const path = `${outdir}/hot-${name}.js`;
    writeFileSync(path, readFileSync(path, "utf8").replaceAll('import("./', 'importBeside("./'));
  }
}

function buildProgram() {
  return build({
    ...common,
    format: "esm",
    splitting: true,
    define: defined,
    entryPoints: { program: "cli/program.ts", ...PARTS },
    outExtension: { ".js": ".mjs" },
    chunkNames: "[name]-[hash]",
    // CommonJS dependencies call require(). A short name could collide with a minified one in some chunk.
    banner: {
      js: [
        'import { createRequire as createRequireForBundledCommonJs } from "node:module";',
        "const require = createRequireForBundledCommonJs(import.meta.url);",
      ].join(""),
    },
  });
}

/**
 * Bundles the command line into dist/bin/: one ESM entry and one chunk a command, so that a start loads what it needs
 * and nothing else. Workers are entries of their own, flat beside the chunks, so that `new URL("./x.js",
 * import.meta.url)` finds them from any chunk.
 */
import { chmodSync, existsSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const outdir = `${root}dist/bin`;
const WORKERS = { "heartbeat-worker": "core/leases/heartbeat-worker.ts" };

const workers = Object.entries(WORKERS).filter(([, source]) => existsSync(root + source));

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { runstone: "cli/main.ts", ...Object.fromEntries(workers) },
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "linked",
  chunkNames: "[name]-[hash]",
  define: { __RUNSTONE_VERSION__: JSON.stringify(version) },
  // CommonJS dependencies call require(). A short name could collide with a minified one in some chunk.
  banner: {
    js: [
      'import { createRequire as createRequireForBundledCommonJs } from "node:module";',
      "const require = createRequireForBundledCommonJs(import.meta.url);",
    ].join(""),
  },
  logLevel: "warning",
});
chmodSync(`${outdir}/runstone.js`, 0o755);

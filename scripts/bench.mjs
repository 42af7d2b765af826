/** Builds and runs the benchmarks: `npm run bench -- [SCENARIO ...] [--small]`. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const environment = { ...process.env };
delete environment.NODE_EXTRA_CA_CERTS;
const build = spawnSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: ["ignore", 2, 2] });
if (build.status !== 0) process.exit(1);
const bench = spawnSync(process.execPath, ["dist/bench/main.js", ...process.argv.slice(2)], {
  cwd: root,
  env: environment,
  stdio: "inherit",
});
process.exitCode = bench.status ?? 1;

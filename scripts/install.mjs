/** The set-up that a fresh clone needs: the locked packages, and nothing when they are there. Runs in the current directory. */
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync } from "node:fs";

export const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** Runs one step to its end and stops everything when it fails. */
export function step(name, command, args) {
  console.log(`\n== ${name}`);
  const started = Date.now();
  const { status, signal, error } = spawnSync(command, args, {
    stdio: "inherit",
    shell: process.platform === "win32" && command === npm,
  });
  if (status !== 0) {
    console.error(`\n== ${name} failed (${error?.message ?? signal ?? `exit code ${status}`})`);
    process.exit(1);
  }
  console.log(`== ${name}: ok, ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** `npm ci`, unless what is installed is already what the lock file says. */
export function install() {
  if (isInstalled()) return;
  if (lstatSync("node_modules", { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.warn("== node_modules is a link and differs from package-lock.json: left as it is");
    return;
  }
  step("install", npm, ["ci"]);
}

function isInstalled() {
  if (!existsSync("node_modules/.package-lock.json")) return false;
  const installed = packagesOf("node_modules/.package-lock.json");
  const wanted = Object.entries(packagesOf("package-lock.json"));
  return wanted.every(
    ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version,
  );
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, "utf8")).packages;
}

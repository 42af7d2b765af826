/** What the disk below a store can: found out on small files below `.runstone/`, which are removed again. */
import {
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { formatBytes } from "../output/number.js";
import { type Check, note, ok, problem } from "./check.js";

/** statfs(2), linux/magic.h */
const KINDS: Readonly<Record<number, string>> = {
  61267: "ext4",
  1481003842: "xfs",
  2435016766: "btrfs",
  801189825: "zfs",
  16914836: "tmpfs",
  2035054128: "overlay",
  26985: "nfs",
  4283649346: "cifs",
  4266872130: "smb2",
  1702057286: "fuse",
  198183888: "lustre",
  1196443219: "gpfs",
  16914839: "9p",
};
const SHARED = new Set(["nfs", "cifs", "smb2", "lustre", "gpfs"]);

export function checkDisk(root: string, workspace: string | null): readonly Check[] {
  return [...checkRoom(root), ...(workspace === null ? [] : probe(join(workspace, ".runstone")))];
}

const LOW_BYTES = 256 * 1024 * 1024;
const LOW_FILES = 10_000;

function checkRoom(root: string): readonly Check[] {
  const { type, bsize, bavail, files, ffree } = statfsSync(root);
  const kind = KINDS[type >>> 0] ?? `type 0x${(type >>> 0).toString(16)}`;
  const free = bavail * bsize;
  return [
    SHARED.has(kind)
      ? note("file system", kind, "Shared: claims and heartbeats depend on its caching.")
      : ok("file system", kind),
    free < LOW_BYTES
      ? problem("free space", formatBytes(free), "Free some: a full disk stops recording.")
      : ok("free space", formatBytes(free)),
    // btrfs and some network file systems count no inodes.
    files > 0 && ffree < LOW_FILES
      ? problem("free inodes", String(ffree), "A run takes some 40 files: remove old runs with runstone gc.")
      : ok("free inodes", files > 0 ? String(ffree) : "not limited"),
  ];
}

function probe(place: string): readonly Check[] {
  let directory: string;
  try {
    directory = mkdtempSync(join(place, "doctor-"));
  } catch (error) {
    return [note("disk probe", `cannot write below ${place}: ${(error as NodeJS.ErrnoException).code}`)];
  }
  try {
    return [probeReflink(directory), probeHardLink(directory), probeTimes(directory), probeClock(directory)];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function probeReflink(directory: string): Check {
  const source = join(directory, "reflink");
  writeFileSync(source, "x".repeat(4096));
  const can = works(() => copyFileSync(source, `${source}-clone`, constants.COPYFILE_FICLONE_FORCE));
  return can
    ? ok("reflinks", "yes: artifacts share their bytes with the objects")
    : note("reflinks", "no: artifacts are copied into the objects");
}

function probeHardLink(directory: string): Check {
  const source = join(directory, "link");
  writeFileSync(source, "x");
  return works(() => linkSync(source, `${source}-2`)) ? ok("hard links", "yes") : note("hard links", "no");
}

/** The finest step in which the file system keeps modification times. */
function probeTimes(directory: string): Check {
  const times = Array.from({ length: 8 }, (_, index) => {
    const path = join(directory, `time-${index}`);
    writeFileSync(path, "x");
    return lstatSync(path, { bigint: true }).mtimeNs;
  });
  const step =
    [1_000_000_000n, 1_000_000n, 1_000n, 1n].find((size) => times.every((time) => time % size === 0n)) ?? 1n;
  const names: Readonly<Record<string, string>> = {
    "1000000000": "seconds",
    "1000000": "milliseconds",
    "1000": "microseconds",
  };
  const name = names[step.toString()] ?? "nanoseconds";
  return step === 1_000_000_000n
    ? note("file times", name, "Changes within a second are found by reading files again.")
    : ok("file times", name);
}

const SKEW_MS = 2000;

function probeClock(directory: string): Check {
  const path = join(directory, "clock");
  const before = Date.now();
  writeFileSync(path, "x");
  const skew = Math.round(Number(lstatSync(path).mtimeMs) - before);
  if (Math.abs(skew) < SKEW_MS) return ok("clock of the disk", "agrees");
  return note(
    "clock of the disk",
    `${skew} ms off`,
    "Ages and signs of life of other hosts are off by as much.",
  );
}

function works(call: () => void): boolean {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}

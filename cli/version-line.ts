import type { Output } from "./output/output.js";
import { VERSION } from "./version.js";

export function printVersion(out: Output): void {
  out.line(VERSION);
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { createFileStore } from "../../core/index.js";
import { conformance } from "./suite.js";

const directory = mkdtempSync(join(tmpdir(), "runstone-conformance-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const store = createFileStore({ path: join(directory, "mlruns"), cwd: directory });

conformance("a store in a directory", {
  open: () => store,
  loggedModels: true,
  keepsOrder: true,
  keepsInfinities: true,
  clears: true,
});

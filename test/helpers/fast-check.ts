/** fast-check with the tier's seed, which it prints with every failure; its arbitraries are its own. */
import fc from "fast-check";
import { newSeed } from "./seed.js";

fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  seed: newSeed("RUNSTONE_SEED"),
  includeErrorInReport: true,
});

export default fc;

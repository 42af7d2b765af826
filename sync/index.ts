export type { CommonRecord, Receipt, RunState } from "./engine/run-state.js";

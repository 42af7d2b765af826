export { type HookResult, type HookState, installHooks, listHooks, removeHooks } from "./edit-hooks.js";
export { findHookPlace, type HookPlace } from "./hook-place.js";
export { HOOK_NAMES, type HookName } from "./hook-text.js";

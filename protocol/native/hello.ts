/** The first frame of each side (PROTOCOL.md, section 5): which versions it speaks, what it is, what it can. */
import { RunstoneError } from "../../store-format/index.js";
import { asList, type JsonObject, Members, protocolError } from "./json.js";

/** What a peer can beyond the methods that every peer has. Unknown ones are passed over. */
export const CAPABILITIES = ["write", "objects", "catalog", "models"] as const;
export type Capability = (typeof CAPABILITIES)[number];

export interface Hello {
  /** Versions of the protocol that the side speaks, 1 or more. */
  readonly versions: readonly number[];
  /** The program and its release, for people: `runstone 0.1.0`. */
  readonly program: string;
  /**
   * The answering side: `write` when it takes runs, `objects` when it keeps objects apart from runs, `catalog` when it tells
   * experiments, registered models and versions, `models` when it tells and takes logged models.
   */
  readonly capabilities: readonly Capability[];
}

export function helloHeader(hello: Hello): JsonObject {
  return {
    runstone: "sync",
    versions: hello.versions,
    program: hello.program,
    capabilities: hello.capabilities,
  };
}

/** Throws REMOTE_FAILED for a header that is no hello. */
export function parseHello(header: JsonObject): Hello {
  const members = new Members(header, "hello");
  if (members.raw("runstone") !== "sync") throw protocolError("its first frame is no hello");
  const versions = members.list("versions", 100).filter((one): one is number => Number.isSafeInteger(one));
  const said = asList(members.raw("capabilities") ?? [], "hello.capabilities", 100);
  return {
    versions,
    program: members.text("program").slice(0, 200),
    capabilities: CAPABILITIES.filter((capability) => said.includes(capability)),
  };
}

/** The newest version that both sides speak. Throws UNSUPPORTED when there is none. */
export function commonVersion(ours: Hello, theirs: Hello): number {
  const common = ours.versions.filter((version) => theirs.versions.includes(version));
  if (common.length > 0) return Math.max(...common);
  throw new RunstoneError(
    "UNSUPPORTED",
    `the other side (${theirs.program}) speaks version ${theirs.versions.join(", ") || "none"} of the protocol, this one ${ours.versions.join(", ")}`,
    {
      hint:
        Math.max(...theirs.versions) > Math.max(...ours.versions)
          ? "This side is the older one: upgrade runstone here."
          : "The other side is the older one: upgrade runstone there.",
      data: { theirs: theirs.versions, ours: ours.versions, program: theirs.program },
    },
  );
}

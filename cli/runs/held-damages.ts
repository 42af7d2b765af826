/** Damage that a search meets: that of the runs it finds is told, the rest is counted. */
import type { Damage } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { damageNotes, fsckLine } from "../store/open-place.js";

/** Further ones are counted each time they are met. */
const HELD_APART = 10_000;

export class HeldDamages {
  readonly #context: CommandContext;
  readonly #tell: (damage: Damage) => void;
  #held: Map<string, Damage> | null = new Map();
  #more = 0;

  constructor(context: CommandContext) {
    this.#context = context;
    this.#tell = damageNotes(context);
  }

  /** Held until {@link release}, told after it. */
  readonly add = (damage: Damage): void => {
    if (this.#held === null) return this.#tell(damage);
    if (damage.severity === "note") return;
    if (this.#held.size >= HELD_APART) this.#more += 1;
    else this.#held.set(`${damage.path} ${damage.offset ?? ""} ${damage.reason}`, damage);
  };

  /** Tells what is held of these runs, and at the end in one line how much more there is. */
  release(runIds: ReadonlySet<string>): void {
    const held = [...(this.#held ?? new Map<string, Damage>()).values()];
    this.#held = null;
    const isTold = ({ path }: Damage) => path.split(/[/\\]/).some((part) => runIds.has(part));
    for (const damage of held.filter(isTold)) this.#tell(damage);
    const count = this.#more + held.filter((damage) => !isTold(damage)).length;
    if (count > 0) this.#context.atEnd(() => this.#context.err.line(this.#countLine(count)));
  }

  #countLine(count: number): string {
    const entries = count === 1 ? "1 damaged entry is" : `${count} damaged entries are`;
    return visible(`runstone: ${entries} left out of this search; \`${fsckLine(this.#context)}\` lists them`);
  }
}

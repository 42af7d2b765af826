/** Names of experiments here and there: those of the map, else the prefix and the name. */
export class ExperimentNaming {
  readonly #there: ReadonlyMap<string, string>;
  readonly #here: ReadonlyMap<string, string>;
  readonly #prefix: string;

  constructor({ map, prefix }: { readonly map: ReadonlyMap<string, string>; readonly prefix: string }) {
    this.#there = map;
    this.#here = new Map([...map].map(([here, there]) => [there, here]));
    this.#prefix = prefix;
  }

  there(name: string): string {
    return this.#there.get(name) ?? this.#prefix + name;
  }

  /** Whether the name here is one of the map. */
  isMapped(name: string): boolean {
    return this.#there.has(name);
  }

  /** Of a name there without the prefix, that name. */
  here(name: string): string {
    const known = this.#here.get(name);
    if (known !== undefined) return known;
    return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name;
  }
}

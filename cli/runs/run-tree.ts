/** Parents and children as a tree. */

export interface TreeNode<T> {
  readonly item: T;
  readonly children: readonly TreeNode<T>[];
}

export interface Family<T> {
  readonly id: (item: T) => string;
  /** null: it has none. */
  readonly parent: (item: T) => string | null;
}

/**
 * The items without a parent among them, in their order, each with its children in their order. Of parents that go round in
 * a circle the first item is taken for the top. Of items with the same id the first is the parent.
 */
export function treeOf<T>(items: readonly T[], family: Family<T>): readonly TreeNode<T>[] {
  const byId = new Map<string, T>();
  for (const item of items) if (!byId.has(family.id(item))) byId.set(family.id(item), item);
  const tops = topsOf(items, byId, family);
  const nodes = new Map(items.map((item) => [item, { item, children: [] as TreeNode<T>[] }]));
  const found: TreeNode<T>[] = [];
  for (const item of items) {
    const parent = tops.has(item) ? undefined : parentOf(item, byId, family);
    (parent === undefined ? found : nodes.get(parent)!.children).push(nodes.get(item)!);
  }
  return found;
}

function parentOf<T>(item: T, byId: ReadonlyMap<string, T>, family: Family<T>): T | undefined {
  const id = family.parent(item);
  return id === null ? undefined : byId.get(id);
}

/** Items without a parent here, and the first of each circle. */
function topsOf<T>(items: readonly T[], byId: ReadonlyMap<string, T>, family: Family<T>): ReadonlySet<T> {
  const tops = new Set<T>();
  const settled = new Set<T>();
  for (const start of items) {
    const way = new Set<T>();
    let at: T | undefined = start;
    while (at !== undefined && !settled.has(at) && !way.has(at)) {
      way.add(at);
      const next: T | undefined = parentOf(at, byId, family);
      if (next === undefined) tops.add(at);
      at = next;
    }
    if (at !== undefined && way.has(at)) tops.add(firstOfCircle(items, at, byId, family));
    for (const item of way) settled.add(item);
  }
  return tops;
}

function firstOfCircle<T>(items: readonly T[], on: T, byId: ReadonlyMap<string, T>, family: Family<T>): T {
  const circle = new Set<T>();
  for (let at = on; !circle.has(at); at = parentOf(at, byId, family)!) circle.add(at);
  return items.find((item) => circle.has(item))!;
}

export interface TreeLine<T> {
  readonly node: TreeNode<T>;
  /** Drawn before the item: `├─ `, `│  └─ `; empty at the top. Below 64 levels it grows no more. */
  readonly lead: string;
  /** 0 at the top. */
  readonly depth: number;
  readonly parent: TreeNode<T> | null;
}

const DEEPEST_DRAWN = 64;

/** Every node, parents before their children; depth is limited by memory only. */
export function* treeLines<T>(tops: readonly TreeNode<T>[]): Generator<TreeLine<T>> {
  const open = [...tops]
    .reverse()
    .map((node): Pending<T> => ({ node, lead: "", below: "", depth: 0, parent: null }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, below } = next;
    const depth = next.depth + 1;
    yield { node, lead: next.lead, depth: next.depth, parent: next.parent };
    const last = node.children.length - 1;
    for (let index = last; index >= 0; index -= 1) {
      const [branch, line] = index === last ? ["└─ ", "   "] : ["├─ ", "│  "];
      const child = node.children[index]!;
      const beyond = depth > DEEPEST_DRAWN ? below : below + line;
      open.push({ node: child, lead: below + branch, below: beyond, depth, parent: node });
    }
  }
}

interface Pending<T> extends TreeLine<T> {
  /** Drawn before the children, left of their own branch. */
  readonly below: string;
}

import type { KeyOf, Primitive } from './identity';

/** A Map by key, in insertion order; entries may be added and deleted while it is walked, as in a native Map. */
export interface KeyMap<V> {
  readonly size: number;
  get(key: KeyOf): V | undefined;
  set(key: KeyOf, value: V): void;
  delete(key: KeyOf): boolean;
  clear(): void;
  forEach(visit: (value: V, key: KeyOf) => void): void;
  entries(): IterableIterator<[KeyOf, V]>;
}

/**
 * Makes an empty KeyMap. For one column, or none, it is a native Map. For several it has one level of Maps a column, but
 * where only one entry is left below, that entry stands in place of the Map: a first column of a million values costs a
 * million entries, not a million Maps. `get` is one Map access a level, at most one a column; no string is built.
 *
 * @param columns number of key columns
 * @returns the map
 * @example
 * const map = createKeyMap<string>(2);
 * map.set(['eu', 7], 'a');
 * map.get(['eu', 7]) // => 'a'
 */
export function createKeyMap<V>(columns: number): KeyMap<V> {
  return columns > 1 ? new TupleMap<V>(columns) : (new Map<Primitive, V>() as KeyMap<V>);
}

/** An entry. All entries are linked in insertion order; one that was deleted is its own `next`. */
export class Leaf<V> {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new Leaf([], undefined, undefined);

  next: Leaf<V> | undefined = undefined;

  constructor(
    readonly key: readonly Primitive[],
    public value: V,
    public prev: Leaf<V> | undefined,
  ) {}
}

type Level<V> = Map<Primitive, Level<V> | Leaf<V>>;

class TupleMap<V> implements KeyMap<V> {
  size = 0;
  private readonly root: Level<V> = new Map();
  private readonly head = new Leaf<V>([], undefined as V, undefined);
  private last = this.head;

  constructor(private readonly columns: number) {}

  get(key: KeyOf): V | undefined {
    const leaf = this.find(key as readonly Primitive[]);
    return leaf === undefined ? undefined : leaf.value;
  }

  set(key: KeyOf, value: V): void {
    const own = key as readonly Primitive[];
    let level = this.root;
    for (let depth = 0; ; depth++) {
      const node = level.get(own[depth]!);
      if (node === undefined) {
        level.set(own[depth]!, this.append(own, value));
        return;
      }
      if (!(node instanceof Leaf)) level = node;
      else if (this.matches(node.key, own, depth + 1)) {
        node.value = value;
        return;
      } else level = this.split(level, node, depth);
    }
  }

  private append(key: readonly Primitive[], value: V): Leaf<V> {
    const leaf = new Leaf(copyOf(key), value, this.last);
    this.last.next = leaf;
    this.last = leaf;
    this.size++;
    return leaf;
  }

  /** A second entry comes to where one stands alone: both go one level down. */
  private split(level: Level<V>, leaf: Leaf<V>, depth: number): Level<V> {
    const below: Level<V> = new Map();
    below.set(leaf.key[depth + 1]!, leaf);
    level.set(leaf.key[depth]!, below);
    return below;
  }

  delete(key: KeyOf): boolean {
    const leaf = this.find(key as readonly Primitive[]);
    if (leaf === undefined) return false;
    this.prune(this.root, leaf, 0);
    if (leaf.next === undefined) this.last = leaf.prev!;
    else leaf.next.prev = leaf.prev;
    leaf.prev!.next = leaf.next;
    leaf.next = leaf;
    this.size--;
    return true;
  }

  clear(): void {
    let leaf = this.after(this.head);
    while (leaf !== undefined) {
      const following = leaf.next;
      leaf.next = leaf;
      leaf = following;
    }
    this.head.next = undefined;
    this.last = this.head;
    this.root.clear();
    this.size = 0;
  }

  forEach(visit: (value: V, key: KeyOf) => void): void {
    for (let leaf = this.after(this.head); leaf !== undefined; leaf = this.after(leaf)) visit(leaf.value, leaf.key);
  }

  *entries(): IterableIterator<[KeyOf, V]> {
    for (let leaf = this.after(this.head); leaf !== undefined; leaf = this.after(leaf)) yield [leaf.key, leaf.value];
  }

  /** The next entry, also of one that was deleted meanwhile: its `prev` leads back to one that is still in the list. */
  private after(leaf: Leaf<V>): Leaf<V> | undefined {
    while (leaf.next === leaf) leaf = leaf.prev!;
    return leaf.next;
  }

  private find(key: readonly Primitive[]): Leaf<V> | undefined {
    const last = this.columns - 1;
    let level = this.root;
    for (let depth = 0; depth < last; depth++) {
      const node = level.get(key[depth]!);
      if (node === undefined) return undefined;
      if (node instanceof Leaf) return this.matches(node.key, key, depth + 1) ? node : undefined;
      level = node;
    }
    return level.get(key[last]!) as Leaf<V> | undefined;
  }

  /** The columns that the path to a leaf did not compare; equality is the Map's. */
  private matches(a: readonly Primitive[], b: readonly Primitive[], from: number): boolean {
    for (let i = from; i < this.columns; i++) {
      if (a[i] !== b[i] && (a[i] === a[i] || b[i] === b[i])) return false;
    }
    return true;
  }

  /** Takes a leaf out of the levels, and puts in place of a level with one leaf left that leaf. */
  private prune(level: Level<V>, leaf: Leaf<V>, depth: number): void {
    const column = leaf.key[depth]!;
    const below = level.get(column)!;
    if (below instanceof Leaf) {
      level.delete(column);
      return;
    }
    this.prune(below, leaf, depth + 1);
    if (below.size > 1) return;
    const [rest] = below.values();
    if (rest instanceof Leaf) level.set(column, rest);
  }
}

/** A copy to keep; a native Map stores -0 as 0. */
function copyOf(key: readonly Primitive[]): readonly Primitive[] {
  const copy = key.slice();
  for (let i = 0; i < copy.length; i++) if (copy[i] === 0) copy[i] = 0;
  return copy;
}

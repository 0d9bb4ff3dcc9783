/** The simplest store there could be, and requests to hold a real one against it. */
import fc from 'fast-check';

/** In order of insertion. */
export type Model = Entry[];
export type Entry = { id: string; at: number; value: number; colour: string | null };

const id = fc.constantFrom<string>('a', 'b', 'c');
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 3 });
const at = fc.integer({ min: -3, max: 6 });
const colour = fc.constantFrom(null, 'red', 'dark red', 'green');
const pick = fc.oneof(
  fc.constant({ by: 'latest' as const }),
  fc.constant({ by: 'earliest' as const }),
  fc.record({ by: fc.constantFrom('last' as const, 'first' as const), n: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ by: fc.constant('since' as const), from: at }),
  fc.record({ by: fc.constant('range' as const), from: at, to: at }),
);
type Pick = typeof pick extends fc.Arbitrary<infer T> ? T : never;
const filter = fc.option(
  fc.record({
    is: fc.constantFrom('equals' as const, 'contains' as const),
    text: fc.constantFrom('red', 'green', 'e'),
  }),
);
export const query = fc.record({ ids, pick, filter });
export type Query = typeof query extends fc.Arbitrary<infer T> ? T : never;
export const aggregate = fc.constantFrom('sum', 'count', 'min', 'max', 'mean', 'median', 'sd');

export const entry = fc.record({ id, at, value: fc.integer({ min: -50, max: 50 }), colour });
export const bucket = fc.integer({ min: 1, max: 5 });
export { ids };

/** What a query selects, in the order of the reply. */
export function selected(model: Model, { ids, pick, filter }: Query): Entry[] {
  const ascending = (a: Entry, b: Entry) => a.at - b.at || model.indexOf(a) - model.indexOf(b);
  const chosen = ids.flatMap((one) => pickOf(pick, model.filter((entry) => entry.id === one).sort(ascending)));
  const kept = chosen.filter(({ colour: has }) =>
    filter === null ? true : has !== null && (filter.is === 'equals' ? has === filter.text : has.includes(filter.text)),
  );
  const forward = pick.by === 'earliest' || pick.by === 'first';
  return kept.sort((a, b) => (forward ? ascending(a, b) : ascending(b, a)));
}

function pickOf(pick: Pick, sorted: Entry[]): Entry[] {
  switch (pick.by) {
    case 'latest':
      return sorted.slice(-1);
    case 'earliest':
      return sorted.slice(0, 1);
    case 'last':
      return pick.n === 0 ? [] : sorted.slice(-pick.n);
    case 'first':
      return sorted.slice(0, pick.n);
    case 'since':
      return sorted.filter((entry) => entry.at >= pick.from);
    case 'range':
      return sorted.filter((entry) => entry.at >= pick.from && entry.at <= pick.to);
  }
}

export function pathOf({ ids, pick, filter }: Query): string {
  const words = { ...pick, by: undefined };
  const selection = [pick.by, ...Object.values(words).filter((word) => word !== undefined)].join('/');
  const narrowed = filter ? `/filter/colour/${filter.is}/${encodeURIComponent(filter.text)}` : '';
  return `/ts/${ids.join(',')}/${selection}${narrowed}`;
}

export const bodyOf = ({ value, colour: tag }: Entry) => (tag === null ? { value } : { value, colour: tag });

/** Computed independently of SQL. */
export function aggregateOf(name: string, values: number[]): number | undefined {
  const sum = values.reduce((total, value) => total + value, 0);
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const mean = sum / values.length;
  if (name === 'count') return values.length;
  if (values.length === 0) return undefined;
  if (name === 'sum') return sum;
  if (name === 'min') return sorted[0];
  if (name === 'max') return sorted.at(-1);
  if (name === 'mean') return mean;
  if (name === 'median') return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
  if (values.length === 1) return undefined;
  return Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / (values.length - 1));
}

/** The model after a delete, `undefined` when that is refused. */
export function erased(model: Model, query: Query): Model | undefined {
  if (query.pick.by === 'last' || query.pick.by === 'first') return undefined;
  const gone = new Set(selected(model, query));
  return model.filter((one) => !gone.has(one));
}

/** What a read of these entries answers. */
export const answered = (entries: readonly Entry[]) => entries.map((one) => ({ timestamp: one.at, data: bodyOf(one) }));

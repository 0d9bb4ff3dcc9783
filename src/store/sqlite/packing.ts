/** How changes cross over to the writer thread, many in one message. Pure. */
import type { Change, Other, Packed } from './protocol.ts';

/** @param packed  gets it behind those that are there */
export function pack(packed: Packed, { store, change }: Change): void {
  if (change.do !== 'point') return void packed.push(store, change);
  const { series, timestamp, point } = change;
  const { value, tag, spelling } = point;
  packed.push(store, series, timestamp, value, tag && tag.name, tag && tag.text, spelling);
}

export function unpack(packed: Packed): Change[] {
  const changes: Change[] = [];
  let at = 0;
  while (at < packed.length) {
    const store = packed[at++] as string;
    const next = packed[at++] as string | Other;
    if (typeof next !== 'string') changes.push({ store, change: next });
    else {
      changes.push({ store, change: pointOf(next, packed, at) });
      at += partsOfPoint;
    }
  }
  return changes;
}

/** Those behind its series. */
const partsOfPoint = 5;

function pointOf(series: string, packed: Packed, at: number): Change['change'] {
  const [name, text] = [packed[at + 2] as string | null, packed[at + 3] as string];
  const point = {
    value: packed[at + 1] as number,
    tag: name === null ? null : { name, text },
    spelling: packed[at + 4] as string | null,
  };
  return { do: 'point', series, timestamp: packed[at] as number, point };
}

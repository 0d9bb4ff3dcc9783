/** The body of a numeric series: `{"value":<number>}`, optionally with one tag, `{"value":<number>,"<tag>":"<text>"}`. Pure. */
import { Failure } from '../base/errors.ts';
import type { Json } from '../base/json.ts';

export type Tag = { name: string; text: string };

export type Point = {
  value: number;
  tag: Tag | null;
  /** The posted text where it differs from `pointText` (member order, `1.50`, escapes), so that it survives. */
  spelling: string | null;
};

/** @throws Failure `value.invalid` */
export function readPoint({ value: body, text }: Json): Point {
  const members: [string, unknown][] = Array.isArray(body) ? [] : Object.entries(body);
  const value = members.find(([name]) => name === 'value')?.[1];
  const [other] = members.filter(([name]) => name !== 'value');
  if (typeof value !== 'number' || members.length > 2 || (other && typeof other[1] !== 'string')) {
    throw new Failure('value.invalid', 'the body is {"value":<number>} with at most one further member, a text');
  }
  const tag = other ? { name: other[0], text: other[1] as string } : null;
  return { value, tag, spelling: pointText(value, tag) === text ? null : text };
}

/** How a point is spelled unless it came otherwise. */
export const pointText = (value: number, tag: Point['tag']): string =>
  tag === null ? `{"value":${value}}` : `{"value":${value},${JSON.stringify(tag.name)}:${JSON.stringify(tag.text)}}`;

/** Many of one series, with their times, in columns of one length: a thousand are a few objects, not five thousand. */
export type Points = {
  /** Ms since the Unix epoch; NaN: the time of arrival. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** Places among the names, counted from 1; 0: none. */
  readonly tags: Int32Array;
  readonly names: readonly Tag[];
  /** By place, where a point has one. */
  readonly spellings: ReadonlyMap<number, string>;
};

/** A point, and when it was; null: the time of arrival. */
export type Timed = { readonly timestamp: number | null; readonly point: Point | null };

export function pointsOf(entries: readonly Timed[]): Points {
  const [times, values] = [new Float64Array(entries.length), new Float64Array(entries.length)];
  const tags = new Int32Array(entries.length);
  const names: Tag[] = [];
  const spellings = new Map<number, string>();
  for (const [at, { timestamp, point }] of entries.entries()) {
    if (point === null) throw new Error('an entry of a numeric series has a number');
    const { value, tag, spelling } = point;
    times[at] = timestamp ?? NaN;
    values[at] = value;
    const last = names.at(-1);
    // Mostly that of the entry before.
    if (tag && (tag.name !== last?.name || tag.text !== last.text)) names.push(tag);
    tags[at] = tag ? names.length : 0;
    if (spelling !== null) spellings.set(at, spelling);
  }
  return { times, values, tags, names, spellings };
}

/** The body of a numeric series: `{"value":<number>}`, optionally with one tag, `{"value":<number>,"<tag>":"<text>"}`. Pure. */
import { Failure } from '../base/errors.ts';
import type { Json } from '../base/json.ts';

export type Point = {
  value: number;
  tag: { name: string; text: string } | null;
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

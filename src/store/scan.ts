/**
 * Entries of numeric series as programs write them, read straight from bytes into columns. What else may be right, and
 * whatever is wrong, is not judged here: who is told that there is something unusual reads all of it in full. Pure.
 */
import { isUtf8 } from 'node:buffer';
import type { Points, Tag } from './point.ts';
import { Tokens } from './tokens.ts';

const name = (text: string): Uint8Array => Buffer.from(`"${text}"`);
const [timestamp, data, value] = [name('timestamp'), name('data'), name('value')];
const code = (letter: string): number => letter.charCodeAt(0);
const [brace, endOfObject, bracket, endOfArray] = [code('{'), code('}'), code('['), code(']')];
const [colon, comma, lineBreak] = [code(':'), code(','), code('\n')];
const shortestEntry = '{"data":{"value":1}}'.length;

/** The entries of a JSON array; undefined: one is unusual, or there are more than `most`. */
export function scanBatch(body: Uint8Array, most: number): Points | undefined {
  if (!isUtf8(body)) return undefined;
  const scan = new Scan(body, most);
  const { tokens } = scan;
  if (!tokens.sign(bracket)) return undefined;
  if (!tokens.sign(endOfArray)) {
    do {
      if (!scan.entry()) return undefined;
    } while (tokens.sign(comma));
    if (!tokens.sign(endOfArray)) return undefined;
  }
  return tokens.next() === body.length ? scan.points() : undefined;
}

/** One entry a line, and empty lines; undefined: one is unusual. */
export function scanLines(body: Uint8Array): { points: Points; lines: number } | undefined {
  if (!isUtf8(body)) return undefined;
  const scan = new Scan(body, Infinity);
  const { tokens } = scan;
  let lines = 0;
  while (tokens.at < body.length) {
    const found = body.indexOf(lineBreak, tokens.at);
    const end = found === -1 ? body.length : found;
    // White space may be a line break, which an entry must not have inside.
    if (tokens.next() < end && (!scan.entry() || tokens.at > end || tokens.next() < end)) return undefined;
    tokens.at = end + 1;
    lines++;
  }
  return { points: scan.points(), lines };
}

type Room = Pick<Points, 'times' | 'values' | 'tags'>;
const roomFor = (entries: number): Room => ({
  times: new Float64Array(entries),
  values: new Float64Array(entries),
  tags: new Int32Array(entries),
});
/** What is larger goes when it was used. */
const mostKept = 50_000;
/** Filled by one scan after the other, each of which takes a copy of what it found. */
let scratch = roomFor(0);

function roomOf(entries: number): Room {
  const room = scratch.times.length >= entries ? scratch : roomFor(entries);
  if (room.times.length <= mostKept) scratch = room;
  return room;
}

class Scan {
  readonly tokens: Tokens;
  private readonly room: Room;
  private readonly most: number;
  private count = 0;
  private time = NaN;
  /** What tags are spelled like → their place among the names. */
  private readonly known = new Map<string, number>();
  private last = { from: 0, to: 0, place: 0 };
  private readonly names: Tag[] = [];
  private readonly spellings = new Map<number, string>();

  constructor(body: Uint8Array, most: number) {
    this.tokens = new Tokens(body);
    this.most = Math.min(most, Math.floor(body.length / shortestEntry));
    this.room = roomOf(this.most);
  }

  points(): Points {
    const { names, spellings, count } = this;
    const [times, values, tags] = [this.room.times, this.room.values, this.room.tags];
    return {
      times: times.slice(0, count),
      values: values.slice(0, count),
      tags: tags.slice(0, count),
      names,
      spellings,
    };
  }

  /** Takes the next entry; false: it is unusual, or one too many. */
  entry(): boolean {
    const { tokens } = this;
    if (this.count === this.most || !tokens.sign(brace)) return false;
    this.time = NaN;
    const isTimeFirst = tokens.member(timestamp);
    if (isTimeFirst && !(this.timed() && tokens.sign(comma))) return false;
    if (!tokens.member(data) || !this.point()) return false;
    if (!isTimeFirst && tokens.sign(comma) && !(tokens.member(timestamp) && this.timed())) return false;
    this.room.times[this.count++] = this.time;
    return tokens.sign(endOfObject);
  }

  private timed(): boolean {
    const isTime = this.tokens.whole();
    this.time = this.tokens.number;
    return isTime;
  }

  private point(): boolean {
    const { tokens, room, count } = this;
    if (!tokens.sign(brace) || !tokens.member(value) || !tokens.decimal()) return false;
    const { number, spelling } = tokens;
    let tag = 0;
    if (tokens.sign(comma)) {
      tag = this.tag();
      if (tag === 0) return false;
    }
    room.values[count] = number;
    room.tags[count] = tag;
    if (spelling !== null) this.spellings.set(count, spelledPoint(spelling, this.names[tag - 1]));
    return tokens.sign(endOfObject);
  }

  /** The place of the next tag among the names, counted from 1; 0: it is unusual. */
  private tag(): number {
    const { tokens, known, names } = this;
    if (!tokens.string()) return 0;
    const [from, to] = [tokens.from, tokens.to];
    if (!tokens.sign(colon) || !tokens.string()) return 0;
    // Mostly that of the entry before.
    if (tokens.isSame(from, this.last)) return this.last.place;
    const spelled = tokens.text(from, tokens.to);
    let place = known.get(spelled);
    if (place === undefined) {
      const tag = { name: tokens.text(from, to), text: tokens.text(tokens.from, tokens.to) };
      // A second value, which is refused.
      if (tag.name === 'value') return 0;
      place = names.push(tag);
      known.set(spelled, place);
    }
    this.last = { from, to: tokens.to, place };
    return place;
  }
}

/** As the parser keeps it: minified. */
const spelledPoint = (number: string, tag: Tag | undefined): string =>
  tag === undefined ? `{"value":${number}}` : `{"value":${number},"${tag.name}":"${tag.text}"}`;

/** JSON's tokens straight from bytes, where they have nothing special: no object and no text for each. Pure. */

const code = (letter: string): number => letter.charCodeAt(0);
const [quote, backslash, colon, dot, zero, nine] = [code('"'), code('\\'), code(':'), code('.'), code('0'), code('9')];
const [minus, plus, small, capital] = [code('-'), code('+'), code('e'), code('E')];
const [space, lineBreak, carriageReturn, tab] = [code(' '), code('\n'), code('\r'), code('\t')];

const isSpace = (byte: number): boolean =>
  byte <= space && (byte === space || byte === lineBreak || byte === carriageReturn || byte === tab);
const isDigit = (byte: number): boolean => byte >= zero && byte <= nine;
const isExponent = (byte: number): boolean => byte === small || byte === capital;

/** What is longer gets a room of its own, which goes when it is read. */
const mostKept = 1024 * 1024;
/** Filled by one reading after the other. */
let scratch = Buffer.alloc(0);

/** A copy, and behind it a zero, which no token has: nobody looks beyond it. */
function closed(body: Uint8Array): Buffer {
  const room = scratch.length > body.length ? scratch : Buffer.allocUnsafeSlow(body.length + 1);
  if (room.length <= mostKept) scratch = room;
  room.set(body);
  room[body.length] = 0;
  return room;
}

/** Of as many digits a whole number and a power of ten are exact, so what their division gives is what parsing gives. */
const mostDigits = 15;
const powers = Array.from({ length: mostDigits + 1 }, (_, digits) => 10 ** digits);
/** What has a longer fraction may be so small that JavaScript prints it with an exponent. */
const plainFraction = 6;

/** Goes through bytes. What returns a boolean says whether that is there, behind white space, and then stands behind it. */
export class Tokens {
  at = 0;
  /** The number that was read last, and how it is spelled; null: as JavaScript prints it. */
  number = 0;
  spelling: string | null = null;
  /** Where the string that was read last begins and ends, its quotes not counted. */
  from = 0;
  to = 0;
  private readonly bytes: Buffer;

  /** One at a time: the next takes its bytes' place. */
  constructor(body: Uint8Array) {
    this.bytes = closed(body);
  }

  /** Where the next token begins. */
  next(): number {
    const { bytes } = this;
    let { at } = this;
    while (isSpace(bytes[at] as number)) at++;
    return (this.at = at);
  }

  sign(wanted: number): boolean {
    const at = this.next();
    if (this.bytes[at] !== wanted) return false;
    this.at = at + 1;
    return true;
  }

  /** The name of a member, and its colon. @param name  with its quotes */
  member(name: Uint8Array): boolean {
    const { bytes } = this;
    const from = this.next();
    for (let letter = 0; letter < name.length; letter++) if (bytes[from + letter] !== name[letter]) return false;
    this.at = from + name.length;
    return this.sign(colon);
  }

  /** A string without escapes. */
  string(): boolean {
    if (!this.sign(quote)) return false;
    const { bytes } = this;
    let { at } = this;
    this.from = at;
    for (let byte = bytes[at] as number; byte !== quote; byte = bytes[++at] as number) {
      if (byte === backslash || byte < space) return false;
    }
    this.to = at;
    this.at = at + 1;
    return true;
  }

  /** Whether the same bytes as at another place lie between here and the end of the last string. */
  isSame(from: number, other: { from: number; to: number }): boolean {
    const { bytes } = this;
    const length = this.to - from;
    if (other.to - other.from !== length) return false;
    for (let at = 0; at < length; at++) if (bytes[from + at] !== bytes[other.from + at]) return false;
    return true;
  }

  text(from: number, to: number): string {
    return this.bytes.toString('utf8', from, to);
  }

  /** A whole number of at most 15 digits. Not zero with a minus. */
  whole(): boolean {
    const isNegative = this.sign(minus);
    const from = this.at;
    const number = this.digits(0);
    this.number = isNegative ? 0 - number : number;
    return this.isNumber(from) && this.at - from <= mostDigits;
  }

  /** Any number that is finite as a double. */
  decimal(): boolean {
    const start = this.next();
    const isNegative = this.sign(minus);
    const from = this.at;
    const whole = this.digits(0);
    if (!this.isNumber(from)) return false;
    const point = this.at;
    const digits = this.fraction(whole);
    const places = Math.max(0, this.at - point - 1);
    const last = this.bytes[this.at - 1];
    if (last === dot) return false;
    if (isExponent(this.bytes[this.at] as number)) return this.exponent() && this.odd(start);
    if (point - from + places > mostDigits) return this.odd(start);
    const number = digits / (powers[places] as number);
    this.number = isNegative ? -number : number;
    const isPlain = places === 0 ? !isNegative || number > 0 : places <= plainFraction && last !== zero;
    this.spelling = isPlain ? null : this.spelledFrom(start);
    return true;
  }

  /** The digits that follow, behind those that were read. */
  private digits(before: number): number {
    const { bytes } = this;
    let { at } = this;
    let number = before;
    for (let byte = bytes[at] as number; isDigit(byte); byte = bytes[++at] as number)
      number = 10 * number + byte - zero;
    this.at = at;
    return number;
  }

  private fraction(before: number): number {
    if (this.bytes[this.at] !== dot) return before;
    this.at++;
    return this.digits(before);
  }

  /** Whether digits from a place on are a whole number of JSON: at least one, and none before it is zero. */
  private isNumber(from: number): boolean {
    return this.at > from && (this.at === from + 1 || this.bytes[from] !== zero);
  }

  private exponent(): boolean {
    const sign = this.bytes[++this.at];
    if (sign === minus || sign === plus) this.at++;
    const from = this.at;
    this.digits(0);
    return this.at > from;
  }

  /** A number of JSON's grammar that takes more than a division. */
  private odd(start: number): boolean {
    this.number = Number(this.text(start, this.at));
    this.spelling = this.spelledFrom(start);
    return Number.isFinite(this.number);
  }

  private spelledFrom(start: number): string | null {
    const text = this.text(start, this.at);
    return text === `${this.number}` ? null : text;
  }
}

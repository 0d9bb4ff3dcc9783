import { styleText } from 'node:util';
import { Failure } from '../base/errors.ts';
import { visible } from '../base/visible.ts';

export type Column<Row> = {
  title: string;
  of: (row: Row) => string | number;
  right?: boolean;
  colour?: (row: Row) => Colour | undefined;
};
type Colour = 'red' | 'yellow' | 'green' | 'dim' | 'bold';

/** Colour on a terminal only, and not if NO_COLOR says so. */
export const coloured = (colour: Colour, text: string): string =>
  styleText(colour, text, { stream: process.stdout, validateStream: true });

/** Rows below their titles, aligned; foreign text in cells is inert. `none` when there are no rows. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], none = 'nothing'): string {
  if (rows.length === 0) return `${none}\n`;
  const cells = rows.map((row) => columns.map(({ of }) => visible(String(of(row)))));
  const wanted = columns.map(({ title }, at) => Math.max(title.length, ...cells.map((line) => line[at]?.length ?? 0)));
  // A file or a pipe gets every letter; a terminal would break long lines anywhere.
  const widths = process.stdout.isTTY ? fit(wanted, process.stdout.columns) : wanted;
  const line = (texts: readonly string[], paint: (text: string, at: number) => string): string =>
    texts
      .map((text, at) => {
        const width = at === columns.length - 1 && !columns[at]?.right ? 0 : (widths[at] ?? 0);
        const shown = cut(text, widths[at] ?? 0);
        return paint(columns[at]?.right ? shown.padStart(width) : shown.padEnd(width), at);
      })
      .join('  ')
      .trimEnd();
  const head = line(
    columns.map(({ title }) => title),
    (text) => coloured('bold', text),
  );
  const body = cells.map((texts, index) =>
    line(texts, (text, at) => {
      const colour = columns[at]?.colour?.(rows[index] as Row);
      return colour ? coloured(colour, text) : text;
    }),
  );
  return `${[head, ...body].join('\n')}\n`;
}

/** Widths that fit into a line of so many letters, two blanks between them: the widest give way, down to eight. */
export function fit(wanted: readonly number[], room: number): number[] {
  const widths = [...wanted];
  const least = 8;
  for (let over = widths.reduce((sum, width) => sum + width + 2, -2) - room; over > 0; over--) {
    const widest = Math.max(...widths);
    if (widest <= least) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
}

const cut = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** `2026-01-31 13:05:59` in UTC, from ms since the Unix epoch. */
export const time = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** `4.2 MB`. */
export function bytes(count: number): string {
  const step = count < 1_000 ? 0 : Math.min(4, Math.floor(Math.log10(count) / 3));
  return `${step === 0 ? count : (count / 1_000 ** step).toFixed(1)} ${['B', 'kB', 'MB', 'GB', 'TB'][step]}`;
}

const units = { y: 365 * 86_400_000, w: 7 * 86_400_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** `30d`, from ms; in the largest unit that it is a whole number of. */
export function duration(ms: number): string {
  const [unit, length] = Object.entries(units).find(([, one]) => ms >= one && ms % one === 0) ?? ['ms', 1];
  return `${ms / length}${unit}`;
}

/** Ms of `30d`, `12h` and the like. @throws Failure `usage` */
export function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^([1-9]\d{0,5})([ywdhms])$/.exec(text) ?? [];
  if (count !== '') return Number(count) * units[unit as keyof typeof units];
  throw new Failure('usage', `${text} is no time like 90m, 12h, 30d, 8w or 2y`);
}

/** Bytes of `100MB` and the like. @throws Failure `usage` */
export function sizeBytes(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?) ?([kMGT]?B)$/.exec(text) ?? [];
  if (count !== '') return Math.round(Number(count) * 1_000 ** ['B', 'kB', 'MB', 'GB', 'TB'].indexOf(unit));
  throw new Failure('usage', `${text} is no size like 500kB, 100MB or 2GB`);
}

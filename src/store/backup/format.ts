/**
 * The file of a backup: one line of JSON, the database as one zstd frame, and the SHA-256 of all that. Pure.
 *
 *     tail -n +2 x.databox-backup | head -c -32 | zstd -d > x.sqlite
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';

/** Of the first line, with its end. */
export const longestHeader = 8_192;
/** The last bytes: SHA-256, binary. */
export const sealBytes = 32;

const text = z.string().max(2_048);
/** Whose data it is, as the one knows who asks for the backup. */
export const Owner = z.strictObject({ component: text, type: z.enum(['app', 'driver']), origin: text });
export type Owner = z.infer<typeof Owner>;

export const Header = z.strictObject({
  databox: z.literal('store-backup'),
  format: z.literal(1),
  store: text,
  ...Owner.shape,
  /** When it was taken: all that was acknowledged before is in it. */
  at: z.iso.datetime(),
  /** Of the database's schema. */
  version: z.int().min(1),
  /** Of the database. */
  bytes: z.int().min(1),
});
export type Header = z.infer<typeof Header>;

export const headerLine = (header: Header): string => `${JSON.stringify(header)}\n`;

/** @throws Failure `backup.invalid`; `database.newer` for a format that only a newer Databox knows */
export function readHeader(line: string): Header {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw invalid('it does not begin as one', cause);
  }
  const { databox, format } = (value ?? {}) as { databox?: unknown; format?: unknown };
  if (databox === 'store-backup' && Number.isSafeInteger(format) && Number(format) > 1) {
    const sentence = `the backup is of format ${String(format)}, as a newer Databox made it; this one knows 1`;
    throw new Failure('database.newer', sentence, { format, known: 1 });
  }
  const parsed = Header.safeParse(value);
  if (!parsed.success) throw invalid('its first line is not that of one', parsed.error);
  return parsed.data;
}

/** @param why  the second half of a sentence */
export const invalid = (why: string, cause?: unknown): Failure =>
  new Failure('backup.invalid', `this is no backup of a store: ${why}`, {}, { cause });

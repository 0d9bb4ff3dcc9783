/**
 * A stream of entries, one a line, of any length: stored as it comes, in parts of whole lines. An entry that the series has
 * already is not written again, so that whoever was cut off sends its lines once more.
 */
import type { IncomingMessage } from 'node:http';
import { Failure, failureFrom } from '../base/errors.ts';
import { slowBody } from '../base/patience.ts';
import { lineCutter, readLines } from './lines.ts';
import type { OpenStore } from './open-store.ts';
import type { Batch } from './operations.ts';
import { tellEntries } from './telling.ts';

/** From the beginning of the stream: lines that are dealt with, and entries that were written for them. */
export type Imported = { lines: number; written: number };

export type Importing = {
  store: OpenStore;
  req: IncomingMessage;
  batch: Batch;
  /** Who posts it. */
  component: string;
  longestLine: number;
  /** The longest that a next piece is waited for. */
  stalledMs: number;
  /** Called before each part. @throws Failure when it may not be stored any more */
  recheck: () => void;
  /** Grows by what was stored of the body, also when the rest fails. */
  moved: { bytes: number };
};

/**
 * Resolves when all lines are on disk.
 * @throws Failure as a single write, `request.timeout`, what `recheck` does; with how far it came in `lines` and `written`,
 *   and `line`, counted from 1, when that one is at fault
 */
export async function importLines(importing: Importing): Promise<Imported> {
  const { req, longestLine, stalledMs } = importing;
  const done: Imported = { lines: 0, written: 0 };
  const cutter = lineCutter(longestLine);
  const next = slowBody(req, stalledMs);
  try {
    for (let piece = await next(); piece !== null; piece = await next()) {
      const part = cutOf(() => cutter.take(piece), done);
      if (part) await storePart(importing, part, done);
    }
    const last = cutter.rest();
    if (last) await storePart(importing, last, done);
    return done;
  } catch (err) {
    if (!(err instanceof Failure)) throw err;
    throw new Failure(err.code, err.message, { ...err.details, ...done }, { cause: err.cause });
  }
}

/** A line that is too long is the one after all those before it, which are stored by then. */
function cutOf(take: () => Uint8Array | undefined, { lines }: Imported): Uint8Array | undefined {
  try {
    return take();
  } catch (err) {
    throw err instanceof Failure ? atLine(err, lines) : err;
  }
}

const atLine = (failure: Failure, lines: number): Failure =>
  new Failure(failure.code, `line ${lines + 1}: ${failure.message}`, { ...failure.details, line: lines + 1 });

async function storePart(importing: Importing, body: Uint8Array, done: Imported): Promise<void> {
  const { store, batch, component, recheck, moved } = importing;
  recheck();
  const { kind, series } = batch;
  // A copy of its own, to give away: observers may be told of this one.
  const given = new Uint8Array(body);
  const taken = await store.engine.writeLines(store.name, { do: 'lines', kind, series, body: given, now: Date.now() });
  const count = taken.entries - taken.known.length;
  done.lines += taken.lines;
  done.written += count;
  moved.bytes += body.length;
  const known = new Set(taken.known);
  const isNew = (_: unknown, at: number): boolean => at < taken.entries && !known.has(at);
  const entries = () => readLines(kind, body).entries.filter(isNew);
  await tellEntries(store, batch, { component, count, entries });
  if (taken.refused) throw atLine(failureFrom(taken.refused, 'the line was refused'), done.lines);
}

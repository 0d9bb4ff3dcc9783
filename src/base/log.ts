import pino from 'pino';
import { prefixOf } from './journal.ts';

export type Log = pino.Logger;

/** What must never reach a log line, whatever a caller passes. */
const secrets = ['password', 'token', 'key', 'authorization', 'cookie', '["x-api-key"]', '["set-cookie"]', 'secret'];

export type Lines = { write(line: string): unknown };

/**
 * JSON lines on stdout; journald keeps time and rotation. `error`: the owner must act; `warn`: we coped;
 * `info`: the box changed; `debug`: per request or packet.
 * @param journal whether the journal reads them: each then begins with its priority, for `journalctl -p err`
 */
export function createLog(level: string, journal = false, out: Lines = pino.destination({ fd: 1, sync: true })): Log {
  const options = {
    level,
    base: null,
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`.replace('.[', '[')]), censor: '[redacted]' },
  };
  return pino(options, journal ? prefixed(out) : out);
}

/** pino leaves the level of the line that it writes in `lastLevel` of a destination that says it wants it. */
function prefixed(out: Lines): Lines {
  const lines = {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write: (line: string) => out.write(`${prefixOf(lines.lastLevel)}${line}`),
  };
  return lines;
}

/** For tests and for commands that print their own output. */
export const silent: Log = pino({ level: 'silent' });

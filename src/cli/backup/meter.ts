/** meter — how much has passed, told on a terminal a few times a second. */
import { Transform } from 'node:stream';

const everyMs = 200;

/** @param tell  gets the bytes that have passed; never where lines are kept, in a pipe or a file */
export function metered(tell: (bytes: number) => void): Transform {
  let passed = 0;
  let told = 0;
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      passed += part.length;
      const now = performance.now();
      if (process.stdout.isTTY && now - told >= everyMs) {
        told = now;
        tell(passed);
      }
      done(null, part);
    },
  });
}

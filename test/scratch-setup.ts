import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Every temporary folder of a test lies in one folder of the run, which scratch-teardown removes. */
export default function makeScratch(): void {
  process.env['TMPDIR'] = mkdtempSync(join(tmpdir(), 'databox-tests-'));
}

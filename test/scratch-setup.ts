import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Every temporary folder of a test lies in one folder of the run, which scratch-teardown removes. Settings of a Databox
 * that is installed on this machine are not the tests'.
 */
export default function makeScratch(): void {
  process.env['TMPDIR'] = mkdtempSync(join(tmpdir(), 'databox-tests-'));
  process.env['DATABOX_CONFIG'] = join(process.env['TMPDIR'], 'config.json');
  writeFileSync(process.env['DATABOX_CONFIG'], '{}');
}

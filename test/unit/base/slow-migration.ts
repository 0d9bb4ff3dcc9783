/** A process of its own that can be killed: migrates a file, slowly enough to be met in the middle. */
import { openDatabase } from '../../../src/base/sqlite.ts';
import { migrationsOf } from './copies.world.ts';

process.stdout.write('started\n');
openDatabase(process.argv[2] ?? '', migrationsOf(2)).close();
process.stdout.write('done\n');

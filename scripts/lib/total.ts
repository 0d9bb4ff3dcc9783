/** Adds up Jest's results and prints the closing line. Arguments: steps that failed without results, then result files. */
import { readFileSync } from 'node:fs';

type Results = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
};

const [, , broken = '0', ...files] = process.argv;
const all = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Results);
const sum = (count: (results: Results) => number): number => all.reduce((total, results) => total + count(results), 0);

const passed = sum(({ numPassedTests }) => numPassedTests);
// A file that cannot run at all has no tests to fail: it counts as one.
const failed = Number(broken) + sum((results) => results.numFailedTests + results.numRuntimeErrorTestSuites);
const skipped = sum(({ numPendingTests, numTodoTests }) => numPendingTests + numTodoTests);

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
const skipFails = process.env['CI'] === 'true' && skipped > 0;
process.exitCode = failed > 0 || passed === 0 || skipFails ? 1 : 0;

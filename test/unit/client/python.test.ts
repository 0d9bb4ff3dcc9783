/** The Python client’s own tests (clients/python/tests), on Debian’s Python, against a real `databox dev`. */
import { execFile } from 'node:child_process';

const argv = ['-m', 'unittest', 'discover', '-v', '-t', 'clients/python', '-s', 'clients/python/tests'];

test('the Python client does what docs/python.md says', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  execFile('/usr/bin/python3', argv, { env, maxBuffer: 2 ** 26 }, (err, out, told) =>
    resolve(`${out}${told}${err ? `\n${err.code}` : '\nended well'}`),
  );
  const report = await promise;
  const [tests = 0] = [...report.matchAll(/^Ran (\d+) tests/gm)].map(([, count]) => Number(count));
  expect(tests).toBeGreaterThan(50);
  // A test that cannot run says why; in CI each has to.
  expect(report).toMatch(process.env['CI'] === 'true' ? /^OK$/m : /^OK( \(skipped=\d+\))?$/m);
  expect(report).toMatch(/ended well$/);
}, 600_000);

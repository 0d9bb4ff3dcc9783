import { spawnSync } from 'node:child_process';
import { printed } from '../../../build/shell.ts';
import { failures } from '../../../src/base/errors.ts';
import { manPage } from '../../../src/cli/index.ts';

const page = manPage(printed('1.2.3'), '1.2.3');
const reading = (argv: string[]) => {
  const [file = '', ...args] = argv;
  const { status, stdout, stderr, error } = spawnSync(file, args, { input: page, encoding: 'utf8', timeout: 30_000 });
  if (error) throw error;
  return { status, stdout, stderr };
};

test('the manual page is read without a warning', () => {
  const { stdout } = reading(['mandoc', '-T', 'lint', '-W', 'style']);
  // The page has the version and no date: the same source gives the same bytes.
  expect(stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))).toEqual([]);
}, 60_000);

test('the manual page shows commands, options and exit codes as they are typed', () => {
  const { status, stdout, stderr } = reading(['mandoc', '-T', 'utf8', '-O', 'width=100']);
  // eslint-disable-next-line no-control-regex
  const text = stdout.replaceAll(/.\u0008/g, '');
  expect([status, stderr]).toEqual([0, '']);
  expect(text).toMatch(/^DATABOX\(1\) .*Databox.*/);
  expect(text).toContain('databox store get [options] <store> <path>');
  expect(text).toMatch(/^ +--delete-data\n +delete its store too/m);
  expect(text).toContain('--owner-password-file <value>');
  expect(text).toContain('databox install ./databox-manifest.json --yes');
  expect(text).toContain('the box’s certificate');
  for (const { exit } of Object.values(failures)) expect(text).toMatch(new RegExp(`^ +${exit} +\\w`, 'm'));
}, 60_000);

test('what begins with a dot or holds a backslash is text, not a request', () => {
  const program = printed('1');
  program.command('odd').description('.so /etc/passwd \\fBbold').option('--it', "'quoted \\n");
  const odd = manPage(program, '1').split('\n');
  expect(odd).toContain('\\&.so /etc/passwd \\efBbold.');
  expect(odd).toContain("\\&'quoted \\en");
});

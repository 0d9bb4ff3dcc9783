/** Every command of the tree is described wherever a person looks for it. */
import { completionOf, createProgram, manPage, shellNames } from '../../../src/cli/index.ts';
import type { CliOptions } from '../../../src/cli/options.ts';
import { examplesOf } from '../../../src/cli/examples.ts';
import { leavesOf, optionsOf } from '../../../src/cli/tree.ts';

const program = createProgram({ version: '1' } as CliOptions);
const man = manPage(program, '1').replaceAll('\\-', '-');
const completions = shellNames.map((shell) => completionOf(shell, program));
const leaves = leavesOf(program);

test('the tree has all commands', () => expect(leaves.length).toBeGreaterThan(30));

test.each(leaves.map((leaf) => [leaf.path, leaf] as const))('%s', (path, { command }) => {
  expect(command.description()).toMatch(/^[a-z].{8,}[^.]$/);
  expect(examplesOf(path).length).toBeGreaterThan(0);
  for (const [line, does] of examplesOf(path)) {
    expect(line).toContain(path);
    expect(does).not.toBe('');
  }
  expect(optionsOf(command).map(({ long }) => long)).toContain('--json');
  expect(man).toContain(path.split(' ').slice(1).join(' '));
  const word = path.split(' ').at(-1) ?? '';
  for (const script of completions) expect(script).toMatch(new RegExp(`(^|[^a-z-])${word}([^a-z-]|$)`, 'm'));
});

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printed } from '../../../build/shell.ts';
import { completionOf, shellNames, type Shell } from '../../../src/cli/index.ts';
import { type AdminBox, startAdminBox } from '../manager/web/admin-box.ts';

const program = printed('1');
let box: AdminBox;
let dir: string;

beforeAll(async () => {
  box = await startAdminBox();
  dir = mkdtempSync(join(tmpdir(), 'databox-shells-'));
  for (const shell of shellNames) writeFileSync(join(dir, shell), completionOf(shell, program));
  const command = join(dir, 'databox');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${process.cwd()}/src/main.ts' "$@"\n`);
  chmodSync(command, 0o755);
  mkdirSync(join(dir, 'home', 'some folder'), { recursive: true });
  writeFileSync(join(dir, 'home', 'a manifest.json'), '');
}, 120_000);
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  await box[Symbol.asyncDispose]();
});

/** Runs a program of a shell's own in a home of its own. @returns what it printed */
function inShell(argv: [string, ...string[]], runDir: string): Promise<string> {
  const [file, ...args] = argv;
  const env = { PATH: `${dir}:${process.env['PATH']}`, HOME: join(dir, 'home'), DATABOX_RUN_DIR: runDir, TERM: 'dumb' };
  const cwd = join(dir, 'home');
  const child = spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 110_000 });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (err += part));
  return new Promise((resolve, reject) =>
    child.once('error', reject).once('close', (code) => {
      // What a shell says on standard error is said between the owner's letters.
      if (code !== 0 || err !== '') reject(new Error(`${file} ended with ${code}: ${err}${out}`));
      else resolve(out);
    }),
  );
}

/** Arguments that make a shell complete lines whose last word is being typed: it prints `==` and its words for each. */
const programs: Record<Shell, (lines: string[]) => [string, ...string[]]> = {
  bash: (lines) => {
    const script = `source '${join(dir, 'bash')}'; for line; do echo ==
      IFS=' ' read -ra COMP_WORDS <<<"$line"; [[ $line == *' ' ]] && COMP_WORDS+=('')
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _databox; printf '%s\\n' "\${COMPREPLY[@]}"; done`;
    return ['bash', '--norc', '-c', script, 'bash', ...lines];
  },
  zsh: (lines) => {
    const script = join(process.cwd(), 'test/unit/cli/shells/capture.zsh');
    return ['zsh', '-f', script, join(dir, 'zsh'), join(dir, `offered-${scratch++}`), ...lines];
  },
  fish: (lines) => {
    const script = `source '${join(dir, 'fish')}'; for line in $argv; echo ==; complete -C $line; end`;
    return ['fish', '--no-config', '-c', script, ...lines];
  },
};
let scratch = 0;

async function complete(shell: Shell, lines: string[], runDir = box.runDir): Promise<string[][]> {
  const out = await inShell(programs[shell](lines), runDir);
  const wordsOf = (part: string) => part.split('\n').flatMap((line) => line.split('\t')[0] || []);
  return out
    .split('==\n')
    .slice(1)
    .map(wordsOf)
    .map((words) => [...new Set(words)].sort());
}

test.each(shellNames)('%s is on this machine', (shell) => {
  expect(spawnSync(shell, ['-c', 'exit 0']).status).toBe(0);
});

describe.each(shellNames)('%s completes', (shell) => {
  test('commands, those of a group, options, choices and folders', async () => {
    const [all, some, group, options, formats, shells, folders, nothing, stopped] = await complete(
      shell,
      [
        ...['databox ', 'databox re', 'databox store ', 'databox store get --', 'databox store get --as '],
        ...['databox completion --json ', 'databox list --run-dir so', 'databox store get driver-x-core-store '],
        ...['databox logs '],
      ],
      '/nonexistent',
    );
    expect(all).toEqual(expect.arrayContaining(['start', 'install', 'store', 'completion']));
    expect(all).not.toContain('complete-names');
    expect(some).toEqual(['repo', 'restart', 'revoke']);
    expect(group).toEqual(expect.arrayContaining(['get', 'ls']));
    expect(group).not.toContain('list');
    expect(options).toEqual(expect.arrayContaining(['--as', '--json', '--run-dir']));
    expect(formats).toEqual(['binary', 'json', 'text']);
    expect(shells).toEqual(['bash', 'fish', 'zsh']);
    expect(folders?.map((word) => word.replace(/\/$/, '').replace('\\ ', ' '))).toEqual(['some folder']);
    // Quietly, while no box runs.
    expect([nothing, stopped]).toEqual([[], []]);
  }, 120_000);
  test('components and stores of the running box, and what it offers', async () => {
    const [components, stores, offers] = await complete(shell, [
      ...['databox export log --limit 5 --component app-', 'databox store get driv', 'databox install app'],
    ]);
    expect(components).toEqual(['app-y']);
    expect(stores).toEqual(['driver-x-core-store']);
    expect(offers).toEqual(['app-x']);
  }, 120_000);
});

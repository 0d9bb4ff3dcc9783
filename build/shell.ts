/** shell — the manual page and the completion scripts, printed from the command line itself: dist/man, dist/completion. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CliOptions, completionOf, createProgram, manPage, type Shell, shellNames } from '../src/cli/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Under the names that the shells look for. */
const names: Record<Shell, string> = { bash: 'databox', zsh: '_databox', fish: 'databox.fish' };

/** The command line to print from: nothing of it is run, so it needs no more than a version. */
export const printed = (version: string) => createProgram({ version } as CliOptions);

/** @returns the files' paths */
export function buildShellFiles(): string[] {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const program = printed(version);
  const files: Record<string, string> = {
    'dist/man/databox.1': manPage(program, version),
    ...Object.fromEntries(shellNames.map((shell) => [`dist/completion/${names[shell]}`, completionOf(shell, program)])),
  };
  return Object.entries(files).map(([path, text]) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o644 });
    return file;
  });
}

if (import.meta.main) for (const file of buildShellFiles()) console.log(file);

/** usage — what was not understood, as a sentence, or as a problem for programs. */
import type { OutputConfiguration } from 'commander';
import { Failure, problem } from '../base/errors.ts';

/** @param argv the words as typed; with `--json` among them a program reads the answer */
export const usageProblems = (argv: () => readonly string[]): OutputConfiguration => ({
  outputError(text, write) {
    const sentence = text
      .trim()
      .replace(/^error: /, '')
      .replaceAll('\n', ' ');
    write(argv().includes('--json') ? `${JSON.stringify(problem(new Failure('usage', sentence)))}\n` : text);
  },
});

import { execa } from 'execa';
import { Failure, type FailureCode } from './errors.ts';

export type RunOptions = {
  signal?: AbortSignal;
  /** Default 60,000. */
  timeoutMs?: number;
  input?: string;
  env?: Record<string, string>;
  /** Failure code when the command does not exit 0; default `command.failed`. */
  code?: FailureCode;
  /** Called with each line of stdout and stderr as it comes; nothing is kept then, so that a command may run for ever. */
  onLine?: (line: string) => void;
};

/**
 * Runs a program with an argument array, never a shell, and returns its standard output (`''` with `onLine`).
 * @throws Failure (`options.code`) on a non-zero exit, a signal, a time-out or a missing program; its message holds the
 *   end of standard error, its details `{ command, exitCode }`
 */
export async function run(file: string, argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { signal, timeoutMs = 60_000, input, env, code = 'command.failed', onLine } = options;
  const child = execa(file, [...argv], {
    reject: false,
    timeout: timeoutMs,
    all: true,
    buffer: onLine === undefined,
    maxBuffer: 64 * 1024 * 1024,
    stripFinalNewline: true,
    ...(signal && { cancelSignal: signal }),
    ...(env && { env }),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  const last: string[] = [];
  if (onLine) for await (const line of child.iterable({ from: 'all' })) onLine(keep(last, line));
  const { failed, stdout = '', stderr = last.join('\n'), shortMessage, exitCode = null } = await child;
  if (!failed) return stdout;
  const command = [file, ...argv].join(' ').slice(0, 200);
  throw new Failure(code, `${file} ${argv[0] ?? ''}: ${said(stderr, shortMessage)}`, { command, exitCode });
}

const said = (stderr: string, otherwise = 'failed'): string => stderr.trim().slice(-2_000) || otherwise;

/** The last lines of a command say why it failed. */
function keep(lines: string[], line: string): string {
  lines.push(line);
  if (lines.length > 10) lines.shift();
  return line;
}

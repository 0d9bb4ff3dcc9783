/** check — one question about this machine, its answer, and the runner that asks them all. */
import { exitCode, Failure, type FailureCode } from '../../base/errors.ts';

export type Finding = {
  result: 'ok' | 'warning' | 'problem';
  /** The fact, as a sentence without its full stop. */
  found: string;
  /** One sentence that says how to mend it; `null` when all is well. */
  advice: string | null;
  /** Of a problem: what a start would fail with. `user.refused`: root has to look. */
  code?: FailureCode;
};
export type Outcome = Finding & { check: string };

export type Check = {
  /** `group.name`. */
  name: string;
  /** Default 10,000. */
  deadlineMs?: number;
  look: (signal: AbortSignal) => Finding | Promise<Finding>;
};

export const ok = (found: string): Finding => ({ result: 'ok', found, advice: null });
export const warning = (found: string, advice: string): Finding => ({ result: 'warning', found, advice });
/** Databox does not start, or cannot keep a promise, until this is mended. */
export const problem = (code: FailureCode, found: string, advice: string): Finding =>
  ({ result: 'problem', found, advice, code }); // prettier-ignore
/** Another check has to be mended first. */
export const notLooked = (why: string): Finding => warning(`not checked: ${why}`, 'Mend that first, then look again.');
export const needsRoot = (what = ''): Finding => ({
  result: 'warning',
  found: `not checked${what && ` (${what})`}: only root may look`,
  advice: 'Look as root: sudo databox doctor.',
  code: 'user.refused',
});

/** Asks everything at once and answers in the order of the checks. A check that throws or hangs is an answer too. */
export const examine = (checks: readonly Check[]): Promise<Outcome[]> =>
  Promise.all(checks.map(async (check) => ({ check: check.name, ...(await answerOf(check)) })));

async function answerOf({ look, deadlineMs = 10_000 }: Check): Promise<Finding> {
  const stop = new AbortController();
  const late = Promise.withResolvers<Finding>();
  const timer = setTimeout(() => {
    late.resolve(problem('command.failed', `no answer within ${deadlineMs / 1_000} s`, 'Look again when the machine is less busy; if it stays so, restart it: sudo reboot.')); // prettier-ignore
    stop.abort();
  }, deadlineMs);
  try {
    return await Promise.race([(async () => look(stop.signal))(), late.promise]);
  } catch (err) {
    return thrown(err);
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

const thrown = (err: unknown): Finding =>
  err instanceof Failure
    ? problem(err.code, err.message, 'Mend what this names, then look again.')
    : problem('internal', `the check itself failed: ${err instanceof Error ? err.message : String(err)}`, 'Report this as a defect of Databox, with the output of databox doctor --json.'); // prettier-ignore

/**
 * Exit codes, the gravest first: what the machine lacks, a service that does not answer, a disk, settings, a moment's
 * hindrance, and a defect of our own, which must not hide what we did find.
 */
const gravest = [71, 69, 74, 78, 75, 77, 70];

/** 0 when nothing is a problem; 77 when nothing is, as far as it could be looked at without root. */
export function exitOf(outcomes: readonly Outcome[]): number {
  const codes = outcomes.flatMap(({ result, code }) => (result === 'problem' ? [exitCode(new Failure(code ?? 'internal', ''))] : [])); // prettier-ignore
  const rank = (code: number) => gravest.findIndex((known) => known === code) >>> 0;
  const [worst] = codes.sort((a, b) => rank(a) - rank(b));
  if (worst !== undefined) return worst;
  return outcomes.some(({ code }) => code === 'user.refused') ? 77 : 0;
}

/** Asks once, however often the answer is wanted. */
export function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}

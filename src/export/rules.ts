/** When an export is tried again, and what its app is told: decisions only. */

/** What became of one attempt to send. */
export type Outcome =
  /** The destination answered; `truncated`: its answer was cut at the limit of bytes or time. */
  | { kind: 'answered'; status: string; body: string; truncated: boolean; address: string }
  /** Not sent, and will not be: it leads inward, or the destination cannot prove who it is. */
  | { kind: 'refused'; reason: string; address?: string }
  /** Not sent: no name, no connection. */
  | { kind: 'unreached'; reason: string; address?: string }
  /** A trusted connection was up, no answer came: it may have arrived. */
  | { kind: 'unknown'; reason: string; address?: string };

export type Verdict =
  { do: 'finish'; status: string; body: string; truncated: boolean } | { do: 'repeat'; due: number };

export type Bounds = {
  /** First pause before another attempt; it doubles each time. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** After submission, an attempt that was not answered is the last one. */
  windowMs: number;
  /** More than fit into the window: a clock that was set back must not keep it open for years. */
  mostAttempts: number;
  /** Times that data may be sent whose arrival stays unknown; only with an idempotency key more than once. */
  mostSends: number;
};
export const bounds: Bounds = {
  firstPauseMs: 1_000,
  longestPauseMs: 600_000,
  windowMs: 6 * 3_600_000,
  mostAttempts: 64,
  mostSends: 5,
};

/** Why an attempt ended that Databox itself did not see the end of. */
export const interrupted = 'Databox stopped while this was being sent; it may have arrived';

/**
 * The retry rule. What never left is tried again, with pauses that double, until the window closes. What may have left
 * is sent again only when the app gave an idempotency key, which goes along so that the destination can tell.
 * @param job  as before this attempt; `attempts` counts it, `sends` does not
 */
export function verdict(
  job: { attempts: number; sends: number; submitted: number; key: string | null },
  outcome: Outcome,
  { now, limits = bounds }: { now: number; limits?: Bounds },
): Verdict {
  if (outcome.kind === 'answered') {
    return { do: 'finish', status: outcome.status, body: outcome.body, truncated: outcome.truncated };
  }
  const open = now - job.submitted < limits.windowMs && job.attempts < limits.mostAttempts;
  const resend = job.key !== null && job.sends + 1 < limits.mostSends;
  if (open && (outcome.kind === 'unreached' || (outcome.kind === 'unknown' && resend))) {
    const pauseMs = Math.min(limits.longestPauseMs, limits.firstPauseMs * 2 ** Math.min(30, job.attempts - 1));
    return { do: 'repeat', due: now + pauseMs };
  }
  const status = outcome.kind === 'refused' ? '502 Bad Gateway' : '504 Gateway Timeout';
  return { do: 'finish', status, body: outcome.reason, truncated: false };
}

/** What went wrong, as the box says it (docs/errors.md) or as this library found it. */
export class DataboxError extends Error {
  /** The box's code, for example `permission.refused`, or one of this library's own (docs/client.md), for example `unreachable`. */
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The sentence of the box. */
  readonly title: string;
  /** For `rate.exceeded`: when to try again. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: string,
    title: string,
    {
      status = 0,
      retryAfterSeconds,
      cause,
    }: { status?: number; retryAfterSeconds?: number | undefined; cause?: unknown } = {},
  ) {
    super(`${title} (${code})`, { cause });
    this.name = 'DataboxError';
    this.code = code;
    this.status = status;
    this.title = title;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The error of an answer that is not 2xx: a problem+json body of the box, or whatever else it was. */
export function errorOf(status: number, body: string): DataboxError {
  let problem: Record<string, unknown> = {};
  try {
    problem = (JSON.parse(body) ?? {}) as Record<string, unknown>;
  } catch {
    // Not the box's own answer: the status alone says what there is to say.
  }
  const { code, title, retryAfterSeconds } = problem;
  return new DataboxError(
    typeof code === 'string' ? code : 'answer.invalid',
    typeof title === 'string' ? title : `the box answered with status ${status}`,
    { status, retryAfterSeconds: typeof retryAfterSeconds === 'number' ? retryAfterSeconds : undefined },
  );
}

/** Whether the same request may succeed later: no answer, a store or service that is starting, too many requests. */
export function isPassing(err: unknown): boolean {
  if (!(err instanceof DataboxError)) return false;
  return ['unreachable', 'store.unknown'].includes(err.code) || [429, 502, 503, 504].includes(err.status);
}

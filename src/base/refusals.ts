/** refusals — which failures mean that somebody had no right, and how a door puts them on record before it answers. */
import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { Failure, type FailureCode } from './errors.ts';
import { callerOf } from './http.ts';
import type { Ip } from './ipv4.ts';

export type Refusal = {
  caller: Ip;
  /** Whoever proved who it is; else whose address it is says who. */
  component?: string;
  /** The store or service that refused. */
  target: string;
  method: string;
  /** As it was sent. */
  path: string;
  failure: Failure;
};

/** Resolves when it is on record, or given up: a refusal is answered all the same. */
export type OnRefused = (refusal: Refusal) => Promise<void>;

const codes: ReadonlySet<FailureCode> = new Set([
  ...(['token.missing', 'token.invalid', 'token.forbidden', 'key.invalid', 'permission.refused'] as const),
  // Spelled so that two readers could read it differently: that hides what is asked for.
  ...(['path.invalid', 'export.refused'] as const),
]);
export const isRefusal = (err: unknown): err is Failure => err instanceof Failure && codes.has(err.code);

export function refusalOf(req: IncomingMessage, target: string, failure: Failure): Refusal {
  const { component } = failure.details;
  const known = typeof component === 'string' && { component };
  return { caller: callerOf(req), ...known, target, method: req.method ?? '', path: req.url ?? '', failure };
}

/** Express' last but one middleware. A component that proved who it is stands in `res.locals`. */
export const recorded =
  (target: string, onRefused: OnRefused | undefined) =>
  // Express knows an error handler by its four parameters.
  // eslint-disable-next-line max-params
  async (err: unknown, req: Request, res: Response, next: NextFunction): Promise<void> => {
    if (onRefused && isRefusal(err)) {
      const { component } = res.locals as { component?: string };
      await onRefused({ ...refusalOf(req, target, err), ...(component !== undefined && { component }) });
    }
    next(err);
  };

import type { NextFunction, Request, Response } from 'express';
import type { ServerResponse } from 'node:http';
import { Failure } from '../../base/errors.ts';
import { problems } from '../../base/http.ts';
import type { Log } from '../../base/log.ts';

/** The original's success, to the byte: its clients compare the text. */
export function succeed(res: ServerResponse): void {
  const text = '{"status": 200}';
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
}

export function sendText(res: ServerResponse, type: string, body: string | Buffer): void {
  res.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** An HTML page for a person. */
export function sendPage(res: ServerResponse, status: number, page: string): void {
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(page) });
  res.end(page);
}

/** Express' last middleware for the original's paths: a problem that also has the member `error` of its clients. */
export const originalProblems = (log: Log) => {
  const send = problems(log);
  // eslint-disable-next-line max-params
  return (err: unknown, req: Request, res: Response, next: NextFunction): void => {
    const known = err instanceof Failure;
    send(known ? new Failure(err.code, err.message, { ...err.details, error: err.message }) : err, req, res, next);
  };
};

export const noSuchPath = (req: Request): never => {
  throw new Failure('path.unknown', `there is no ${req.method} ${req.baseUrl}${req.path}`);
};

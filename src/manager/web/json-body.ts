import type { IncomingMessage } from 'node:http';
import { parseJson, readBody } from '../../base/http.ts';

const bodyLimitBytes = 512 * 1024;

/** The JSON of a body, whatever content type a script gave it. @throws Failure `body.invalid`, `body.too-large` */
export const jsonOf = async (req: IncomingMessage): Promise<unknown> =>
  parseJson((await readBody(req, bodyLimitBytes)).toString('utf8'));

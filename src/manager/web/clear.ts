import { X509Certificate } from 'node:crypto';
import type { Config } from '../../base/config.ts';
import { Failure } from '../../base/errors.ts';
import { sendProblem } from '../../base/http.ts';
import type { Handler } from '../../base/listen.ts';
import type { OwnerAuthority } from '../face.ts';
import { checkHost } from './origin.ts';
import { clearPage } from './pages.ts';
import { requestPath } from './paths.ts';
import { sendPage, sendText } from './reply.ts';

/** Port 80: the box's certificate, so that a device can come to trust it, and the way to https. */
export const clearHandler =
  (o: { config: Config; authority: OwnerAuthority; httpsPort: number }): Handler =>
  (req, res) => {
    try {
      checkHost(req, o.config['owner.host-name']);
      if (req.method !== 'GET' && req.method !== 'HEAD') throw new Failure('method.refused', 'only GET is served here');
      res.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
      res.setHeader('x-content-type-options', 'nosniff');
      const { raw } = requestPath(req.url ?? '');
      if (sendCertificate(res, raw.slice(1), o.authority)) return;
      if (raw !== '/') throw new Failure('path.unknown', 'only the certificate is served without https');
      const name = (req.headers.host ?? '').replace(/:\d+$/, '');
      sendPage(res, 200, clearPage(`https://${name}${o.httpsPort === 443 ? '' : `:${o.httpsPort}`}/`));
    } catch (err) {
      sendProblem(res, err);
    }
  };

/** Sends `cert.pem` or `cert.der`, the authority that browsers and phones are to trust. Returns whether it was one. */
export function sendCertificate(res: Parameters<Handler>[1], file: string, { ownerRootPem }: OwnerAuthority): boolean {
  if (file === 'cert.pem') sendText(res, 'application/x-pem-file', ownerRootPem);
  else if (file === 'cert.der') sendText(res, 'application/x-x509-ca-cert', new X509Certificate(ownerRootPem).raw);
  else return false;
  return true;
}

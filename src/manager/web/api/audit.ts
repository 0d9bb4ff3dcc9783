/** The ledger's two calls, as both of the owner's doors have them. */
import { z } from 'zod';
import { jsonOf, type Call } from '../../../base/api.ts';
import { AccessShape, EntryShape, VerdictShape } from '../../../ledger/index.ts';
import { AuditQuery } from '../audit-calls.ts';

const Audit = z
  .strictObject({
    accesses: z.array(AccessShape.meta({ id: 'Access', description: 'see audit.md' })),
    entries: z.array(EntryShape.meta({ id: 'AuditEntry', description: 'see audit.md' })),
  })
  .meta({ id: 'Audit' });

export const auditCall: Call = {
  ...{ summary: 'Who used which datasource; what was done, refused and permitted, newest first', query: AuditQuery.in },
  answers: { 200: { what: 'uses, as sums or with `each=1` as they are kept, and entries', content: jsonOf(Audit) } },
  problems: ['body.invalid', 'ledger.unavailable', 'database.damaged'],
};
export const verifyCall: Call = {
  summary: 'Whether every entry is there and as it was written',
  answers: {
    200: {
      what: 'what was found; `broken` names the first broken entry of each chain',
      content: jsonOf(VerdictShape.meta({ id: 'Verdict' })),
    },
  },
  problems: ['ledger.unavailable'],
};

/**
 * zest — what the original's protocol costs: reads beside a bare echo over the same sockets, durable writes beside the
 * same store's REST, and how soon an author's desk serves both, beside a bare Node.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram, type Program } from '../abuse/rig/process.ts';
import { pair } from '../unit/store/harness.ts';
import { frameOf } from '../unit/zest/raw.ts';
import { perSecond, ratio, type Result } from './result.ts';
import { rate } from './store/load.ts';
import { series } from './store/names.ts';
import { type Box, startBox, type Zest } from './store/servers.ts';
import { openLines, type Place } from './zest/lines.ts';
import { measureStart } from './zest/start.ts';
import { compare, measureWrites } from './zest/writes.ts';

const roundMs = 1_500;
const clients = 16;
const content = 69;

export async function measure(): Promise<Result[]> {
  const dir = mkdtempSync(join(tmpdir(), 'databox-bench-'));
  try {
    await using box = await startBox({ dir: join(dir, 'box'), tls: await pair(), how: ['zest'] });
    if (!box.zest) throw new Error('the box has no Zest door');
    // In this order: what is read was written.
    return [
      ...(await measureWrites(box, box.zest, dir)),
      ...(await measureReads(box, box.zest)),
      ...(await measureStart(dir)),
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function measureReads({ tokens }: Box, zest: Zest): Promise<Result[]> {
  await using program = startProgram([process.execPath, join(import.meta.dirname, 'zest/echo.ts')]);
  using box = openLines(zest.box, clients, content);
  using desk = openLines(zest.desk, clients, content);
  using bare = openLines(await placeOf(program), clients);
  const frame = frameOf(`GET /ts/${series}/latest`, { token: tokens.GET });
  const asking = (lines: typeof bare) => () => rate(lines.all, () => frame, roundMs);
  const seen = await compare({ box: asking(box), desk: asking(desk), echo: asking(bare) });
  const against = (name: string, rate: number): Result =>
    ratio(`${name} ÷ a bare echo over the same sockets`, rate / seen.echo, {
      ...{ goal: 0.5, better: 'higher', figures: perSecond(seen) },
    });
  return [
    against(`\`latest\` over Zest in a box, ${clients} clients`, seen.box),
    against("the same at an author's desk", seen.desk),
  ];
}

const placeOf = async (program: Program): Promise<Place> =>
  JSON.parse(await program.line((line) => line.startsWith('{'))) as Place;
